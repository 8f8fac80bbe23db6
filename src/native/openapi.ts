import { Type } from 'typebox'
import {
  anyCredential,
  type Described,
  type DescribedAnswer,
  failures,
  notModified
} from '../http/described.ts'
import type { Method, Path } from '../http/dialect.ts'
import { type Row, rows } from './openapi-rows.ts'
import { error, json } from './openapi-schemas.ts'

/**
 * Sekoia's own API as the OpenAPI document has it. What the gateway makes itself is told member by member; what is
 * passed on is Sekoia's to change, and told in outline.
 */

function toDescribed({ id, summary, answer, status = 200, params, query, body }: Row): Described {
  const success: DescribedAnswer =
    status === 204
      ? { description: 'Done', type: 'null' }
      : {
          description: 'As Sekoia answers',
          content: answer,
          headers: { 'X-Cache': Type.String({ description: '`hit`, `miss`, `stale` or `pass`' }) }
        }
  return {
    operationId: id,
    summary,
    tags: ['Sekoia API'],
    security: anyCredential,
    servers: [{ url: '' }, { url: '/api' }, { url: '/api/api' }],
    ...(params && { params: Type.Object(params) }),
    ...(query && { querystring: Type.Object(query) }),
    ...(body && { body: { content: json(body) } }),
    response: {
      [status]: success,
      ...(status === 200 && notModified),
      '4XX': { description: "Sekoia's no, or the gateway's", content: json(error) },
      ...Object.fromEntries(
        Object.entries(failures(json(error))).filter(([code]) => Number(code) >= 500)
      )
    }
  }
}

/** The paths with their descriptions. */
export const describedPaths = (paths: readonly Path[]): Path[] =>
  paths.map(({ url, operations }) => ({
    url,
    operations: Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => {
        const row = rows[`${method as Method} ${url}`]
        return [method, { ...operation, described: row && toDescribed(row) }]
      })
    )
  }))
