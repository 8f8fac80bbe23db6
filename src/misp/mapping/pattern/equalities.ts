import type { Comparison, Literal } from '../../../stix/pattern/ast.ts'
import type { Spelling } from '../../../stix/pattern/lenient.ts'
import { maxComparisons, maxProduct, pathText, type Term } from '../../../stix/pattern/terms.ts'
import { fullPlace, type Place } from './paths.ts'

/** A comparison with one value. Its place is in lower case and complete, every index is `[*]`. */
export interface Equality extends Place {
  readonly value: string
}

/** Comparisons that AND joins: those with one value, and those with another operator. */
export interface Conjunction {
  readonly equalities: readonly Equality[]
  /** Comparisons that are no equalities, such as `>`, MATCHES, or LIKE with a wildcard. */
  readonly others: readonly Comparison[]
}

/** Expands IN in the terms of one pattern. All terms share one budget of comparisons. */
export class Conjunctions {
  readonly #seen: Set<Spelling>
  #comparisons = maxComparisons

  /** @param seen where spellings that are not STIX are noted */
  constructor(seen: Set<Spelling>) {
    this.#seen = seen
  }

  /** One conjunction for each combination of values; undefined when there are too many. */
  of(term: Term): readonly Conjunction[] | undefined {
    const others = term.filter(comparison => !isEquality(comparison))
    const single: Equality[] = []
    let all: readonly (readonly Equality[])[] = [[]]
    for (const comparison of term) {
      if (!isEquality(comparison)) continue
      if (comparison.values.some(isBinary)) this.#seen.add('binary-hash')
      const equalities = this.#equalities(comparison)
      if (equalities.length === 1) single.push(equalities[0]!)
      else if (all.length > 1 && all.length * equalities.length > maxProduct) return undefined
      else all = all.flatMap(left => equalities.map(right => [...left, right]))
    }
    this.#comparisons -= all.length * (all[0]!.length + single.length + others.length)
    if (this.#comparisons < 0) return undefined
    return all.map(some => ({ equalities: [...single, ...some], others }))
  }

  #equalities(comparison: Comparison): Equality[] {
    const place = fullPlace(placeOf(comparison), this.#seen)
    return comparison.values.map(literal => ({ ...place, value: textOf(literal) }))
  }
}

const placeOf = (comparison: Comparison): Place => ({
  object: comparison.object.toLowerCase(),
  path: pathText(comparison)
    .toLowerCase()
    .replace(/\[\d+\]/g, '[*]')
})

function isEquality(comparison: Comparison): boolean {
  const { operator, isNegated, values, object, path } = comparison
  if (isNegated || (values.some(isBinary) && !isHashPath(path))) return false
  if (operator === 'LIKE') return values.every(value => !/[%_]/.test(textOf(value)))
  // A network in CIDR form is a value of MISP (STIX 2.1 §9.6.1).
  if (operator === 'ISSUBSET') return /^ipv[46]-addr$/.test(object) || isReference(path)
  return operator === '=' || operator === 'IN'
}

const isBinary = ({ kind }: Literal): boolean => kind === 'binary'

const isHashPath = (path: Comparison['path']): boolean =>
  path.some(step => typeof step === 'string' && step.toLowerCase() === 'hashes')

const isReference = (path: Comparison['path']): boolean =>
  typeof path[0] === 'string' && /^(?:dst|src)_ref$/i.test(path[0])

/** MISP's exporters write quotes as words such as `##APOSTROPHE##`, and Sekoia's action for MISP keeps these. */
const textOf = ({ kind, value }: Literal): string =>
  kind === 'binary'
    ? value.toString('hex')
    : String(value).replaceAll('##APOSTROPHE##', "'").replaceAll('##QUOTE##', '"')
