/** Several pieces of bytes in one buffer of their own, which is moved between threads as a whole. */
export interface Moved {
  readonly buffer: ArrayBuffer
  /** In their order, as parts of `buffer`. */
  readonly pieces: readonly Buffer[]
}

/** Copies: the pieces may be parts of what others use. */
export function together(pieces: readonly Buffer[]): Moved {
  const buffer = new ArrayBuffer(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  const copies = pieces.map(piece => {
    const copy = Buffer.from(buffer, at, piece.length)
    at += piece.copy(copy)
    return copy
  })
  return { buffer, pieces: copies }
}

/** What was moved comes as plain arrays of bytes. */
export const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)
