import { createHash, hash } from 'node:crypto'

/** Below this many bytes, hashing costs less than remembering. */
const minRemembered = 64 * 1024
/** Slices remembered of one piece of memory: as many cuts of a segment as are asked for at a time. */
const maxSlices = 32

const remembered = new WeakMap<ArrayBufferLike, Map<string, string>>()

/**
 * A digest of pieces of content whose bytes never change, 64 hex digits; equal only when the pieces joined are. Large
 * slices of the same memory are hashed once: pages that are asked for again and again are slices of segments that
 * stay in memory.
 */
export function digestOf(pieces: readonly Buffer[]): string {
  const small = createHash('sha256')
  const shape: (number | string)[] = []
  for (const piece of pieces) {
    if (piece.length < minRemembered) small.update(piece)
    shape.push(piece.length < minRemembered ? piece.length : digestOfSlice(piece))
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
