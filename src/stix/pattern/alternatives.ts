import type { Pattern, Qualifier } from './ast.ts'
import { type Term, toTerms } from './terms.ts'

/** One way in which a pattern matches: what each of its observations shows, all of them together. */
export interface Alternative {
  /** One term for each observation that AND joins, at least one. */
  readonly observations: readonly Term[]
  /** Of all of them together. */
  readonly qualifiers: readonly Qualifier[]
}

/** As many as an event has values, see {@link toTerms}. */
const maxAlternatives = 10_000

/**
 * A pattern as the ways in which it matches. Undefined where the order of observations counts (FOLLOWEDBY), and where
 * there are too many.
 */
export function toAlternatives(pattern: Pattern): readonly Alternative[] | undefined {
  switch (pattern.kind) {
    case 'observation':
      return toTerms(pattern.condition)?.map(term => ({ observations: [term], qualifiers: [] }))
    case 'or':
      return union(pattern.terms)
    case 'and':
      return product(pattern.terms)
    case 'qualified':
      return toAlternatives(pattern.pattern)?.map(({ observations, qualifiers }) => ({
        observations,
        qualifiers: [...qualifiers, ...pattern.qualifiers]
      }))
    case 'followed-by':
      return undefined
  }
}

function union(patterns: readonly Pattern[]): readonly Alternative[] | undefined {
  const all: Alternative[] = []
  for (const pattern of patterns) {
    const alternatives = toAlternatives(pattern)
    if (!alternatives || all.length + alternatives.length > maxAlternatives) return undefined
    for (const alternative of alternatives) all.push(alternative)
  }
  return all
}

function product(patterns: readonly Pattern[]): readonly Alternative[] | undefined {
  let all: readonly Alternative[] = [{ observations: [], qualifiers: [] }]
  for (const pattern of patterns) {
    const alternatives = toAlternatives(pattern)
    if (!alternatives || all.length * alternatives.length > maxAlternatives) return undefined
    if (all[0]!.observations.length >= maxObservations) return undefined
    all = all.flatMap(left => alternatives.map(right => join(left, right)))
  }
  return all
}

/** Observations that AND joins; more are no description of one thing. */
const maxObservations = 64

const join = (left: Alternative, right: Alternative): Alternative => ({
  observations: [...left.observations, ...right.observations],
  qualifiers: [...left.qualifiers, ...right.qualifiers]
})
