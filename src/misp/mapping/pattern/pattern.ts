import type { StixObject } from '../../../stix/object.ts'
import { type Alternative, toAlternatives } from '../../../stix/pattern/alternatives.ts'
import type { Pattern, Qualifier } from '../../../stix/pattern/ast.ts'
import type { Spelling } from '../../../stix/pattern/lenient.ts'
import { parsePattern } from '../../../stix/pattern/parse.ts'
import type { PatternRefusal } from '../../../stix/pattern/refusal.ts'
import type { Term } from '../../../stix/pattern/terms.ts'
import type { Mapped } from '../model.ts'
import { maxBytes, normalise } from '../values/attribute-types.ts'
import { type BoundAlternatives, byBounds } from './bounds.ts'
import { hasStrong, isFileHash, mapConjunction, mapHashes, nameOf } from './conjunction.ts'
import { type Conjunction, Conjunctions } from './equalities.ts'
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
import { languageOf, mapRule } from './rules.ts'

/**
 * An indicator in MISP's terms (MISP-3.1); it never throws, and its work is linear in the pattern. What
 * cannot be said in them goes out as an Object `stix2-pattern` that holds the whole pattern, beside those of its
 * alternatives that can.
 */
export function mapIndicator(indicator: StixObject): Mapped {
  const { pattern } = indicator
  if (typeof pattern !== 'string') return fallBack('', failed('no-pattern'))
  const language = languageOf(indicator['pattern_type'], pattern)
  return language === 'stix' ? mapPattern(pattern) : mapRule(language, pattern)
}

function mapPattern(text: string): Mapped {
  const seen = new Set<Spelling>()
  const pattern = read(text, seen)
  if (pattern.kind === 'refused') return mapRefused(text)
  const alternatives = toAlternatives(pattern)
  if (!alternatives) return fallBack(text, failed('structure'))
  const groups = byBounds(alternatives)
  const outcome = mapGroups(groups, new Conjunctions(seen))
  return {
    ...(outcome.reason ? fallBack(text, outcome) : complete(outcome)),
    ...(groups.bounds && { bounds: groups.bounds }),
    ...(seen.size > 0 && { spellings: [...seen].sort() })
  }
}

/** As STIX; where it is none, as what it nearly is. */
function read(text: string, seen: Set<Spelling>): Pattern | PatternRefusal {
  const strict = parsePattern(text)
  if (strict.kind !== 'refused') return strict
  const noted = new Set<Spelling>()
  const lenient = parsePattern(text, noted)
  if (lenient.kind !== 'refused') for (const spelling of noted) seen.add(spelling)
  return lenient
}

/** A rule of another language under the name of STIX is that rule. */
function mapRefused(text: string): Mapped {
  const language = languageOf(undefined, text)
  return language === 'stix' ? fallBack(text, failed('unparsed')) : mapRule(language, text)
}

const complete = ({ attributes, objects, unsaid }: Outcome): Mapped => ({
  attributes,
  objects,
  fallback: undefined,
  ...(unsaid && unsaid.length > 0 && { unsaid })
})

/** Those whose time is not that of the whole are context: their values may not be looked for all the time. */
function mapGroups({ whole, others }: BoundAlternatives, conjunctions: Conjunctions): Outcome {
  const outcome = mapAlternatives(whole, conjunctions)
  if (others.length === 0) return outcome
  return unite([outcome, asContext(mapAlternatives(others, conjunctions)), failed('structure')])
}

function mapAlternatives(
  alternatives: readonly Alternative[],
  conjunctions: Conjunctions
): Outcome {
  const [counted, plain] = split(alternatives, isCounted)
  const outcome = mapPlain(plain, conjunctions)
  if (counted.length === 0) return outcome
  const context = asContext(mapPlain(counted, conjunctions))
  return unite([outcome, withUnsaid(context, countsOf(counted))])
}

/** Of observations that AND joins, the strong identifier decides (MP-19), whatever is said of how they lie in time. */
const isCounted = ({ qualifiers, observations }: Alternative): boolean =>
  observations.length === 1 && qualifiers.some(isCount)

const countsOf = (alternatives: readonly Alternative[]): readonly string[] =>
  distinct(alternatives.flatMap(({ qualifiers }) => qualifiers.filter(isCount).map(qualifierText)))

/** How often, or within what time, is no value to look for. */
const isCount = ({ kind }: Qualifier): boolean => kind !== 'start-stop'

function qualifierText(qualifier: Qualifier): string {
  if (qualifier.kind === 'repeats') return `REPEATS ${qualifier.times} TIMES`
  return qualifier.kind === 'within' ? `WITHIN ${qualifier.seconds} SECONDS` : ''
}

function mapPlain(alternatives: readonly Alternative[], conjunctions: Conjunctions): Outcome {
  const [joined, single] = split(alternatives, ({ observations }) => observations.length > 1)
  const all: Conjunction[] = []
  for (const { observations } of single) {
    const some = conjunctions.of(observations[0]!)
    if (!some) return failed('structure')
    for (const one of some) all.push(one)
  }
  const [hashes, others] = split(all, isFileHash)
  const outcomes = others.map(mapConjunction)
  if (hashes.length > 0) outcomes.push(mapHashes(hashes.flatMap(({ equalities }) => equalities)))
  if (joined.length > 0)
    outcomes.push(withUnsaid(mapJoined(joined, conjunctions), countsOf(joined)))
  return unite(outcomes)
}

/** What an observation becomes where others have to be seen as well. */
interface JoinedPart {
  readonly outcome: Outcome
  /** Its strong identifiers may be looked for all the same. */
  readonly isStrong: boolean
}

/**
 * Observations that AND joins (MP-19): what a strong identifier shows of one of them may be looked for, the values of
 * the others are context. Each observation is mapped once, in however many alternatives it stands.
 */
function mapJoined(alternatives: readonly Alternative[], conjunctions: Conjunctions): Outcome {
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
  return { outcome: isPartly ? withUnsaid(mapped, distinct(term.map(nameOf))) : mapped, isStrong }
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
    values: [{ ...typed('stix2-pattern', value, false), relation: 'stix2-pattern' }]
  }
  return { attributes, objects: [...objects, whole], fallback: reason, ...rest }
}
