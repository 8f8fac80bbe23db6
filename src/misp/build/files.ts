import { compress, decompress } from '../events/zstd.ts'

/** A published file as stored: compressed, in the form that is sent to clients that accept it. */
export interface StoredFile {
  /** Of an event: its timestamp, epoch seconds; otherwise 0. */
  readonly timestamp: number
  readonly zstd: Buffer
}

const headBytes = 4

export async function encodeFile(bytes: Buffer, timestamp: number): Promise<Buffer> {
  const head = Buffer.alloc(headBytes)
  head.writeUInt32BE(timestamp)
  return Buffer.concat([head, await compress(bytes)])
}

export const decodeFile = (stored: Buffer): StoredFile => ({
  timestamp: stored.readUInt32BE(0),
  zstd: stored.subarray(headBytes)
})

/** The bytes of the file itself. */
export const unpack = ({ zstd }: StoredFile): Promise<Buffer> => decompress(zstd)
