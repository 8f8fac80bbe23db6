import type { Comparison, Condition, PathStep } from './ast.ts'

export type Term = readonly Comparison[]

/** Comparisons in all that are looked at. */
export const maxComparisons = 100_000

/** Alternatives that alternatives joined by AND may make: a short pattern must not stand for a great many values. */
export const maxProduct = 10_000

/**
 * A pattern's condition as a disjunction of conjunctions: it matches where all comparisons of any one term do. As the
 * whole never has fewer than a part, the work ends at the first part that has too many, and nothing larger is built.
 *
 * @returns undefined when there are more than 100,000 comparisons in the terms, or an AND makes more than 10,000 terms
 */
export function toTerms(condition: Condition): readonly Term[] | undefined {
  if (condition.kind === 'comparison') return [[condition]]
  return condition.kind === 'or' ? union(condition.terms) : product(condition.terms)
}

function union(parts: readonly Condition[]): readonly Term[] | undefined {
  const all: Term[] = []
  for (const part of parts) {
    const terms = toTerms(part)
    if (!terms || all.length + terms.length > maxComparisons) return undefined
    for (const term of terms) all.push(term)
  }
  return all
}

/** What is not an alternative stands in every term, so it is put there last: the work is linear in the result. */
function product(parts: readonly Condition[]): readonly Term[] | undefined {
  const common: Comparison[] = []
  let all: readonly Term[] = [[]]
  for (const part of parts) {
    const terms = toTerms(part)
    if (!terms) return undefined
    if (terms.length === 1) for (const comparison of terms[0]!) common.push(comparison)
    else {
      const comparisons = all.length * sizeOf(terms) + terms.length * sizeOf(all)
      if (isTooMany(all.length * terms.length, comparisons)) return undefined
      all = all.flatMap(left => terms.map(right => [...left, ...right]))
    }
  }
  if (isTooMany(all.length, sizeOf(all) + all.length * common.length)) return undefined
  return all.map(term => [...common, ...term])
}

const isTooMany = (terms: number, comparisons: number): boolean =>
  terms > maxProduct || comparisons > maxComparisons

/** Comparisons in all. */
export const sizeOf = (terms: readonly Term[]): number =>
  terms.reduce((sum, term) => sum + term.length, 0)

/**
 * The path of a comparison without its object type, in one spelling: `value`, `hashes.SHA-256`,
 * `values[*].data`. Quotes are dropped, an index stands as `[0]` or `[*]`.
 */
export const pathText = ({ path }: Comparison): string => path.map(stepText).join('').slice(1)

const stepText = (step: PathStep): string =>
  typeof step === 'string' ? `.${step}` : `[${step.index}]`
