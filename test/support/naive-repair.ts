import { isTimestamp, toMillis } from '../../src/stix/timestamp.ts'

/** The repair rules once more, slow and plain on parsed JSON: what the byte editor is compared with. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

const optionalTimes = [
  'valid_until',
  'first_seen',
  'last_seen',
  'start_time',
  'stop_time',
  'published',
  'first_observed',
  'last_observed'
]

export function naiveRepair(object: JsonObject): JsonObject {
  const result = prune(object) as JsonObject
  for (const name of optionalTimes) fixOrRemove(result, name)
  fixVersionTimes(result)
  if ('spec_version' in result) {
    if (typeof result['spec_version'] !== 'string' || result['spec_version'] === '') {
      result['spec_version'] = '2.1'
    }
  } else if (typeof result['created'] === 'string' || typeof result['modified'] === 'string') {
    result['spec_version'] = '2.1'
  }
  return result
}

function prune(value: Json): Json {
  if (Array.isArray(value)) return value.map(prune).filter(stays)
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).map(([key, member]) => [key, prune(member)] as const)
  return Object.fromEntries(members.filter(([, member]) => stays(member)))
}

const stays = (value: Json) =>
  value !== null && (typeof value !== 'object' || Object.keys(value).length > 0)

function fixOrRemove(object: JsonObject, name: string): void {
  if (!(name in object)) return
  const fixed = fix(object[name]!, 0)
  if (fixed === undefined) delete object[name]
  else object[name] = fixed
}

function fixVersionTimes(object: JsonObject): void {
  const created = fix(object['created'] ?? null, 3)
  const modified = fix(object['modified'] ?? null, 3)
  const substitute = created ?? modified
  if ('created' in object) object['created'] = created ?? substitute ?? object['created']!
  if ('modified' in object) object['modified'] = modified ?? substitute ?? object['modified']!
  if (!('valid_from' in object)) return
  object['valid_from'] = fix(object['valid_from']!, 0) ?? substitute ?? object['valid_from']!
}

function fix(value: Json, digits: number): string | undefined {
  if (typeof value !== 'string' || !isTimestamp(value)) return undefined
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? ''
  const utc = new Date(toMillis(value)!).toISOString().slice(0, 19)
  const padded = fraction.padEnd(digits, '0')
  return `${utc}${padded === '' ? '' : `.${padded}`}Z`
}
