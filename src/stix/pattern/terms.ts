import type { Comparison, Condition, PathStep, Pattern } from './ast.ts'

type Term = readonly Comparison[]

const maxTerms = 64
const maxComparisons = 64

/**
 * A pattern as a disjunction of conjunctions: it matches where all comparisons of any one term do. At most 64
 * terms of at most 64 comparisons; as the whole never has fewer than a part, the work ends at the first part
 * that has more, and nothing larger is ever built.
 * Undefined when that is not enough, and when observations are qualified, or joined by more than OR.
 */
export function toTerms(pattern: Pattern): readonly Term[] | undefined {
  if (pattern.kind === 'observation') return ofCondition(pattern.condition)
  return pattern.kind === 'or' ? union(pattern.terms, toTerms) : undefined
}

function ofCondition(condition: Condition): readonly Term[] | undefined {
  if (condition.kind === 'comparison') return [[condition]]
  return condition.kind === 'or' ? union(condition.terms, ofCondition) : product(condition.terms)
}

function union<T>(
  parts: readonly T[],
  termsOf: (part: T) => readonly Term[] | undefined
): readonly Term[] | undefined {
  const all: Term[] = []
  for (const part of parts) {
    const terms = termsOf(part)
    if (!terms || all.length + terms.length > maxTerms) return undefined
    all.push(...terms)
  }
  return all
}

function product(parts: readonly Condition[]): readonly Term[] | undefined {
  let all: readonly Term[] = [[]]
  for (const part of parts) {
    const terms = ofCondition(part)
    if (!terms || all.length * terms.length > maxTerms) return undefined
    all = all.flatMap(left => terms.map(right => [...left, ...right]))
    if (all.some(term => term.length > maxComparisons)) return undefined
  }
  return all
}

/**
 * The path of a comparison without its object type, in one spelling: `value`, `hashes.SHA-256`,
 * `values[*].data`. Quotes are dropped, an index stands as `[0]` or `[*]`.
 */
export const pathText = ({ path }: Comparison): string => path.map(stepText).join('').slice(1)

const stepText = (step: PathStep): string =>
  typeof step === 'string' ? `.${step}` : `[${step.index}]`
