import type { Comparison } from '../../../stix/pattern/ast.ts'
import { pathText } from '../../../stix/pattern/terms.ts'
import type { MispObject, MispValue } from '../model.ts'
import { normalise } from '../values/attribute-types.ts'
import type { FallbackReason } from '../values/fallbacks.ts'
import type { Conjunction, Equality } from './equalities.ts'
import { inOrder, isAccepted, type Known, mapKnown, mapObject } from './known.ts'
import { type Meaning, meaningOf } from './observables.ts'
import {
  asContext,
  distinct,
  failed,
  type Outcome,
  split,
  typed,
  unite,
  withUnsaid
} from './outcome.ts'
import { readMeaning } from './readings.ts'

/**
 * What has to hold together: a value, a composite or an Object (MISP-3.1). Where no type holds all of it, a
 * strong identifier may be looked for all the same, what else is known stands beside it as context, and the rest is
 * named (MP-3). Without one there is a reason.
 */
export function mapConjunction(conjunction: Conjunction): Outcome {
  if (conjunction.others.some(isNegative)) return failed('operator')
  const parts = partsOf(conjunction)
  const whole = parts.reason ? failed(parts.reason) : mapKnown(parts.known)
  if (!whole.reason) return withUnsaid(whole, parts.custom)
  return mapStrong(parts.known, [...parts.unknown, ...parts.custom]) ?? whole
}

interface Parts {
  readonly known: readonly Known[]
  /** Names of what no value says. */
  readonly unknown: readonly string[]
  /** Names of what no sensor sees, so that the rest says it all. */
  readonly custom: readonly string[]
  /** Why it is not all known. */
  readonly reason: FallbackReason | undefined
}

function partsOf({ equalities, others }: Conjunction): Parts {
  const [custom, standard] = split(equalities, isCustom)
  const [customOthers, realOthers] = split(others, other => isCustomPath(pathText(other)))
  const known: Known[] = []
  const unknown: string[] = []
  let reason: FallbackReason | undefined = realOthers.length > 0 ? 'operator' : undefined
  if (standard.length === 0) reason ??= 'unknown-path'
  for (const equality of distinct(readMeaning(standard))) {
    const meaning = meaningOf(equality)
    if (typeof meaning !== 'string')
      known.push({ meaning, value: equality.value, name: nameOf(equality) })
    else {
      reason ??= meaning
      unknown.push(nameOf(equality))
    }
  }
  return {
    known,
    unknown: [...unknown, ...realOthers.map(nameOf)],
    custom: distinct([...custom, ...customOthers].map(nameOf)),
    reason
  }
}

/** A property that a tool added for itself, such as `x_opencti_score`. */
const isCustomPath = (path: string): boolean => /^x_/i.test(path)
const isCustom = ({ path }: Equality): boolean => isCustomPath(path)

const isNegative = ({ operator, isNegated }: Comparison): boolean => isNegated || operator === '!='

/** The object and path of a comparison, for a comment. */
export const nameOf = (part: Equality | Comparison): string =>
  'kind' in part
    ? `${part.object}:${pathText(part)} ${part.operator}`
    : `${part.object}:${part.path}`

/** True when a value of it may be looked for whatever else has to hold. */
export const hasStrong = ({ equalities }: Conjunction): boolean =>
  readMeaning(equalities).some(equality => {
    const meaning = meaningOf(equality)
    return typeof meaning === 'object' && isStrong(meaning, equality.value)
  })

const isStrong = (meaning: Meaning, value: string): boolean =>
  meaning.isStrong === true && normalise(meaning.alone!.type, value) !== undefined

/** What can be looked for by itself, with what else is known as context; undefined when nothing can. */
function mapStrong(known: readonly Known[], unknown: readonly string[]): Outcome | undefined {
  const strong = known.find(({ meaning, value }) => isStrong(meaning, value))
  if (!strong) return undefined
  const template = strong.meaning.related?.template
  const isRelated = (one: Known) =>
    template !== undefined && one.meaning.related?.template === template && isAccepted(one)
  const [together, others] = split(known, isRelated)
  const one = together.length > 1 ? mapObject(together) : failed('incomplete')
  if (one.reason === 'unrelated-and') return undefined
  const [strongs, rest] = split(one.reason ? known : others, isStrongPart)
  const context = mapContext(rest)
  return {
    attributes: distinct([
      ...strongs.flatMap(part => attributeOf(part) ?? []),
      ...context.attributes
    ]),
    objects: [...one.objects, ...context.objects],
    unsaid: [...unknown, ...(context.unsaid ?? [])]
  }
}

const isStrongPart = ({ meaning, value }: Known): boolean => isStrong(meaning, value)

/** Parts of one template together where a type or an Object holds them, others by themselves; the rest is named. */
function mapContext(known: readonly Known[]): Outcome {
  const groups = Map.groupBy(known, ({ meaning }) => meaning.related?.template)
  const outcomes = [...groups].flatMap(([template, group]) => {
    const whole = template && group.length > 1 ? mapKnown(group) : failed('incomplete')
    return whole.reason ? group.map(mapContextPart) : [whole]
  })
  return asContext(unite(outcomes))
}

function mapContextPart(part: Known): Outcome {
  const mapped = mapKnown([part])
  return mapped.reason ? { attributes: [], objects: [], unsaid: [part.name] } : mapped
}

/** As an attribute by itself; none where it says too little for that. */
function attributeOf(known: Known): MispValue | undefined {
  const type = known.meaning.alone?.type
  const stored = type && normalise(type, known.value)
  return type && stored !== undefined ? typed(type, stored, true) : undefined
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

/** True for what {@link mapHashes} takes: one hash of a file, for which an Object `file` has a place. */
export function isFileHash({ equalities, others }: Conjunction): boolean {
  const [equality, more] = equalities
  if (!equality || more || others.length > 0) return false
  const [meant] = readMeaning([equality])
  const meaning = meant ? meaningOf(meant) : undefined
  return isHash(meaning) && meaning.related?.template === 'file'
}

const isHash = (meaning: Meaning | string | undefined): meaning is Meaning =>
  typeof meaning === 'object' && meaning.isHash === true
