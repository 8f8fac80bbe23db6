import { atOnce, type Work } from '../../../kernel/give-way.ts'
import type { StixObject } from '../../../stix/object.ts'
import { type Alternative, toAlternatives } from '../../../stix/pattern/alternatives.ts'
import type { Pattern, Qualifier } from '../../../stix/pattern/ast.ts'
import type { Spelling } from '../../../stix/pattern/lenient.ts'
import { parseInPieces } from '../../../stix/pattern/parse.ts'
import type { PatternRefusal } from '../../../stix/pattern/refusal.ts'
import type { Term } from '../../../stix/pattern/terms.ts'
import type { Mapped } from '../model.ts'
import { maxBytes, normalise } from '../values/attribute-types.ts'
import { type BoundAlternatives, byBounds } from './bounds.ts'
import {
  comparisonName,
  hasStrong,
  isFileHash,
  mapConjunction,
  mapHashes,
  mappedAtOnce
} from './conjunction.ts'
import { type Conjunction, Conjunctions } from './equalities.ts'
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
import { languageOf, mapRule } from './rules.ts'

/**
 * Maps the pattern of an indicator to attributes and Objects (MISP-3.1). It never throws, and its work is linear in
 * the length of the pattern. If an alternative cannot be mapped, an Object `stix2-pattern` with the whole pattern
 * stands beside the alternatives that can.
 */
export const mapIndicator = (indicator: StixObject): Mapped => atOnce(mapInPieces(indicator))

/** As {@link mapIndicator}; yields now and then, as one pattern may name 100,000 values. */
export function* mapInPieces(indicator: StixObject): Work<Mapped> {
  const { pattern } = indicator
  if (typeof pattern !== 'string') return fallBack('', failed('no-pattern'))
  const language = languageOf(indicator['pattern_type'], pattern)
  return language === 'stix' ? yield* mapPattern(pattern) : mapRule(language, pattern)
}

function* mapPattern(text: string): Work<Mapped> {
  const seen = new Set<Spelling>()
  const pattern = yield* read(text, seen)
  if (pattern.kind === 'refused') return mapRefused(text)
  const alternatives = toAlternatives(pattern)
  if (!alternatives) return fallBack(text, failed('structure'))
  const groups = byBounds(alternatives)
  const outcome = yield* mapGroups(groups, new Conjunctions(seen))
  return {
    ...(outcome.reason ? fallBack(text, outcome) : complete(outcome)),
    ...(groups.bounds && { bounds: groups.bounds }),
    ...(seen.size > 0 && { spellings: [...seen].sort() })
  }
}

/** Parses a pattern as STIX. If that fails, near-valid spellings are accepted and noted in `seen`. */
function* read(text: string, seen: Set<Spelling>): Work<Pattern | PatternRefusal> {
  const strict = yield* parseInPieces(text)
  if (strict.kind !== 'refused') return strict
  const noted = new Set<Spelling>()
  const lenient = yield* parseInPieces(text, noted)
  if (lenient.kind !== 'refused') for (const spelling of noted) seen.add(spelling)
  return lenient
}

/** A pattern that is not STIX may be a rule of another language, which its form shows. */
function mapRefused(text: string): Mapped {
  const language = languageOf(undefined, text)
  return language === 'stix' ? fallBack(text, failed('unparsed')) : mapRule(language, text)
}

const complete = ({ attributes, objects, unsaid }: MappedPart): Mapped => ({
  attributes,
  objects,
  fallback: undefined,
  ...(unsaid && unsaid.length > 0 && { unsaid })
})

/** Alternatives with bounds of their own become context, since an attribute cannot have `to_ids` for a time only. */
function* mapGroups(
  { whole, others }: BoundAlternatives,
  conjunctions: Conjunctions
): Work<MappedPart> {
  const outcome = yield* mapAlternatives(whole, conjunctions)
  if (others.length === 0) return outcome
  const context = asContext(yield* mapAlternatives(others, conjunctions))
  return unite([outcome, context, failed('structure')])
}

function* mapAlternatives(
  alternatives: readonly Alternative[],
  conjunctions: Conjunctions
): Work<MappedPart> {
  const [counted, plain] = split(alternatives, isCounted)
  const outcome = yield* mapPlain(plain, conjunctions)
  if (counted.length === 0) return outcome
  const context = asContext(yield* mapPlain(counted, conjunctions))
  return unite([outcome, withUnsaid(context, countsOf(counted))])
}

/** True for one observation with REPEATS or WITHIN. For joined observations the strong identifier decides (MP-19). */
const isCounted = ({ qualifiers, observations }: Alternative): boolean =>
  observations.length === 1 && qualifiers.some(isCount)

const countsOf = (alternatives: readonly Alternative[]): readonly string[] =>
  distinct(alternatives.flatMap(({ qualifiers }) => qualifiers.filter(isCount).map(qualifierText)))

/** REPEATS and WITHIN count observations, which no attribute can express. */
const isCount = ({ kind }: Qualifier): boolean => kind !== 'start-stop'

function qualifierText(qualifier: Qualifier): string {
  if (qualifier.kind === 'repeats') return `REPEATS ${qualifier.times} TIMES`
  return qualifier.kind === 'within' ? `WITHIN ${qualifier.seconds} SECONDS` : ''
}

function* mapPlain(
  alternatives: readonly Alternative[],
  conjunctions: Conjunctions
): Work<MappedPart> {
  const [joined, single] = split(alternatives, ({ observations }) => observations.length > 1)
  const hashes: Conjunction[] = []
  const outcomes: MappedPart[] = []
  let count = 0
  for (const { observations } of single) {
    const some = conjunctions.of(observations[0]!)
    if (!some) return failed('structure')
    for (const one of some) {
      if (isFileHash(one)) hashes.push(one)
      else outcomes.push(mapConjunction(one))
      if (++count % mappedAtOnce === 0) yield
    }
  }
  if (hashes.length > 0) outcomes.push(yield* mapHashes(hashes))
  if (joined.length > 0)
    outcomes.push(withUnsaid(mapJoined(joined, conjunctions), countsOf(joined)))
  return unite(outcomes)
}

/** One of several observations that AND joins. */
interface JoinedPart {
  readonly outcome: MappedPart
  /** True when each of its alternatives has a strong identifier. */
  readonly isStrong: boolean
}

/**
 * Maps observations that AND joins (MP-19): strong identifiers keep `to_ids`, values of the other observations become
 * context. Each observation is mapped once, even if it occurs in many alternatives.
 */
function mapJoined(alternatives: readonly Alternative[], conjunctions: Conjunctions): MappedPart {
  const known = new Map<Term, JoinedPart>()
  const parts = new Set<JoinedPart>()
  let isWhole = true
  for (const { observations } of alternatives) {
    const each = observations.map(term => {
      const part = known.get(term) ?? mapJoinedPart(term, conjunctions)
      known.set(term, part)
      return part
    })
    if (each.some(({ isStrong }) => isStrong)) for (const part of each) parts.add(part)
    else isWhole = false
  }
  const outcomes = [...parts].map(({ outcome }) => outcome)
  return unite(isWhole ? outcomes : [...outcomes, failed('structure')])
}

function mapJoinedPart(term: Term, conjunctions: Conjunctions): JoinedPart {
  const all = conjunctions.of(term) ?? []
  const outcome = unite(all.map(mapConjunction))
  const isStrong = all.length > 0 && !outcome.reason && all.every(hasStrong)
  const { reason, ...mapped } = isStrong ? outcome : asContext(outcome)
  const isPartly = reason !== undefined || all.length === 0
  return {
    outcome: isPartly ? withUnsaid(mapped, distinct(term.map(comparisonName))) : mapped,
    isStrong
  }
}

/** Adds an Object `stix2-pattern` with the whole pattern to the parts that were mapped. */
function fallBack(pattern: string, { attributes, objects, reason, unsaid }: MappedPart): Mapped {
  const value = normalise('stix2-pattern', pattern)
  const rest = unsaid && unsaid.length > 0 ? { unsaid } : {}
  if (value === undefined) {
    const isLong = Buffer.byteLength(pattern) > maxBytes
    return { attributes, objects, fallback: isLong ? 'too-long' : 'no-pattern', ...rest }
  }
  const whole = {
    template: 'stix2-pattern' as const,
    values: [{ ...typed('stix2-pattern', value, false), relation: 'stix2-pattern' }]
  }
  return { attributes, objects: [...objects, whole], fallback: reason, ...rest }
}
