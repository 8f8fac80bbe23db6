import { algorithmByLength } from '../values/file-hashes.ts'

/** Prefixes of digits: the name of an algorithm, as in `sha256:…`, or `0x`. */
const prefix = /^(?:0x|(?:md5|sha-?\d+)[:=]\s*)/i

/**
 * The digits of a hash without the prefixes and separators that tools write: `0x…`, `sha256:…`, `01:23:…`. A text
 * that is not a hash of a known length is only trimmed.
 */
export function plainDigits(text: string): string {
  const trimmed = text.trim()
  const digits = trimmed.replace(prefix, '').replace(/[\s:-]/g, '')
  const isHash = Object.hasOwn(algorithmByLength, digits.length) && /^[0-9a-f]+$/i.test(digits)
  return isHash ? digits : trimmed
}

/** The program ssdeep prints the name of the file after the hash. */
const printedName = /,"[^"]*"$/

export const plainSsdeep = (text: string): string => text.trim().replace(printedName, '')
