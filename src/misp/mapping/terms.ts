import type { Comparison } from '../../stix/pattern/ast.ts'
import { pathText } from '../../stix/pattern/terms.ts'
import { normalise, type ValueTypeName, valueTypes } from './attribute-types.ts'
import type { Conjunction, Equality } from './equalities.ts'
import type { FallbackReason } from './fallbacks.ts'
import type { MispObject, MispValue, RelatedValue } from './model.ts'
import { compositeOf, type Meaning, meaningOf, repeatable } from './observables.ts'
import { readMeaning } from './readings.ts'

/** What some equalities become; what is missing of them has a reason. */
export interface Outcome {
  readonly attributes: readonly MispValue[]
  readonly objects: readonly MispObject[]
  readonly reason?: FallbackReason
  /** What has to hold as well, and no value says. */
  readonly unsaid?: readonly string[]
}

interface Known {
  readonly meaning: Meaning
  readonly value: string
}

export const failed = (reason: FallbackReason): Outcome => ({ attributes: [], objects: [], reason })
const attribute = (value: MispValue): Outcome => ({ attributes: [value], objects: [] })

/**
 * What has to hold together: a value, a composite or an Object (misp-feed.md §3.1). Where no type holds all of it, a
 * strong identifier may be looked for all the same, what else is known stands beside it as context, and the rest is
 * named (MP-3). Without one there is a reason.
 */
export function mapConjunction({ equalities, others }: Conjunction): Outcome {
  const meant = distinct(readMeaning(equalities))
  const custom = meant.filter(isCustom)
  const standard = meant.filter(equality => !isCustom(equality))
  const unsaid = [...custom.map(nameOf), ...others.map(nameOf)]
  if (others.some(isNegative)) return failed('operator')
  const read = standard.map(equality => ({ equality, meaning: meaningOf(equality) }))
  const unknown = read.find(({ meaning }) => typeof meaning === 'string')?.meaning
  const known = read.flatMap(({ equality: { value }, meaning }) =>
    typeof meaning === 'string' ? [] : [{ meaning, value }]
  )
  const whole =
    others.length > 0
      ? failed('operator')
      : unknown !== undefined
        ? failed(unknown as FallbackReason)
        : known.length === 0
          ? failed('incomplete')
          : mapKnown(known)
  if (!whole.reason) return withUnsaid(whole, unsaid)
  const lost = read.flatMap(({ equality, meaning }) =>
    typeof meaning === 'string' ? [nameOf(equality)] : []
  )
  return mapStrong(known, [...lost, ...unsaid]) ?? whole
}

const withUnsaid = (outcome: Outcome, unsaid: readonly string[]): Outcome =>
  unsaid.length === 0 ? outcome : { ...outcome, unsaid }

/** A property that a tool added for itself, such as `x_opencti_score`: no sensor sees it. */
const isCustom = ({ path }: Equality): boolean => path.startsWith('x_')

const isNegative = ({ operator, isNegated }: Comparison): boolean => isNegated || operator === '!='

const nameOf = (part: Equality | Comparison): string =>
  'kind' in part
    ? `${part.object}:${pathText(part)} ${part.operator}`
    : `${part.object}:${part.path}`

/** True when a value of it may be looked for whatever else has to hold. */
export const hasStrong = ({ equalities }: Conjunction): boolean =>
  readMeaning(equalities).some(equality => {
    const meaning = meaningOf(equality)
    return typeof meaning === 'object' && isUsable({ meaning, value: equality.value })
  })

const isUsable = ({ meaning, value }: Known): boolean =>
  meaning.isStrong === true && normalise(meaning.alone!.type, value) !== undefined

/** What can be looked for by itself, with what else is known as context; undefined when nothing can. */
function mapStrong(known: readonly Known[], lost: readonly string[]): Outcome | undefined {
  const strong = known.filter(isUsable)
  if (strong.length === 0) return undefined
  const template = strong[0]!.meaning.related?.template
  const isRelated = ({ meaning, value }: Known) =>
    template !== undefined && meaning.related?.template === template && isAccepted(meaning, value)
  const together = known.filter(isRelated)
  const one = together.length > 1 ? mapObject(together) : failed('incomplete')
  if (one.reason === 'unrelated-and') return undefined
  const hasObject = one.reason === undefined
  const apart = hasObject ? known.filter(part => !isRelated(part)) : known
  const attributes = apart.flatMap(part => valueOf(part, isUsable(part)))
  const unsaid = apart
    .filter(part => valueOf(part, false).length === 0)
    .map(({ meaning }) => meaning.name)
  return {
    attributes: distinct(attributes),
    objects: hasObject ? one.objects : [],
    unsaid: [...lost, ...unsaid]
  }
}

/** As an attribute by itself; none where it says too little for that. */
function valueOf({ meaning, value }: Known, toIds: boolean): MispValue[] {
  const type = meaning.alone?.type
  const stored = type && normalise(type, value)
  return type && stored !== undefined ? [typed(type, stored, toIds)] : []
}

/**
 * Hashes of which any one is enough. Sekoia means the hashes of one file by that, so they are one Object, unless two
 * are of the same kind: then it cannot be said which belong together, and each is an attribute.
 */
export function mapHashes(equalities: readonly Equality[]): Outcome {
  const outcomes = equalities.map(equality =>
    mapConjunction({ equalities: [equality], others: [] })
  )
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

/** True for what {@link mapHashes} takes. */
export function isFileHash(equality: Equality): boolean {
  const meaning = meaningOf(equality)
  return (
    typeof meaning === 'object' && meaning.isHash === true && meaning.related?.template === 'file'
  )
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
    return first!.meaning.related && !first!.meaning.isWeak
      ? mapObject(known)
      : failed('refused-value')
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
