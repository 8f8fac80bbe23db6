import type { Work } from '../../../kernel/give-way.ts'
import type { Comparison } from '../../../stix/pattern/ast.ts'
import { pathText } from '../../../stix/pattern/terms.ts'
import type { MispObject, MispValue } from '../model.ts'
import { normalise } from '../values/attribute-types.ts'
import type { FallbackReason } from '../values/fallbacks.ts'
import type { Conjunction, Equality } from './equalities.ts'
import { inOrder, isAccepted, type Known, mapKnown, mapObject } from './known.ts'
import {
  asContext,
  distinct,
  failed,
  type MappedPart,
  split,
  typed,
  unite,
  withUnsaid
} from './mapped-part.ts'
import { type Meaning, meaningOf } from './observables.ts'
import { readMeaning } from './readings.ts'

/**
 * Maps comparisons that AND joins to one attribute, composite or Object (MISP-3.1). If no type holds all of them, a
 * strong identifier keeps `to_ids`, the other known parts become context without it, and the rest is named in the
 * comment (MP-3). Without a strong identifier the result carries a reason.
 */
export function mapConjunction(conjunction: Conjunction): MappedPart {
  if (conjunction.others.some(isNegative)) return failed('operator')
  const parts = partsOf(conjunction)
  const whole = parts.reason ? failed(parts.reason) : mapKnown(parts.known)
  if (!whole.reason) return withUnsaid(whole, parts.custom)
  return mapStrong(parts.known, [...parts.unknown, ...parts.custom]) ?? whole
}

interface Parts {
  readonly known: readonly Known[]
  /** Names of comparisons that no value expresses. */
  readonly unknown: readonly string[]
  /** Names of properties that a tool added. No sensor sees them, so the other parts are complete without them. */
  readonly custom: readonly string[]
  /** Why some comparisons are unknown. */
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
      known.push({ meaning, value: equality.value, name: comparisonName(equality) })
    else {
      reason ??= meaning
      unknown.push(comparisonName(equality))
    }
  }
  return {
    known,
    unknown: [...unknown, ...realOthers.map(comparisonName)],
    custom: distinct([...custom, ...customOthers].map(comparisonName)),
    reason
  }
}

/** A property that a tool added for itself, such as `x_opencti_score`. */
const isCustomPath = (path: string): boolean => /^x_/i.test(path)
const isCustom = ({ path }: Equality): boolean => isCustomPath(path)

const isNegative = ({ operator, isNegated }: Comparison): boolean => isNegated || operator === '!='

/** The object and path of a comparison, for a comment. */
export const comparisonName = (part: Equality | Comparison): string =>
  'kind' in part
    ? `${part.object}:${pathText(part)} ${part.operator}`
    : `${part.object}:${part.path}`

/** True when one of its values is a strong identifier. */
export const hasStrong = ({ equalities }: Conjunction): boolean =>
  readMeaning(equalities).some(equality => {
    const meaning = meaningOf(equality)
    return typeof meaning === 'object' && isStrong(meaning, equality.value)
  })

const isStrong = (meaning: Meaning, value: string): boolean =>
  meaning.isStrong === true && normalise(meaning.alone!.type, value) !== undefined

/** Strong identifiers with `to_ids`, other known parts as context; undefined without a strong identifier. */
function mapStrong(known: readonly Known[], unknown: readonly string[]): MappedPart | undefined {
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
      ...strongs.flatMap(part => strongAttribute(part) ?? []),
      ...context.attributes
    ]),
    objects: [...one.objects, ...context.objects],
    unsaid: [...unknown, ...(context.unsaid ?? [])]
  }
}

const isStrongPart = ({ meaning, value }: Known): boolean => isStrong(meaning, value)

/** Parts of one template become a composite or an Object if that is possible, other parts stand alone. */
function mapContext(known: readonly Known[]): MappedPart {
  const groups = Map.groupBy(known, ({ meaning }) => meaning.related?.template)
  const outcomes = [...groups].flatMap(([template, group]) => {
    const whole = template && group.length > 1 ? mapKnown(group) : failed('incomplete')
    return whole.reason ? group.map(mapContextPart) : [whole]
  })
  return asContext(unite(outcomes))
}

function mapContextPart(part: Known): MappedPart {
  const mapped = mapKnown([part])
  return mapped.reason ? { attributes: [], objects: [], unsaid: [part.name] } : mapped
}

/** A strong identifier as an attribute. */
function strongAttribute(known: Known): MispValue | undefined {
  const type = known.meaning.alone?.type
  const stored = type && normalise(type, known.value)
  return type && stored !== undefined ? typed(type, stored, true) : undefined
}

/**
 * Maps hashes that OR joins. Sekoia writes the hashes of one file so, which become one Object. If two have the same
 * algorithm they are of different files: it is unknown which belong together, and each becomes an attribute.
 */
export function* mapHashes(hashes: readonly Conjunction[]): Work<MappedPart> {
  const outcomes: MappedPart[] = []
  for (const hash of hashes) {
    outcomes.push(mapConjunction(hash))
    if (outcomes.length % mappedAtOnce === 0) yield
  }
  const attributes = distinct(outcomes.flatMap(outcome => outcome.attributes))
  const reason = outcomes.find(outcome => outcome.reason)?.reason
  const isOneFile = new Set(attributes.map(({ type }) => type)).size === attributes.length
  const mapped: MappedPart =
    attributes.length < 2 || !isOneFile
      ? { attributes, objects: [] }
      : { attributes: [], objects: [hashObject(attributes)] }
  return reason ? { ...mapped, reason } : mapped
}

/** Between two places where the work may be interrupted. */
export const mappedAtOnce = 64

const hashObject = (hashes: readonly MispValue[]): MispObject => ({
  template: 'file',
  values: inOrder(hashes.map(value => ({ ...value, relation: value.type })))
})

/** True for one hash of a file that an Object `file` has a relation for: {@link mapHashes} maps those. */
export function isFileHash({ equalities, others }: Conjunction): boolean {
  const [equality, more] = equalities
  if (!equality || more || others.length > 0) return false
  const [meant] = readMeaning([equality])
  const meaning = meant ? meaningOf(meant) : undefined
  return isHash(meaning) && meaning.related?.template === 'file'
}

const isHash = (meaning: Meaning | string | undefined): meaning is Meaning =>
  typeof meaning === 'object' && meaning.isHash === true
