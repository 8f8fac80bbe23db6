import { createHash } from 'node:crypto'
import { isComposite } from './categories.ts'
import { toLower } from './stored-value.ts'

/** Which values MISP looks for in the quick cache, and how it hashes them (MISP-1.3). */

const neverCorrelated = new Set([
  ...['comment', 'http-method', 'port', 'counter', 'integer', 'float', 'boolean', 'gender'],
  ...['nationality', 'aba-rtn', 'cortex', 'anonymised']
])
const firstPartOnly = new Set(['ip-src|port', 'ip-dst|port', 'hostname|port'])

export const isCorrelated = (type: string): boolean => !neverCorrelated.has(type)

/** The texts of a value, one for each of its parts that count. */
export function hashedParts(type: string, value: string): string[] {
  if (!isCorrelated(type)) return []
  const parts = isComposite(type) ? value.split('|') : [value]
  return firstPartOnly.has(type) ? parts.slice(0, 1) : parts
}

/** Both look-up paths: the event view hashes the stored value, the search page the lower-cased input. */
export const hashedSpellings = (part: string): string[] => [...new Set([part, toLower(part)])]

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
