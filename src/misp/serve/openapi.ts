import { type TSchema, Type } from 'typebox'
import {
  anyCredential,
  type Described,
  type DescribedAnswer,
  failures,
  notModified
} from '../../http/described.ts'

/** MISP feeds as the OpenAPI document has them. */

const error = { 'text/plain': { schema: Type.String({ description: 'One line' }) } }

const json = (description: string, schema: TSchema): DescribedAnswer => ({
  description,
  content: { 'application/json': { schema } },
  headers: {
    'X-Cache': Type.String({ description: '`hit`, `miss` or `stale`' }),
    Age: Type.Integer({ description: 'Seconds since it was up to date' })
  }
})

const list = Type.Object(
  {
    feeds: Type.Array(
      Type.Object(
        {
          id: Type.String({ description: 'Id of the collection' }),
          title: Type.String(),
          url: Type.String({ description: 'What a MISP is configured with' }),
          status: Type.String({ description: 'How far its building is' })
        },
        { additionalProperties: true, description: 'With its coverage, see docs/misp.md' }
      )
    )
  },
  { $id: 'MispFeeds', description: 'The feeds of the key' }
)

const anything = Type.Object({}, { additionalProperties: true })

/** A feed has a manifest, hashes, and a file for each event. */
const files = json('A manifest, or an event with its attributes', anything)
const file: DescribedAnswer = {
  ...files,
  content: { ...files.content, 'text/csv': { schema: Type.String() } }
}

const fileName = Type.String({
  description: '`manifest.json`, `hashes.csv`, or an event `{uuid}.json`'
})

const describe = (
  operationId: string,
  summary: string,
  answer: DescribedAnswer,
  params?: Described['params']
): Described => ({
  operationId,
  summary,
  tags: ['MISP feeds'],
  security: anyCredential,
  ...(params && { params }),
  response: { '200': answer, ...notModified, ...failures(error, ['not-found', 'unwalkable']) }
})

export const described = {
  list: describe('mispFeeds', 'The feeds of the key', json('The feeds', list)),
  defaultFile: describe(
    'mispDefaultFile',
    'A file of the default feed',
    file,
    Type.Object({ file: fileName })
  ),
  file: describe(
    'mispFile',
    'A file of a feed',
    file,
    Type.Object({
      feed: Type.String({ description: 'Id of the feed, or of its collection' }),
      file: fileName
    })
  )
} as const
