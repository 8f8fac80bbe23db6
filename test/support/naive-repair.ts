import { isTimestamp, toInstant, toMillis } from '../../src/stix/timestamp.ts'

/** The repair rules once more, slow and plain on parsed JSON: what the byte editor is compared with. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** Of the types that the tests make: what must be there, and which members are times. */
const rules: Record<string, { required: string[]; times: string[] }> = {
  indicator: {
    required: ['created', 'modified', 'pattern', 'pattern_type', 'valid_from'],
    times: ['valid_from', 'valid_until']
  },
  report: {
    required: ['created', 'modified', 'name', 'published', 'object_refs'],
    times: ['published']
  },
  relationship: {
    required: ['created', 'modified', 'relationship_type', 'source_ref', 'target_ref'],
    times: ['start_time', 'stop_time']
  },
  malware: {
    required: ['created', 'modified', 'is_family', 'name'],
    times: ['first_seen', 'last_seen']
  },
  'observed-data': {
    required: [
      'created',
      'modified',
      'first_observed',
      'last_observed',
      'number_observed',
      'object_refs'
    ],
    times: ['first_observed', 'last_observed']
  },
  'ipv4-addr': { required: ['value'], times: [] }
}
const unknown = { required: ['created', 'modified'], times: [] }

const inLists: Record<string, string[]> = {
  external_references: ['source_name'],
  kill_chain_phases: ['kill_chain_name', 'phase_name'],
  granular_markings: ['selectors']
}

export function naiveRepair(object: JsonObject): JsonObject {
  const { required, times } = rules[String(object['type'])] ?? unknown
  const isKept = (key: string) => required.includes(key) || key === 'spec_version'
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(object)) {
    const pruned = inLists[key] ? pruneList(value, inLists[key]) : prune(value)
    if (stays(pruned)) result[key] = pruned
    else if (isKept(key)) result[key] = value
  }
  for (const name of times) fixOrRemove(result, name, required.includes(name))
  fixVersionTimes(result, times.includes('valid_from'))
  if (typeof result['spec_version'] !== 'string' || result['spec_version'] === '')
    result['spec_version'] = '2.1'
  return result
}

/** A list of objects that need some of their members. */
function pruneList(value: Json, required: readonly string[]): Json {
  if (!Array.isArray(value)) return prune(value)
  return value
    .map(element => {
      if (element === null || typeof element !== 'object' || Array.isArray(element))
        return prune(element)
      const members = Object.entries(element).flatMap(([key, member]) => {
        const pruned = prune(member)
        if (stays(pruned)) return [[key, pruned]]
        return required.includes(key) ? [[key, member]] : []
      })
      return Object.fromEntries(members) as JsonObject
    })
    .filter(stays)
}

function prune(value: Json): Json {
  if (Array.isArray(value)) return value.map(prune).filter(stays)
  if (value === null || typeof value !== 'object') return value
  const members = Object.entries(value).map(([key, member]) => [key, prune(member)] as const)
  return Object.fromEntries(members.filter(([, member]) => stays(member)))
}

const stays = (value: Json) =>
  value !== null && (typeof value !== 'object' || Object.keys(value).length > 0)

function fixOrRemove(object: JsonObject, name: string, isRequired: boolean): void {
  if (!(name in object)) return
  const fixed = fix(object[name]!, 0)
  if (fixed !== undefined) object[name] = fixed
  else if (!isRequired) delete object[name]
}

function fixVersionTimes(object: JsonObject, hasStart: boolean): void {
  const created = fix(object['created'] ?? null, 3)
  const modified = fix(object['modified'] ?? null, 3)
  const substitute = created ?? modified
  if ('created' in object) object['created'] = created ?? substitute ?? object['created']!
  if ('modified' in object) object['modified'] = modified ?? substitute ?? object['modified']!
  if (!hasStart || !('valid_from' in object)) return
  const until = object['valid_until']
  const fits = substitute && (!until || toInstant(substitute)! < toInstant(String(until))!)
  object['valid_from'] =
    fix(object['valid_from']!, 0) ?? (fits ? substitute : object['valid_from']!)
}

function fix(value: Json, digits: number): string | undefined {
  if (typeof value !== 'string' || !isTimestamp(value)) return undefined
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? ''
  const utc = new Date(toMillis(value)!).toISOString().slice(0, 19)
  const padded = fraction.padEnd(digits, '0')
  return `${utc}${padded === '' ? '' : `.${padded}`}Z`
}
