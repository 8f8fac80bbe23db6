import { createHash } from 'node:crypto'
import { normalQuery, rawQuery } from './raw-query.ts'

/** Names of kept answers. Whatever clients or Sekoia wrote is in them as a digest alone. */

const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 32)

/** An object by id; `kind` is the endpoint asked, which answers for its own kind only. */
export const objectName = (kind: string, id: string): string => `${kind}:${digest(id)}`

/** What belongs to an object, by the query asked with. */
export const relatedName = (endpoint: string, id: string, query = ''): string =>
  `${endpoint}:${digest(id)}:${query === '' ? '' : digest(normalQuery(query))}`

/** A look-up of a value: `value` and `type` alone decide, as other parameters are not known to Sekoia. */
export const valueName = (endpoint: string, value: string, type: string): string =>
  `${endpoint}:${digest(value, type)}`

/** Any other question. */
export function targetName(endpoint: string, target: string, body = ''): string {
  const path = target.replace(/\?.*$/s, '').replace(/\/+$/, '')
  return `${endpoint}:${digest(path, normalQuery(rawQuery(target)), body)}`
}

/** All names under which something of an object is kept, but for look-ups of its value. */
export const namesOfObject = (id: string): string[] => [
  objectName('objects', id),
  objectName('relationships', id),
  relatedName('related', id),
  relatedName('context', id)
]

const literal = /'((?:[^'\\]|\\.)*)'/g

/** Names of look-ups that an indicator with this pattern is, or will be, an answer to. */
export function namesOfPattern(pattern: string, types: readonly string[]): string[] {
  const own = [...pattern.matchAll(/([a-z0-9-]+):/g)].map(([, type]) => type!)
  const values = [...pattern.matchAll(literal)].map(([, text]) => text!.replace(/\\(.)/g, '$1'))
  return [...new Set(values)].flatMap(value =>
    [...new Set([...types, ...own])].flatMap(type => [
      valueName('indicators', value, type),
      valueName('value-context', value, type)
    ])
  )
}
