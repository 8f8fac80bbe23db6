import { algorithmByLength } from '../values/file-hashes.ts'

/** The names of algorithms that stand before digits, as in `sha256:…`; and what C writes before a number. */
const prefix = /^(?:0x|(?:md5|sha-?\d+)[:=]\s*)/i

/**
 * The digits of a hash without what tools put before them and between them: `0x…`, `sha256:…`, `01:23:…`. What they
 * are not the digits of stays as it is.
 */
export function plainDigits(text: string): string {
  const trimmed = text.trim()
  const digits = trimmed.replace(prefix, '').replace(/[\s:-]/g, '')
  const isHash = Object.hasOwn(algorithmByLength, digits.length) && /^[0-9a-f]+$/i.test(digits)
  return isHash ? digits : trimmed
}

/** What the program ssdeep prints behind a hash. */
const printedName = /,"[^"]*"$/

export const plainSsdeep = (text: string): string => text.trim().replace(printedName, '')
