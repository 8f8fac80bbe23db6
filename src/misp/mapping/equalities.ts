import type { Comparison, Literal } from '../../stix/pattern/ast.ts'
import { pathText } from '../../stix/pattern/terms.ts'
import { fullPath } from './paths.ts'

/** A comparison that asks for one value. */
export interface Equality {
  readonly object: string
  /** As `pathText` spells it, in lower case, in full, every index as `[*]`. */
  readonly path: string
  readonly value: string
}

/** What has to hold together: values that are asked for, and what cannot be said as one. */
export interface Conjunction {
  readonly equalities: readonly Equality[]
  /** Comparisons with an operator that asks for no single value. */
  readonly others: readonly Comparison[]
}

/** As many as a pattern may have terms, see stix/pattern/terms.ts. */
const maxAlternatives = 10_000

/** A term without IN: each alternative holds one value for every comparison. Undefined when there are too many. */
export function toConjunctions(term: readonly Comparison[]): readonly Conjunction[] | undefined {
  const others = term.filter(comparison => !isEquality(comparison))
  const single: Equality[] = []
  let all: readonly Equality[][] = [[]]
  for (const comparison of term) {
    if (!isEquality(comparison)) continue
    const equalities = comparison.values.map(value => toEquality(comparison, value))
    if (equalities.length === 1) single.push(equalities[0]!)
    else if (all.length * equalities.length > maxAlternatives) return undefined
    else all = all.flatMap(left => equalities.map(right => [...left, right]))
  }
  if (all.length * single.length > maxAlternatives) return undefined
  return all.map(some => ({ equalities: [...single, ...some], others }))
}

const toEquality = (comparison: Comparison, literal: Literal): Equality => {
  const path = pathText(comparison)
    .toLowerCase()
    .replace(/\[\d+\]/g, '[*]')
  return { object: comparison.object, path: fullPath(path), value: textOf(literal) }
}

function isEquality(comparison: Comparison): boolean {
  const { operator, isNegated, values, object, path } = comparison
  if (isNegated || values.some(({ kind }) => kind === 'binary')) return false
  if (operator === 'LIKE') return values.every(value => !/[%_]/.test(textOf(value)))
  // A network in CIDR form is a value of MISP (STIX 2.1 §9.6.1).
  if (operator === 'ISSUBSET') return /^ipv[46]-addr$/.test(object) || isReference(path)
  return operator === '=' || operator === 'IN'
}

const isReference = (path: Comparison['path']): boolean =>
  typeof path[0] === 'string' && /^(?:dst|src)_ref$/i.test(path[0])

/** Sekoia's own action for MISP writes an apostrophe as a word. */
const textOf = ({ value }: Literal): string => String(value).replaceAll('##APOSTROPHE##', "'")
