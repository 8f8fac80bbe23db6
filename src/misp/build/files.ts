import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** A published file as stored: compressed, in the form that is sent to clients that accept it. */
export interface StoredFile {
  /** Of an event: its timestamp, epoch seconds; otherwise 0. */
  readonly timestamp: number
  readonly zstd: Buffer
}

const headBytes = 4

export function encodeFile(text: string, timestamp: number): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt32BE(timestamp)
  return Buffer.concat([head, zstdCompressSync(text)])
}

export const decodeFile = (stored: Buffer): StoredFile => ({
  timestamp: stored.readUInt32BE(0),
  zstd: stored.subarray(headBytes)
})

/** The bytes of the file itself. */
export const unpack = ({ zstd }: StoredFile): Buffer => zstdDecompressSync(zstd)
