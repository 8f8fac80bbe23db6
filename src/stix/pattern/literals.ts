import { isTimestamp } from '../timestamp.ts'
import type { Literal } from './ast.ts'

/** The literals of a pattern but the string, each undefined when its text is not valid. */

type Read = (content: string) => Literal | undefined

const hex = /^(?:[0-9A-Fa-f]{2})*$/
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

/** What stands between the quotes, by the letter before them. */
export const prefixed: ReadonlyMap<string, Read> = new Map([
  ['h', toHex],
  ['b', toBase64],
  ['t', toTimestamp]
])

function toHex(content: string): Literal | undefined {
  return hex.test(content) ? { kind: 'binary', value: Buffer.from(content, 'hex') } : undefined
}

/** Padded, and at least one byte. */
function toBase64(content: string): Literal | undefined {
  if (content.length % 4 !== 0 || !base64.test(content)) return undefined
  return { kind: 'binary', value: Buffer.from(content, 'base64') }
}

/** RFC 3339 in UTC, its letters in upper case. */
export function toTimestamp(content: string): Literal | undefined {
  const isStix = content[10] === 'T' && content.endsWith('Z') && isTimestamp(content)
  return isStix ? { kind: 'timestamp', value: content } : undefined
}

/** An integer beyond STIX's 54 bits is none, as it would silently become another one; minus zero is zero. */
export function toNumber(text: string): Literal | undefined {
  const value = Number(text)
  const isFloat = text.includes('.')
  const isValid = isFloat
    ? Number.isFinite(value)
    : isCanonical(text) && Number.isSafeInteger(value)
  return isValid ? { kind: 'number', value: value || 0 } : undefined
}

const isCanonical = (integer: string): boolean => !/^[+-]?0\d/.test(integer)
