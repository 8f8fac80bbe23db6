import { lowerAscii } from '../mapping/values/text.ts'

/** Types that MISP never correlates: it never looks them up. */
const unseen: ReadonlySet<string> = new Set([
  'aba-rtn',
  'anonymised',
  'boolean',
  'comment',
  'cortex',
  'counter',
  'float',
  'gender',
  'http-method',
  'integer',
  'nationality',
  'port'
])

/** Composites of which MISP looks up the first part alone. */
const firstOnly: ReadonlySet<string> = new Set(['ip-src|port', 'ip-dst|port', 'hostname|port'])

/**
 * What of an attribute has its md5 in `hashes.csv` (MISP-1.3). The parts of a composite stand apart, and a
 * part with capitals stands twice: MISP's page for searching caches makes what it is given lower case, the view of
 * an event does not.
 * @param value as `normalise` gave it
 */
export function hashedParts(type: string, value: string): string[] {
  if (unseen.has(type)) return []
  const parts = type.includes('|') ? value.split('|') : [value]
  const seen = firstOnly.has(type) ? parts.slice(0, 1) : parts
  return [...new Set(seen.flatMap(part => [part, lowerAscii(part)]))]
}
