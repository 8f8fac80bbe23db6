import { promisify } from 'node:util'
import zlib, { crc32 } from 'node:zlib'
import type { Entry } from '../../kernel/ports.ts'
import { BodyContent, partCount } from './body-content.ts'
import { type EntryList, PackedIndex } from './packed-index.ts'
import { findParts } from './stored-parts.ts'

const zstd = promisify(zlib.zstdCompress)
const params = { [zlib.constants.ZSTD_c_compressionLevel]: 1 }

/** Room for all that comes out, as a rule, in one piece: each further piece is a turn of the event loop. */
const compress = (bytes: Buffer): Promise<Buffer> =>
  zstd(bytes, { params, chunkSize: Math.max(16 * 1024, bytes.length >> 3) })

/** Objects as they lie in a segment: their bytes joined by single commas, and an index over them. */
export interface Body {
  readonly bytes: Buffer
  readonly entries: EntryList
  /** The bytes again, and what else is held of them; `bytes` may be unpacked when they are first asked for. */
  readonly content?: BodyContent
}

/** A body with its dates: what reading works on. */
export interface Segment extends PackedBody {
  readonly no: number
  /** date_added of each entry, ascending, ms since the epoch. */
  readonly dates: Float64Array
  /** Natural date of each entry; the date itself where the object has no usable time. */
  readonly naturals: Float64Array
}

/** A body as it came out of a store. */
export interface StoredBody extends PackedBody {
  /** Names the rules under which its objects were repaired; undefined in bodies of the version before. */
  readonly rules: string | undefined
}

/** A body with its index packed, and what it was made for. */
export interface PackedBody extends Body {
  readonly entries: PackedIndex
  /** The `stamp` of its head. */
  readonly stamp: string
  /** The `count` of the head it was made for: objects that moved away since are missing from `entries`. */
  readonly of: number
}

/** A segment over these bytes, which are not unpacked before they are asked for. */
export const segmentOf = (
  content: BodyContent,
  { no, stamp, of, entries, dates, naturals }: Omit<Segment, 'bytes' | 'content'>
): Segment => ({
  no,
  stamp,
  of,
  entries,
  dates,
  naturals,
  content,
  get bytes() {
    return content.bytes
  }
})

/** The bytes of a body, and what is held of them. */
export const contentOf = (body: Body): BodyContent =>
  body.content ?? new BodyContent({ bytes: body.bytes })

/** What a segment costs in memory, in bytes: the objects, their index and dates, and a little for itself. */
export const segmentCost = ({ entries, content }: Segment): number => {
  const bytes = entries.bodyLength + entries.bytes.length + (content?.packedBytes ?? 0)
  return bytes + entries.length * 24 + 2000
}

/** One body out of the chosen entries of another, in the same order. */
export function pick(body: Body, keep: (entry: Entry, index: number) => boolean): Body {
  const order: number[] = []
  let i = 0
  for (const entry of body.entries) {
    if (keep(entry, i)) order.push(i)
    i++
  }
  return arrange(body, order)
}

/** One body out of the entries at these indexes of another, in the order given. */
export function arrange(body: Body, order: readonly number[]): Body {
  if (order.length === body.entries.length && order.every((from, to) => from === to)) return body
  const buffers: Buffer[] = []
  let offset = 0
  const entries = order.map(i => {
    const entry = body.entries.at(i)!
    if (offset > 0) buffers.push(comma)
    buffers.push(sliceOf(body, entry))
    const placed = { ...entry, offset }
    offset += entry.length + 1
    return placed
  })
  return { bytes: Buffer.concat(buffers), entries }
}

/** Two bodies one after the other. */
export function concat(first: Body, second: Body): Body & { readonly entries: readonly Entry[] } {
  const shift = first.entries.length === 0 ? 0 : first.bytes.length + 1
  const joint = shift > 0 && second.entries.length > 0 ? [comma] : []
  return {
    bytes: Buffer.concat([first.bytes, ...joint, second.bytes]),
    entries: [
      ...first.entries,
      ...Array.from(second.entries, entry => ({ ...entry, offset: entry.offset + shift }))
    ]
  }
}

export const sliceOf = (body: Body, { offset, length }: Pick<Entry, 'offset' | 'length'>): Buffer =>
  body.bytes.subarray(offset, offset + length)

const comma = Buffer.from(',')

/** Begins each stored body; another number is another form. */
const form = 0x3267_6573

const prefixBytes = 20

/**
 * A body as bytes for a store. Five numbers, 32 bits each: the form, the length of the title, the lengths of the index
 * compressed and as it is, and the length of the objects. Then the title (stamp, count, rules, JSON), the index (see
 * {@link PackedIndex}) and the objects, each of these two compressed by zstd on its own.
 */
export async function encodeBody(
  { of, stamp, bytes, entries, content }: PackedBody,
  rules: string
): Promise<Buffer> {
  const [index, objects] = await Promise.all([compress(entries.bytes), compress(bytes)])
  const title = Buffer.from(JSON.stringify([stamp, of, rules]))
  const prefix = Buffer.alloc(prefixBytes)
  const lengths = [title.length, index.length, entries.bytes.length, bytes.length]
  for (const [i, number] of [form, ...lengths].entries()) prefix.writeUInt32LE(number, i * 4)
  const body = Buffer.concat([prefix, title, index, objects])
  if (content) content.storedCrc = crc32(body)
  return body
}

/**
 * The body of {@link encodeBody}, perhaps with its deflated parts behind it. Throws when the bytes are not one. A body
 * with parts is unpacked when its bytes are asked for: gzip answers do without. That it can be, its checksum tells.
 */
export async function decodeBody(stored: Buffer): Promise<StoredBody> {
  const [first, titleBytes, packedBytes, indexBytes, objectBytes] = numbersOf(stored)
  if (first !== form) throw new Error('a stored body is of a form this version does not know')
  const found = findParts(stored)
  if (found?.isSound === false) throw new Error('a stored body is damaged')
  const titleEnd = prefixBytes + titleBytes!
  const indexEnd = titleEnd + packedBytes!
  const entries = new PackedIndex(
    await decompress(stored.subarray(titleEnd, indexEnd), indexBytes!)
  )
  const parts = found?.parts?.length === partCount(entries.length) ? found.parts : undefined
  const objects = stored.subarray(indexEnd, found?.start)
  const unpack = () => decompressHere(objects, objectBytes!)
  const isLeft = parts !== undefined && objectBytes! <= maxInPlace
  const bytes = isLeft ? unpack : await decompress(objects, objectBytes!)
  const length = typeof bytes === 'function' ? objectBytes : bytes.length
  if (length !== entries.bodyLength) throw new Error('a stored body is not what its index says')
  const [stamp, of, rules] = JSON.parse(stored.toString('utf8', prefixBytes, titleEnd))
  const content = new BodyContent({ bytes, parts, packedBytes: parts ? stored.length : 0 })
  if (!parts) content.storedCrc = crc32(stored)
  return {
    stamp,
    of,
    rules,
    entries,
    content,
    get bytes() {
      return content.bytes
    }
  }
}

const numbersOf = (stored: Buffer): number[] =>
  Array.from({ length: prefixBytes / 4 }, (_, i) => stored.readUInt32LE(i * 4))

/** Up to so many bytes it costs more to hand the work to another thread than to do it. */
const maxInPlace = 4 * 1024 * 1024

const decompressElsewhere = promisify(zlib.zstdDecompress)

/** A little, to see that it is the end. */
const room = 64

/** All in one piece: it stays in memory as it comes out. */
async function decompress(compressed: Buffer, bytes: number): Promise<Buffer> {
  return bytes <= maxInPlace
    ? decompressHere(compressed, bytes)
    : decompressElsewhere(compressed, { chunkSize: bytes + room })
}

const decompressHere = (compressed: Buffer, bytes: number): Buffer =>
  zlib.zstdDecompressSync(compressed, { chunkSize: bytes + room })
