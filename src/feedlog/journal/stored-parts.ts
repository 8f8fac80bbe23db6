import { crc32 } from 'node:zlib'
import type { HeldPart } from './body-content.ts'

/**
 * The deflated parts of a body behind the body in a store, in a frame that zstd skips (RFC 8878 §3.1.2): to a gateway
 * that does not know of parts it is the body alone.
 *
 * Numbers of 32 bits, little-endian. The frame: its magic number, the length of what follows; the parts deflated, one
 * after the other; of each part its length deflated, its length, its CRC-32 and its SHA-256; then the number of parts,
 * the CRC-32 of the body, that of the frame so far, the length of the whole frame, and the form.
 */

const skippable = 0x184d_2a5d

/** Ends each such frame; another number is another form. */
const form = 0x3170_7a67

const prefixBytes = 8
const rowBytes = 44
const suffixBytes = 20

/** What to store in the place of a body, once its parts are known. */
export function withParts(body: Buffer, parts: readonly HeldPart[]): Buffer {
  const deflated = parts.map(part => part.deflated)
  const length = deflated.reduce((sum, bytes) => sum + bytes.length, frameBytes(parts.length))
  const prefix = numbers(skippable, length - prefixBytes)
  const counts = numbers(parts.length, crc32(body))
  const frame = [prefix, ...deflated, ...parts.map(toRow), counts]
  const crc = frame.reduce((sum, bytes) => crc32(bytes, sum), 0)
  return Buffer.concat([body, ...frame, numbers(crc, length, form)])
}

export interface FoundParts {
  /** Where the frame begins: the body ends there. */
  readonly start: number
  /** Undefined when they are damaged. */
  readonly parts: readonly HeldPart[] | undefined
  /** False when the body is not the one that the parts were made of. */
  readonly isSound: boolean
}

/** The parts behind a stored body; undefined when there are none. */
export function findParts(stored: Buffer): FoundParts | undefined {
  const end = stored.length
  if (end < suffixBytes || stored.readUInt32LE(end - 4) !== form) return undefined
  const start = end - stored.readUInt32LE(end - 8)
  if (start < 0 || end - start < frameBytes(0) || stored.readUInt32LE(start) !== skippable)
    return undefined
  if (crc32(stored.subarray(start, end - 12)) !== stored.readUInt32LE(end - 12))
    return { start, parts: undefined, isSound: true }
  const isSound = crc32(stored.subarray(0, start)) === stored.readUInt32LE(end - 16)
  return { start, parts: readParts(stored, start), isSound }
}

function readParts(stored: Buffer, start: number): HeldPart[] {
  const rowsEnd = stored.length - suffixBytes
  const count = stored.readUInt32LE(rowsEnd)
  let from = start + prefixBytes
  return Array.from({ length: count }, (_, no) => {
    const at = rowsEnd - (count - no) * rowBytes
    const deflated = stored.subarray(from, from + stored.readUInt32LE(at))
    from += deflated.length
    return {
      deflated,
      length: stored.readUInt32LE(at + 4),
      crc: stored.readUInt32LE(at + 8),
      digest: stored.toString('hex', at + 12, at + rowBytes)
    }
  })
}

const frameBytes = (count: number): number => prefixBytes + count * rowBytes + suffixBytes

function toRow({ deflated, length, crc, digest }: HeldPart): Buffer {
  return Buffer.concat([numbers(deflated.length, length, crc), Buffer.from(digest, 'hex')])
}

function numbers(...all: number[]): Buffer {
  const bytes = Buffer.alloc(all.length * 4)
  for (const [i, number] of all.entries()) bytes.writeUInt32LE(number, i * 4)
  return bytes
}
