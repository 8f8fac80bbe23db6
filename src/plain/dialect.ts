import { Type } from 'typebox'
import type { Content } from '../http/answers.ts'
import { digestOf } from '../http/content-digest.ts'
import { anyCredential, failures, notModified } from '../http/described.ts'
import type { Dialect } from '../http/dialect.ts'
import { plainText } from '../http/errors.ts'
import type { Catalog, CatalogFeed } from '../kernel/records.ts'

const mediaType = 'text/plain; charset=utf-8'
const schema = Type.String({ description: 'Collection id, a tab and the title, on each line' })
const content = { [mediaType]: { schema } }

/** The feeds of a key as lines of text, for shell scripts. */
export const plainDialect = ({ list }: Pick<Catalog, 'list'>): Dialect => ({
  name: 'plain',
  errorForm: plainText,
  representation: 'plain',
  continues: () => false,
  mounts: [
    {
      prefix: '/plain',
      paths: [
        {
          url: '/feeds',
          operations: {
            GET: {
              described: {
                operationId: 'plainFeeds',
                summary: 'The feeds of the key, as lines',
                tags: ['Plain text'],
                security: anyCredential,
                response: {
                  '200': { description: 'The feeds', content },
                  ...notModified,
                  ...failures(content)
                }
              },
              handle: async (_request, caller) => toContent(await list(caller))
            }
          }
        }
      ]
    }
  ]
})

function toContent(feeds: readonly CatalogFeed[]): Content {
  const bytes = Buffer.from(feeds.map(toLine).join(''))
  return { mediaType, headers: {}, digest: digestOf([bytes]), body: () => [bytes] }
}

/** A title may hold anything: what would begin another line or column is a space. */
const toLine = ({ collectionId, title }: CatalogFeed): string =>
  `${collectionId}\t${title.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')}\n`
