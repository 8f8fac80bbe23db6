import { type TProperties, type TSchema, Type } from 'typebox'
import type { MediaTypes } from '../http/described.ts'
import {
  bundle,
  feed,
  file,
  id,
  ids,
  items,
  json,
  lines,
  listed,
  object,
  one,
  page,
  text,
  value,
  walk,
  window
} from './openapi-schemas.ts'

/** What an operation answers, by status; `note` follows its summary. */
export interface Row {
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

/** By method and path, as `src/native/dialect.ts` has them. */
export const rows: Readonly<Record<string, Row>> = {
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
