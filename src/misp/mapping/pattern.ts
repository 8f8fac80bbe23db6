import type { StixObject } from '../../stix/object.ts'
import type { Comparison } from '../../stix/pattern/ast.ts'
import { parsePattern } from '../../stix/pattern/parse.ts'
import { toTerms } from '../../stix/pattern/terms.ts'
import { maxBytes, normalise, type ValueTypeName } from './attribute-types.ts'
import { type Equality, maxAlternatives, toEqualities } from './equalities.ts'
import type { Mapped, MispValue } from './model.ts'
import { distinct, failed, isFileHash, mapFacts, mapHashes, type Outcome, typed } from './terms.ts'

/** Types of MISP for patterns of other languages. */
const ruleTypes: Readonly<Record<string, ValueTypeName>> = {
  yara: 'yara',
  sigma: 'sigma',
  snort: 'snort',
  suricata: 'snort'
}

/**
 * An indicator in MISP's terms (MISP-3.1); it never throws. What cannot be said in them goes out as a
 * `stix2-pattern` that holds the whole pattern, beside those of its alternatives that can.
 */
export function mapIndicator(indicator: StixObject): Mapped {
  const { pattern, pattern_type: language } = indicator
  if (typeof pattern !== 'string') return fallBack('', failed('no-pattern'))
  const name = typeof language === 'string' && language !== '' ? language.toLowerCase() : 'stix'
  if (name === 'stix') return mapPattern(pattern)
  const type = Object.hasOwn(ruleTypes, name) ? ruleTypes[name] : undefined
  const value = type && whole(type, pattern, true)
  if (value) return { attributes: [value], objects: [], fallback: undefined }
  return fallBack(pattern, failed(type ? 'refused-value' : 'pattern-type'))
}

function mapPattern(text: string): Mapped {
  const pattern = parsePattern(text)
  if (pattern.kind === 'refused') return fallBack(text, failed('unparsed'))
  const outcome = mapTerms(toTerms(pattern))
  return outcome.reason ? fallBack(text, outcome) : { ...outcome, fallback: undefined }
}

function mapTerms(terms: readonly (readonly Comparison[])[] | undefined): Outcome {
  const read = terms?.map(toEqualities) ?? []
  const alternatives = read.flatMap(facts => (typeof facts === 'string' ? [] : facts))
  if (!terms || alternatives.length > maxAlternatives) return failed('structure')
  const isHash = (facts: readonly Equality[]) => facts.length === 1 && isFileHash(facts[0]!)
  return unite([
    ...read.filter(facts => typeof facts === 'string').map(failed),
    ...alternatives.filter(facts => !isHash(facts)).map(mapFacts),
    mapHashes(alternatives.filter(isHash).flat())
  ])
}

function unite(outcomes: readonly Outcome[]): Outcome {
  const reason = outcomes.find(outcome => outcome.reason)?.reason
  return {
    attributes: distinct(outcomes.flatMap(({ attributes }) => attributes)),
    objects: distinct(outcomes.flatMap(({ objects }) => objects)),
    ...(reason && { reason })
  }
}

/** The pattern itself, beside what was mapped of it. */
function fallBack(pattern: string, { attributes, objects, reason }: Outcome): Mapped {
  const value = whole('stix2-pattern', pattern, false)
  if (value) return { attributes: [...attributes, value], objects, fallback: reason }
  const isLong = Buffer.byteLength(pattern) > maxBytes
  return { attributes, objects, fallback: isLong ? 'too-long' : 'no-pattern' }
}

function whole(type: ValueTypeName, text: string, toIds: boolean): MispValue | undefined {
  const value = normalise(type, text)
  return value === undefined ? undefined : typed(type, value, toIds)
}
