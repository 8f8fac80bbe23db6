import { crc32 } from 'node:zlib'
import { type DeflatedPart, deflatePart } from '../kernel/deflated-part.ts'
import { combineCrc32 } from './crc32.ts'

/** RFC 1952 §2.3: deflate, no name, no time, system unknown. */
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])

/** RFC 1951 §3.2.3: the last block, with fixed codes and nothing in it. */
const lastBlock = Buffer.from([3, 0])

/** Up to so many bytes are left as they are. */
const maxStored = 1024

/**
 * One gzip member (RFC 1952) out of pieces of which some are deflated already. Many clients read the first member
 * alone, so that several members one after the other would lose them the rest.
 */
export async function toGzipMember(parts: readonly (Buffer | DeflatedPart)[]): Promise<Buffer> {
  const deflated = await Promise.all(joined(parts).map(toDeflated))
  const trailer = Buffer.alloc(8)
  const crc = deflated.reduce((sum, { crc, length }) => combineCrc32(sum, crc, length), 0)
  const length = deflated.reduce((sum, { length }) => sum + length, 0)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(length % 2 ** 32, 4)
  const blocks = deflated.map(({ deflated }) => deflated)
  return Buffer.concat([header, ...blocks, lastBlock, trailer])
}

/** The same with neighbours that are not deflated in one piece each. */
function joined(parts: readonly (Buffer | DeflatedPart)[]): (Buffer | DeflatedPart)[] {
  const all: (Buffer | DeflatedPart)[] = []
  let plain: Buffer[] = []
  const flush = () => {
    if (plain.length > 0) all.push(plain.length === 1 ? plain[0]! : Buffer.concat(plain))
    plain = []
  }
  for (const part of parts) {
    if (Buffer.isBuffer(part)) plain.push(part)
    else {
      flush()
      all.push(part)
    }
  }
  flush()
  return all
}

async function toDeflated(part: Buffer | DeflatedPart): Promise<DeflatedPart> {
  if (!Buffer.isBuffer(part)) return part
  if (part.length > maxStored) return deflatePart(part)
  return { deflated: storedBlock(part), length: part.length, crc: crc32(part) }
}

/** A block that is not compressed (RFC 1951 §3.2.4). @param content at most 65,535 bytes. */
function storedBlock(content: Buffer): Buffer {
  const block = Buffer.alloc(5 + content.length)
  block.writeUInt16LE(content.length, 1)
  block.writeUInt16LE(content.length ^ 0xffff, 3)
  content.copy(block, 5)
  return block
}
