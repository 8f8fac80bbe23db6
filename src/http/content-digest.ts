import { createHash, hash } from 'node:crypto'
import type { Chunk } from '../kernel/chunk.ts'

/** Hashing fewer bytes costs less than remembering the digest. */
const minRemembered = 64 * 1024
/** Most slices remembered for one piece of memory, such as a segment that is cut into pages. */
const maxSlices = 32

const remembered = new WeakMap<ArrayBufferLike, Map<string, string>>()

/**
 * A digest of content in pieces, 64 hex digits. The bytes must never change. Equal digests mean equal content. Large
 * slices of the same memory are hashed once: popular pages are slices of segments that stay in memory.
 */
export function digestOf(pieces: readonly Chunk[]): string {
  const small = createHash('sha256')
  const shape: (number | string)[] = []
  for (const piece of pieces) {
    if (!Buffer.isBuffer(piece)) shape.push(piece.digest())
    else if (piece.length >= minRemembered) shape.push(digestOfSlice(piece))
    else {
      small.update(piece)
      shape.push(piece.length)
    }
  }
  return hash('sha256', JSON.stringify([small.digest('hex'), shape]))
}

function digestOfSlice(bytes: Buffer): string {
  const slices = remembered.get(bytes.buffer) ?? new Map<string, string>()
  remembered.set(bytes.buffer, slices)
  const place = `${bytes.byteOffset}+${bytes.length}`
  const digest = slices.get(place) ?? hash('sha256', bytes)
  slices.delete(place)
  slices.set(place, digest)
  if (slices.size > maxSlices) slices.delete(slices.keys().next().value!)
  return digest
}
