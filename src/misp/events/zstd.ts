import { promisify } from 'node:util'
import {
  type ZstdOptions,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync
} from 'node:zlib'

/** Small pieces at once, where another thread would take longer, and large ones on that thread (decision 0016). */

/** Bytes to compress in some one and a half milliseconds. */
const maxCompressedAtOnce = 256 * 1024
/** Compressed bytes; ten times as many come out of them. */
const maxUnpackedAtOnce = 64 * 1024

const compressAside = promisify(zstdCompress)
const unpackAside = promisify(zstdDecompress)

export const compress = async (bytes: Buffer, options: ZstdOptions = {}): Promise<Buffer> =>
  bytes.length > maxCompressedAtOnce
    ? compressAside(bytes, options)
    : zstdCompressSync(bytes, options)

/** Throws what zstd does of damaged bytes. */
export const decompress = async (bytes: Buffer): Promise<Buffer> =>
  bytes.length > maxUnpackedAtOnce ? unpackAside(bytes) : zstdDecompressSync(bytes)
