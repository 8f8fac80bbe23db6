import { normalise, type ValueTypeName, valueTypes } from './attribute-types.ts'
import type { Equality } from './equalities.ts'
import type { FallbackReason } from './fallbacks.ts'
import type { MispObject, MispValue, RelatedValue } from './model.ts'
import { compositeOf, type Meaning, meaningOf, repeatable } from './observables.ts'

/** What some facts become; what is missing of them has a reason. */
export interface Outcome {
  readonly attributes: readonly MispValue[]
  readonly objects: readonly MispObject[]
  readonly reason?: FallbackReason
}

interface Known {
  readonly meaning: Meaning
  readonly value: string
}

export const failed = (reason: FallbackReason): Outcome => ({ attributes: [], objects: [], reason })
const attribute = (value: MispValue): Outcome => ({ attributes: [value], objects: [] })

/** Facts that have to hold together: a value, a composite or an Object (MISP-3.1). */
export function mapFacts(facts: readonly Equality[]): Outcome {
  const known: Known[] = []
  for (const fact of distinct(facts)) {
    const meaning = meaningOf(fact)
    if (typeof meaning === 'string') return failed(meaning)
    known.push({ meaning, value: fact.value })
  }
  return mapKnown(known)
}

/**
 * Hashes of which any one is enough. Sekoia means the hashes of one file by that, so they are one Object, unless two
 * are of the same kind: then it cannot be said which belong together, and each is an attribute.
 */
export function mapHashes(facts: readonly Equality[]): Outcome {
  const outcomes = facts.map(fact => mapFacts([fact]))
  const attributes = distinct(outcomes.flatMap(outcome => outcome.attributes))
  const reason = outcomes.find(outcome => outcome.reason)?.reason
  const isOneFile = new Set(attributes.map(({ type }) => type)).size === attributes.length
  const mapped: Outcome =
    attributes.length < 2 || !isOneFile
      ? { attributes, objects: [] }
      : { attributes: [], objects: [hashObject(attributes)] }
  return reason ? { ...mapped, reason } : mapped
}

const hashObject = (hashes: readonly MispValue[]): MispObject => ({
  template: 'file',
  values: inOrder(hashes.map(value => ({ ...value, relation: value.type })))
})

/** True for a fact that {@link mapHashes} takes. */
export function isFileHash(fact: Equality): boolean {
  const meaning = meaningOf(fact)
  return typeof meaning === 'object' && meaning.isHash === true && fact.object === 'file'
}

/** Without repeats, which say the same in the same words. */
export const distinct = <T>(items: readonly T[]): T[] => [
  ...new Map(items.map(item => [JSON.stringify(item), item])).values()
]

function mapKnown(known: readonly Known[]): Outcome {
  const [first, second] = known
  if (known.length === 1 && first!.meaning.alone) {
    const { type, toIds } = first!.meaning.alone
    const value = normalise(type, first!.value)
    if (value !== undefined) return attribute(typed(type, value, toIds))
    return first!.meaning.related ? mapObject(known) : failed('refused-value')
  }
  if (known.length === 2) {
    const type = compositeType(first!, second!)
    const value = type && normalise(type.name, type.value)
    if (value !== undefined) return attribute(typed(type!.name, value, true))
    if (type && !first!.meaning.related) return failed('refused-value')
  }
  return mapObject(known)
}

/** A value in its own category. */
export const typed = (type: ValueTypeName, value: string, toIds: boolean): MispValue => ({
  type,
  category: valueTypes[type].categories[0],
  value,
  toIds
})

interface Composite {
  readonly name: ValueTypeName
  readonly value: string
}

function compositeType(a: Known, b: Known): Composite | undefined {
  const inOrder = compositeOf(a.meaning.name, b.meaning.name)
  if (inOrder) return { name: inOrder, value: `${a.value}|${b.value}` }
  const turned = compositeOf(b.meaning.name, a.meaning.name)
  return turned && { name: turned, value: `${b.value}|${a.value}` }
}

function mapObject(known: readonly Known[]): Outcome {
  const template = known[0]!.meaning.related?.template
  if (!template || known.some(({ meaning }) => meaning.related?.template !== template))
    return failed(known.length === 1 ? 'incomplete' : 'unrelated-and')
  if (known.every(({ meaning }) => meaning.isWeak)) return failed('incomplete')
  const accepted = known.filter(({ meaning, value }) => isAccepted(meaning, value))
  if (!isEnough(known, accepted)) return failed('refused-value')
  const values = distinct(accepted.map(relatedValue))
  if (isContradictory(values)) return failed('unrelated-and')
  const objects = [{ template, values: inOrder(values) }]
  return accepted.length === known.length
    ? { attributes: [], objects }
    : { attributes: [], objects, reason: 'refused-value' }
}

const isAccepted = ({ related }: Meaning, value: string): boolean =>
  normalise(related!.type, value) !== undefined

/** Of all values only hashes may be missing, as long as one is left. */
const isEnough = (known: readonly Known[], accepted: readonly Known[]): boolean =>
  known.every(one => one.meaning.isHash || accepted.includes(one)) &&
  (accepted.length === known.length || accepted.some(({ meaning }) => meaning.isHash))

function relatedValue({ meaning, value }: Known): RelatedValue {
  const { type, category, toIds } = meaning.related!
  return { relation: meaning.name, type, category, value: normalise(type, value)!, toIds }
}

/** One thing does not have two of this. */
function isContradictory(values: readonly RelatedValue[]): boolean {
  const once = values.filter(({ relation }) => !repeatable.has(relation))
  return Map.groupBy(once, ({ relation }) => relation).size < once.length
}

/** The same Object in whatever order a pattern names its parts. */
const inOrder = (values: readonly RelatedValue[]): RelatedValue[] =>
  values.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))

const sortKey = ({ relation, value }: RelatedValue): string => `${relation}\0${value}`
