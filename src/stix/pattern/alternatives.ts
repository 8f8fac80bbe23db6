import type { Pattern, Qualifier } from './ast.ts'
import { maxComparisons, maxProduct, sizeOf, type Term, toTerms } from './terms.ts'

/** One way in which a pattern matches: what each of its observations shows, all of them together. */
export interface Alternative {
  /** One term for each observation that AND joins, at least one. */
  readonly observations: readonly Term[]
  /** Of all of them together. */
  readonly qualifiers: readonly Qualifier[]
}

/** Observations that AND joins; more are no description of one thing. */
const maxObservations = 64

/**
 * A pattern as the ways in which it matches. Like {@link toTerms} it ends at the first part that has too many: the
 * work is linear in the pattern.
 *
 * @returns undefined where the order of observations counts (FOLLOWEDBY), and where there are more than 100,000
 *   comparisons in all, more than 10,000 alternatives from an AND, or more than 64 observations in one
 */
export function toAlternatives(pattern: Pattern): readonly Alternative[] | undefined {
  return expand(pattern, { comparisons: maxComparisons })
}

/** What may still be made. */
interface Budget {
  comparisons: number
}

function expand(pattern: Pattern, budget: Budget): readonly Alternative[] | undefined {
  switch (pattern.kind) {
    case 'observation': {
      const terms = toTerms(pattern.condition)
      budget.comparisons -= terms ? sizeOf(terms) : 0
      if (budget.comparisons < 0) return undefined
      return terms?.map(term => ({ observations: [term], qualifiers: [] }))
    }
    case 'or':
      return union(pattern.terms, budget)
    case 'and':
      return product(pattern.terms, budget)
    case 'qualified':
      return expand(pattern.pattern, budget)?.map(({ observations, qualifiers }) => ({
        observations,
        qualifiers: [...qualifiers, ...pattern.qualifiers]
      }))
    case 'followed-by':
      return undefined
  }
}

function union(patterns: readonly Pattern[], budget: Budget): readonly Alternative[] | undefined {
  const all: Alternative[] = []
  for (const pattern of patterns) {
    const alternatives = expand(pattern, budget)
    if (!alternatives) return undefined
    for (const alternative of alternatives) all.push(alternative)
  }
  return all
}

function product(patterns: readonly Pattern[], budget: Budget): readonly Alternative[] | undefined {
  let all: readonly Alternative[] = [{ observations: [], qualifiers: [] }]
  for (const pattern of patterns) {
    const alternatives = expand(pattern, budget)
    if (!alternatives || all.length * alternatives.length > maxProduct) return undefined
    all = all.flatMap(left => alternatives.map(right => join(left, right)))
    if (all.some(({ observations }) => observations.length > maxObservations)) return undefined
  }
  return all
}

const join = (left: Alternative, right: Alternative): Alternative => ({
  observations: [...left.observations, ...right.observations],
  qualifiers: [...left.qualifiers, ...right.qualifiers]
})
