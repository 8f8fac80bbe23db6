import { type TProperties, type TSchema, Type } from 'typebox'
import {
  anyCredential,
  type Described,
  type DescribedAnswer,
  failures,
  type MediaTypes,
  notModified,
  stixObject
} from '../http/described.ts'
import type { Method, Path } from '../http/dialect.ts'

/**
 * Sekoia's own API as the OpenAPI document has it. What the gateway makes itself is told member by member; what is
 * passed on is Sekoia's to change, and told in outline.
 */

const text = (description: string) => Type.Optional(Type.String({ description }))
const integer = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
const anything = { additionalProperties: true } as const
const object = (properties: TProperties = {}) => Type.Object(properties, anything)
const json = (schema: TSchema): MediaTypes => ({ 'application/json': { schema } })

/** As Sekoia writes them; its own may have other members. */
const error = Type.Object(
  {
    message: text('What went wrong'),
    code: text('`T300` for a key that is not accepted, `GATEWAY…` for what the gateway says'),
    errorId: text('Of the gateway: under which its log has more')
  },
  { $id: 'SekoiaError', description: 'An error in the form of Sekoia', ...anything }
)

const items = (item: TSchema = object(), more: TProperties = {}) =>
  object({ items: Type.Array(item), ...more })

const page = items(stixObject, {
  next_cursor: Type.Optional(
    Type.Union([Type.String(), Type.Null()], { description: '`cursor` of the next request' })
  )
})
const listed = items(object(), { total: integer('All of them'), has_more: flag('There are more') })
const bundle = object({ objects: Type.Array(object()) })
const one = object({ data: object() })
const lines: MediaTypes = { 'text/plain': { schema: Type.String() }, ...json(Type.Unknown()) }
const file: MediaTypes = { '*/*': { schema: Type.Unknown() } }

const id = { id: Type.String({ description: 'STIX id' }) }
const feed = { feed: Type.String({ description: 'Id of the feed' }) }
const ids = { ids: Type.String({ description: 'STIX ids, with commas between them' }) }
const window = { limit: integer('Most items'), offset: integer('How many are left out before') }
const value = {
  value: text('What is looked up'),
  type: text('Its type, such as `domain-name` or `ipv4-addr`')
}
const walk = {
  limit: integer('Most objects; at most 2,000 come'),
  cursor: text('`next_cursor` of the last page, or the base64 of a time'),
  modified_after: text('A time to begin after'),
  'match[type]': text('STIX types, with commas between them'),
  include_revoked: flag('Revoked objects too'),
  skip_expired: flag('Without expired objects')
}

/** What an operation answers, by status; `note` follows its summary. */
interface Row {
  readonly id: string
  readonly summary: string
  readonly answer: MediaTypes
  readonly status?: 200 | 201 | 204
  readonly params?: TProperties
  readonly query?: TProperties
  readonly body?: TSchema
}

const key = (id: string, summary: string): Row => ({ id, summary, answer: json(object()) })
const term = object({ term: text('What is looked for') })
const newFeed = object({ data: object({ title: text('Of the feed') }) })

const rows: Readonly<Record<string, Row>> = {
  'GET /collections/:feed/objects': {
    id: 'feedObjects',
    summary: 'A page of a feed',
    answer: {
      ...json(page),
      'text/csv': { schema: Type.String() },
      'text/plain': { schema: Type.String() }
    },
    params: feed,
    query: { ...walk, format: text('`json`, `csv`, `text` or `custom`') }
  },
  'GET /feeds': {
    id: 'feeds',
    summary: 'Feeds of the key',
    answer: json(items()),
    query: { ...window, term: text('In their titles') }
  },
  'POST /feeds': {
    id: 'createFeed',
    summary: 'Makes a feed',
    answer: json(one),
    status: 201,
    body: newFeed
  },
  'GET /feeds/:feed': { id: 'feed', summary: 'One feed', answer: json(one), params: feed },
  'PUT /feeds/:feed': {
    id: 'changeFeed',
    summary: 'Changes a feed',
    answer: json(one),
    params: feed,
    body: newFeed
  },
  'DELETE /feeds/:feed': {
    id: 'deleteFeed',
    summary: 'Removes a feed',
    answer: {},
    status: 204,
    params: feed
  },
  'GET /objects/*': {
    id: 'objectsById',
    summary: 'Objects by their ids: `data` for one, `items` for several',
    answer: json(
      object({ data: Type.Optional(object()), items: Type.Optional(Type.Array(object())) })
    ),
    params: ids
  },
  'GET /relationships/*': {
    id: 'relationshipsById',
    summary: 'Relationships by their ids: `data` for one, `items` for several',
    answer: json(
      object({ data: Type.Optional(object()), items: Type.Optional(Type.Array(object())) })
    ),
    params: ids
  },
  'GET /objects/:id/relationships': {
    id: 'relationshipsOfObject',
    summary: 'Relationships of an object, with the other ends',
    answer: json(listed),
    params: id,
    query: {
      ...window,
      'match[type]': text('Of relationships'),
      'match[target_types]': text('Of other ends')
    }
  },
  'GET /objects/:id/context': {
    id: 'context',
    summary: 'An object and what belongs to it',
    answer: json(bundle),
    params: id
  },
  'GET /objects/:id/files/:sha256': {
    id: 'fileOfObject',
    summary: 'A file of an object',
    answer: file,
    params: { ...id, sha256: Type.String({ description: 'SHA-256 of the file, in hex' }) }
  },
  'GET /objects/:id/sources': {
    id: 'sourcesOfObject',
    summary: 'Sources of an object',
    answer: json(items()),
    params: id,
    query: window
  },
  'GET /objects': {
    id: 'objects',
    summary: 'Objects, listed',
    answer: json(items()),
    query: { ...window, 'match[id]': text('STIX ids'), 'match[type]': text('STIX types') }
  },
  'POST /objects/search': {
    id: 'searchObjects',
    summary: 'Objects by a text',
    answer: json(items()),
    query: window,
    body: term
  },
  'GET /indicators': {
    id: 'indicators',
    summary: 'Indicators of a value',
    answer: json(listed),
    query: { ...value, ...window }
  },
  'GET /indicators/context': {
    id: 'indicatorContext',
    summary: 'Indicators of a value with what belongs to them',
    answer: json(listed),
    query: value
  },
  'POST /indicators/indicates-relationships': {
    id: 'indicates',
    summary: 'What indicators indicate',
    answer: json(object()),
    body: object({ ids: Type.Array(Type.String()) })
  },
  'GET /observables': {
    id: 'observables',
    summary: 'Observables of a value',
    answer: json(listed),
    query: { ...window, 'match[value]': text('Value'), 'match[type]': text('Type') }
  },
  'POST /observables/search': {
    id: 'searchObservables',
    summary: 'Observables by a value',
    answer: json(listed),
    query: window,
    body: term
  },
  'GET /collections/relationships': {
    id: 'relationshipsPage',
    summary: 'A page of relationships of objects',
    answer: json(items()),
    query: { 'match[id]': text('STIX ids'), limit: walk.limit, cursor: walk.cursor }
  },
  'GET /collections/observables': {
    id: 'observablesPage',
    summary: 'A page of observables',
    answer: json(items()),
    query: { limit: walk.limit, cursor: walk.cursor }
  },
  'GET /collections/:feed/patterns': {
    id: 'feedPatterns',
    summary: 'A page of the patterns of a feed',
    answer: json(items()),
    params: feed,
    query: { limit: walk.limit, cursor: walk.cursor }
  },
  'GET /sources': { id: 'sources', summary: 'Sources', answer: json(items()), query: window },
  'GET /bundles/:hash': {
    id: 'bundleByHash',
    summary: 'A file by its hash',
    answer: file,
    params: { hash: Type.String({ description: 'SHA-256 of the file, in hex' }) }
  },
  'GET /auth/validate': key('validateKey', 'Checks the key'),
  'GET /apiauth/auth/validate': key('validateApiKey', 'Checks the key'),
  'GET /me': key('me', 'Whose key it is'),
  'GET /edl-gateway/:type': {
    id: 'blockList',
    summary: 'A block list: one value a line',
    answer: lines,
    params: { type: Type.String({ description: 'Such as `ipv4` or `domain-name`' }) }
  },
  ...Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map(method => [
      `${method} /*`,
      {
        id: `other${method}`,
        summary: 'Any other path, passed on',
        answer: file,
        params: { path: Type.String({ description: 'The rest of the path' }) }
      }
    ])
  )
}

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
