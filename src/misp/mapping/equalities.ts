import type { Comparison, Literal } from '../../stix/pattern/ast.ts'
import { pathText } from '../../stix/pattern/terms.ts'
import type { FallbackReason } from './fallbacks.ts'

/** A comparison that asks for one value. */
export interface Equality {
  readonly object: string
  /** As `pathText` spells it, in lower case, every index as `[*]`. */
  readonly path: string
  readonly value: string
}

/** As many as a pattern may have terms, see stix/pattern/terms.ts. */
export const maxAlternatives = 64

/** A term without IN: each alternative holds one value for every comparison. The reason when it cannot be said so. */
export function toEqualities(term: readonly Comparison[]): readonly Equality[][] | FallbackReason {
  if (!term.every(isEquality)) return 'operator'
  let all: Equality[][] = [[]]
  for (const comparison of term) {
    if (all.length * comparison.values.length > maxAlternatives) return 'structure'
    const path = pathText(comparison)
      .toLowerCase()
      .replace(/\[\d+\]/g, '[*]')
    const facts = comparison.values.map(value => ({
      object: comparison.object,
      path,
      value: textOf(value)
    }))
    all = all.flatMap(left => facts.map(right => [...left, right]))
  }
  return all
}

function isEquality(comparison: Comparison): boolean {
  const { operator, isNegated, values, object } = comparison
  if (isNegated || values.some(({ kind }) => kind === 'binary')) return false
  if (operator === 'LIKE') return values.every(value => !/[%_]/.test(textOf(value)))
  if (operator === 'ISSUBSET') return /^ipv[46]-addr$/.test(object)
  return operator === '=' || operator === 'IN'
}

const textOf = ({ value }: Literal): string => String(value)
