import { promisify } from 'node:util'
import zlib, { constants, crc32 } from 'node:zlib'

/** Content as raw deflate (RFC 1951) that refers to nothing before it, holds no last block and ends with a whole byte. */
export interface DeflatedPart {
  readonly deflated: Buffer
  /** Of the content, in bytes. */
  readonly length: number
  /** CRC-32 of the content, as gzip has it (RFC 1952 §2.3.1). */
  readonly crc: number
}

const deflateRaw = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.deflateRaw)

/** A full flush ends with a whole byte, and lets what follows refer to nothing before it. */
const options = { level: 1, finishFlush: constants.Z_FULL_FLUSH }

/** Deflates off the main thread, at the level of gzip answers. */
export async function deflatePart(content: Buffer): Promise<DeflatedPart> {
  const deflated = await deflateRaw(content, options)
  return { deflated, length: content.length, crc: crc32(content) }
}
