import type { Mapped } from '../model.ts'
import { maxBytes, normalise, type ValueTypeName } from '../values/attribute-types.ts'
import { typed } from './mapped-part.ts'

/** Patterns of other languages than STIX. */

/** Types of MISP for them, by the word of `pattern_type` (STIX 2.1 §10.9). */
const ruleTypes: Readonly<Record<string, ValueTypeName>> = {
  yara: 'yara',
  sigma: 'sigma',
  snort: 'snort',
  snort2: 'snort',
  snort3: 'snort',
  suricata: 'snort',
  zeek: 'zeek',
  bro: 'zeek',
  kql: 'kusto-query',
  'kusto-query': 'kusto-query'
}

/** Types that have no `to_ids` by default in MISP's describeTypes. */
const unwatched: ReadonlySet<string> = new Set(['kusto-query'])

/** How tools name STIX. */
const stixName = /^stix[ -]?(?:2(?:\.[01])?)?$/

/** Languages by the form of their rules, for patterns without a `pattern_type`: all expressions must match. */
const looks: readonly (readonly [language: string, ...RegExp[]])[] = [
  ['yara', /^\s*(?:import\s+"[^"]*"\s*)*(?:(?:private|global)\s+)*rule\s+\w+\s*(?::[^{]*)?\{/],
  ['snort', /^\s*(?:alert|drop|reject|pass|log)\s+(?:tcp|udp|icmp|ip|http|dns|tls)\s/],
  ['sigma', /^(?:title|id|status):\s/m, /^detection:\s/m]
]

/** The language of a pattern in lower case. All names of STIX become `stix`. */
export function languageOf(type: unknown, pattern: string): string {
  const name = typeof type === 'string' ? type.trim().toLowerCase() : ''
  if (stixName.test(name)) return 'stix'
  if (name !== '') return name
  const look = looks.find(([, ...shapes]) => shapes.every(shape => shape.test(pattern)))
  return look?.[0] ?? 'stix'
}

/** Maps a rule to MISP's type for its language, or to a text whose comment names the language (MP-9). */
export function mapRule(language: string, pattern: string): Mapped {
  const type = Object.hasOwn(ruleTypes, language) ? ruleTypes[language] : undefined
  const text = type ? withoutBrackets(pattern) : pattern
  const value = normalise(type ?? 'text', text)
  if (value === undefined) {
    const isLong = Buffer.byteLength(text) > maxBytes
    return { attributes: [], objects: [], fallback: isLong ? 'too-long' : 'no-pattern' }
  }
  if (type) {
    const rule = typed(type, value, !unwatched.has(type))
    return { attributes: [rule], objects: [], fallback: undefined }
  }
  return {
    attributes: [typed('text', value, false)],
    objects: [],
    fallback: 'pattern-type',
    unsaid: [`pattern_type ${language.slice(0, 40)}`]
  }
}

/** MISP's own export puts rules of other languages between brackets (MP-10). */
function withoutBrackets(pattern: string): string {
  const text = pattern.trim()
  return text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : pattern
}
