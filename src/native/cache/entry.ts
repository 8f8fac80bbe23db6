import type { RawAnswer } from '../../kernel/raw-upstream.ts'

/** An answer of Sekoia as it is kept. */
export interface Entry {
  /** When Sekoia gave it, ms since the epoch. */
  readonly at: number
  /** True: nothing was found. */
  readonly isMiss: boolean
  readonly answer: RawAnswer
}

interface Head extends Omit<RawAnswer, 'body'> {
  readonly at: number
  readonly isMiss: boolean
}

/** A line of JSON, and the body. */
export function encodeEntry({ at, isMiss, answer }: Entry): Buffer {
  const { body, ...rest } = answer
  return Buffer.concat([Buffer.from(`${JSON.stringify({ at, isMiss, ...rest })}\n`), body])
}

/** Undefined for what is no entry. */
export function decodeEntry(bytes: Buffer): Entry | undefined {
  const end = bytes.indexOf(0x0a)
  try {
    const head = JSON.parse(bytes.toString('utf8', 0, Math.max(0, end))) as Head
    const { at, isMiss, status, contentType, cursor } = head
    return { at, isMiss, answer: { status, contentType, cursor, body: bytes.subarray(end + 1) } }
  } catch {
    return undefined
  }
}
