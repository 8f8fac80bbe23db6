import { toDay, toInstant, toMillis } from './timestamp.ts'

/** A parsed STIX object; only these two members are checked. */
export interface StixObject {
  readonly id: string
  readonly type: string
  readonly [member: string]: unknown
}

/** The text of a member; '' when it is anything else. */
export const textOf = (object: StixObject, member: string): string => {
  const text = object[member]
  return typeof text === 'string' ? text : ''
}

/** The strings of a list member; none when it is anything else. */
export function listOf(object: StixObject, member: string): readonly string[] {
  const list = object[member]
  if (!Array.isArray(list)) return none
  return list.every(isString) ? list : list.filter(isString)
}

const none: readonly never[] = []
const isString = (item: unknown): item is string => typeof item === 'string'

/** The strings of a list member, and of one that is a string by itself. */
function textsOf(object: StixObject, member: string): readonly string[] {
  const text = textOf(object, member)
  return text === '' ? listOf(object, member) : [text]
}

/** The objects of a list member, such as kill chain phases; none when it is anything else. */
export function objectsOf(object: StixObject, member: string): readonly StixObject[] {
  const list = object[member]
  if (!Array.isArray(list)) return none
  return list.every(isObject) ? list : list.filter(isObject)
}

const isObject = (item: unknown): item is StixObject => typeof item === 'object' && item !== null

/** The time of a member, ms since the epoch; undefined when there is none. */
export function timeOf(object: StixObject, member: string): number | undefined {
  const text = object[member]
  return typeof text === 'string' ? toMillis(text) : undefined
}

/** Revoked, or deprecated, which Sekoia says in its own member. */
export const isRevoked = (object: StixObject): boolean =>
  object['revoked'] === true || object['x_ic_deprecated'] === true

/** The UTC day of `created`, which never changes, as `YYYY-MM-DD`; `modified` stands in where it is missing. */
export const dayOf = (object: StixObject): string =>
  toDay(timeOf(object, 'created') ?? timeOf(object, 'modified') ?? 0)

/** A text that sorts after that of every earlier version; '' if the object has no time. */
export function versionOf(object: StixObject): string {
  const text = object['modified'] ?? object['created']
  const instant = typeof text === 'string' ? toInstant(text) : undefined
  return instant?.padStart(21, '0') ?? ''
}

/** The ids of its markings, those of single members included. */
export function markingRefsOf(object: StixObject): readonly string[] {
  const refs = textsOf(object, 'object_marking_refs')
  if (object['granular_markings'] === undefined) return refs
  const ofMembers = objectsOf(object, 'granular_markings').map(one => textOf(one, 'marking_ref'))
  return [...refs, ...ofMembers.filter(id => id !== '')]
}
