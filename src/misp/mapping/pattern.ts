import { type Alternative, toAlternatives } from '../../stix/pattern/alternatives.ts'
import type { Pattern, Qualifier } from '../../stix/pattern/ast.ts'
import type { Spelling } from '../../stix/pattern/lenient.ts'
import { parsePattern } from '../../stix/pattern/parse.ts'
import type { PatternRefusal } from '../../stix/pattern/refusal.ts'
import { toMillis } from '../../stix/timestamp.ts'
import { maxBytes, normalise } from './attribute-types.ts'
import { type Conjunction, toConjunctions } from './equalities.ts'
import type { Bounds, Mapped, StixObject } from './model.ts'
import { languageOf, mapRule } from './rules.ts'
import {
  distinct,
  failed,
  hasStrong,
  isFileHash,
  mapConjunction,
  mapHashes,
  type Outcome,
  typed
} from './terms.ts'

/**
 * An indicator in MISP's terms (misp-feed.md §3.1); it never throws. What cannot be said in them goes out as an Object
 * `stix2-pattern` that holds the whole pattern, beside those of its alternatives that can.
 */
export function mapIndicator(indicator: StixObject): Mapped {
  const { pattern } = indicator
  if (typeof pattern !== 'string') return fallBack('', failed('no-pattern'))
  const language = languageOf(indicator['pattern_type'], pattern)
  return language === 'stix' ? mapPattern(pattern) : mapRule(language, pattern)
}

function mapPattern(text: string): Mapped {
  const spellings = new Set<Spelling>()
  const pattern = read(text, spellings)
  if (pattern.kind === 'refused') return fallBack(text, failed('unparsed'))
  const alternatives = toAlternatives(pattern)
  const bounds = alternatives && boundsOf(alternatives)
  if (!alternatives || bounds === 'mixed') return fallBack(text, failed('structure'))
  const outcome = mapAlternatives(alternatives)
  const mapped = outcome.reason ? fallBack(text, outcome) : complete(outcome)
  return {
    ...mapped,
    ...(bounds && { bounds }),
    ...(spellings.size > 0 && { spellings: [...spellings] })
  }
}

const complete = ({ attributes, objects, unsaid }: Outcome): Mapped => ({
  attributes,
  objects,
  fallback: undefined,
  ...(unsaid && unsaid.length > 0 && { unsaid })
})

/** As STIX; where it is none, as what it nearly is. */
function read(text: string, spellings: Set<Spelling>): Pattern | PatternRefusal {
  const strict = parsePattern(text)
  return strict.kind === 'refused' ? parsePattern(text, spellings) : strict
}

function mapAlternatives(alternatives: readonly Alternative[]): Outcome {
  const plain = alternatives.filter(({ qualifiers }) => !qualifiers.some(isCount))
  const counted = alternatives.filter(({ qualifiers }) => qualifiers.some(isCount))
  return unite([mapPlain(plain), asContext(mapPlain(counted))])
}

function mapPlain(alternatives: readonly Alternative[]): Outcome {
  const single = alternatives.filter(({ observations }) => observations.length === 1)
  const joined = alternatives.filter(({ observations }) => observations.length > 1)
  const conjunctions = single.map(({ observations }) => toConjunctions(observations[0]!))
  const all = conjunctions.flatMap(some => some ?? [])
  if (conjunctions.includes(undefined)) return failed('structure')
  return unite([
    ...all.filter(one => !isHash(one)).map(mapConjunction),
    mapHashes(all.filter(isHash).flatMap(({ equalities }) => equalities)),
    ...joined.map(mapJoined)
  ])
}

const isHash = ({ equalities, others }: Conjunction): boolean =>
  equalities.length === 1 && others.length === 0 && isFileHash(equalities[0]!)

/**
 * Observations that AND joins (MP-19): what a strong identifier shows of one of them may be looked for, the values of
 * the others are context.
 */
function mapJoined({ observations }: Alternative): Outcome {
  const conjunctions = observations.map(toConjunctions)
  if (conjunctions.some(some => some?.length !== 1)) return failed('structure')
  const each = conjunctions.map(some => some![0]!)
  const outcomes = each.map(one => ({ outcome: mapConjunction(one), isStrong: hasStrong(one) }))
  if (!outcomes.some(({ outcome, isStrong }) => isStrong && !outcome.reason))
    return failed('structure')
  return withoutReason(
    unite(outcomes.map(({ outcome, isStrong }) => (isStrong ? outcome : asContext(outcome)))),
    'a part of the pattern'
  )
}

function withoutReason({ reason, ...outcome }: Outcome, name: string): Outcome {
  return reason ? { ...outcome, unsaid: [...(outcome.unsaid ?? []), name] } : outcome
}

const isCount = ({ kind }: Qualifier): boolean => kind !== 'start-stop'

/** A count, or a part of what has to be seen, is no value to look for. */
const asContext = ({ attributes, objects, ...rest }: Outcome): Outcome => ({
  ...rest,
  attributes: attributes.map(value => ({ ...value, toIds: false })),
  objects: objects.map(object => ({
    ...object,
    values: object.values.map(value => ({ ...value, toIds: false }))
  }))
})

/** The time in which the values count; 'mixed' when it is not the same for all alternatives. */
function boundsOf(alternatives: readonly Alternative[]): Bounds | 'mixed' | undefined {
  const all = alternatives.map(({ qualifiers }) =>
    qualifiers.filter(one => one.kind === 'start-stop')
  )
  const [first] = all
  if (all.some(some => JSON.stringify(some) !== JSON.stringify(first))) return 'mixed'
  const [bound, more] = first ?? []
  if (!bound) return undefined
  const [from, until] = [toMillis(bound.start), toMillis(bound.stop)]
  return more || from === undefined || until === undefined ? 'mixed' : { from, until }
}

function unite(outcomes: readonly Outcome[]): Outcome {
  const reason = outcomes.find(outcome => outcome.reason)?.reason
  const unsaid = distinct(outcomes.flatMap(outcome => outcome.unsaid ?? []))
  return {
    attributes: distinct(outcomes.flatMap(({ attributes }) => attributes)),
    objects: distinct(outcomes.flatMap(({ objects }) => objects)),
    ...(unsaid.length > 0 && { unsaid }),
    ...(reason && { reason })
  }
}

/** The pattern itself, beside what was mapped of it. */
function fallBack(pattern: string, { attributes, objects, reason, unsaid }: Outcome): Mapped {
  const value = normalise('stix2-pattern', pattern)
  const rest = unsaid && unsaid.length > 0 ? { unsaid } : {}
  if (value === undefined) {
    const isLong = Buffer.byteLength(pattern) > maxBytes
    return { attributes, objects, fallback: isLong ? 'too-long' : 'no-pattern', ...rest }
  }
  const whole = {
    template: 'stix2-pattern' as const,
    values: [
      { ...typed('stix2-pattern', value, false), relation: 'stix2-pattern' },
      { ...typed('text', 'stix 2.1', false), relation: 'version' }
    ]
  }
  return { attributes, objects: [...objects, whole], fallback: reason, ...rest }
}
