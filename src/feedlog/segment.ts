import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { Entry } from '../kernel/ports.ts'

const zstd = promisify(zlib.zstdCompress)
const decompress = promisify(zlib.zstdDecompress)
const params = { [zlib.constants.ZSTD_c_compressionLevel]: 1 }

/** Room for all that comes out, as a rule, in one piece: each further piece is a turn of the event loop. */
const compress = (bytes: Buffer): Promise<Buffer> =>
  zstd(bytes, { params, chunkSize: Math.max(16 * 1024, bytes.length >> 3) })

/** Objects as they lie in a segment: their bytes joined by single commas, and an index over them. */
export interface Body {
  readonly bytes: Buffer
  readonly entries: readonly Entry[]
}

/** A body with its dates: what reading works on. */
export interface Segment extends Body {
  readonly no: number
  /** The `stamp` of its head. */
  readonly stamp: string
  /** The `count` of the head it was made for: objects that moved away since are missing from `entries`. */
  readonly of: number
  /** date_added of each entry, ascending, ms since the epoch. */
  readonly dates: readonly number[]
  /** Natural date of each entry; the date itself where the object has no usable time. */
  readonly naturals: readonly number[]
  /** For each entry: 0 = the only one of its id here, bit 1 = a later one follows, bit 2 = an earlier one precedes. */
  readonly repeats: Uint8Array
}

export const hasLater = 1
export const hasEarlier = 2

/** Marks entries whose id occurs more than once in the segment. */
export function findRepeats(entries: readonly Entry[]): Uint8Array {
  const repeats = new Uint8Array(entries.length)
  const latest = new Map<string, number>()
  for (let i = 0; i < entries.length; i++) {
    const before = latest.get(entries[i]!.id)
    if (before !== undefined) {
      repeats[before]! |= hasLater
      repeats[i]! |= hasEarlier
    }
    latest.set(entries[i]!.id, i)
  }
  return repeats
}

/** Roughly what a segment costs in memory, in bytes: the objects, and the index's strings and numbers. */
export const segmentCost = (segment: Segment): number =>
  segment.bytes.length + segment.entries.length * 350 + 1000

/** The same thing said about the same object: its id and the time Sekoia gave it. */
export const entryKey = (entry: Pick<Entry, 'id' | 'time'>): string =>
  `${entry.id}|${entry.time ?? ''}`

/** One body out of the chosen entries of another, in the same order. */
export function pick(body: Body, keep: (entry: Entry, index: number) => boolean): Body {
  return arrange(
    body,
    body.entries.flatMap((entry, i) => (keep(entry, i) ? [i] : []))
  )
}

/** One body out of the entries at these indexes of another, in the order given. */
export function arrange(body: Body, order: readonly number[]): Body {
  if (order.length === body.entries.length && order.every((from, to) => from === to)) return body
  return join(order.map(i => ({ entry: body.entries[i]!, bytes: sliceOf(body, body.entries[i]!) })))
}

/** Two bodies one after the other. */
export function concat(first: Body, second: Body): Body {
  if (first.entries.length === 0) return second
  if (second.entries.length === 0) return first
  const shift = first.bytes.length + 1
  return {
    bytes: Buffer.concat([first.bytes, comma, second.bytes]),
    entries: [...first.entries, ...second.entries.map(e => ({ ...e, offset: e.offset + shift }))]
  }
}

export const sliceOf = (body: Body, entry: Entry): Buffer =>
  body.bytes.subarray(entry.offset, entry.offset + entry.length)

const comma = Buffer.from(',')

function join(parts: readonly { readonly entry: Entry; readonly bytes: Buffer }[]): Body {
  const buffers: Buffer[] = []
  let offset = 0
  const entries = parts.map(({ entry, bytes }, i) => {
    if (i > 0) buffers.push(comma)
    buffers.push(bytes)
    const placed = { ...entry, offset }
    offset += bytes.length + 1
    return placed
  })
  return { bytes: Buffer.concat(buffers), entries }
}

/** A body as it came out of a store. */
export interface StoredBody extends Body {
  readonly of: number
  readonly stamp: string
}

interface StoredIndex {
  readonly of: number
  readonly stamp: string
  readonly ids: readonly string[]
  readonly types: readonly string[]
  readonly type: readonly number[]
  readonly times: readonly (string | null)[]
  /** Where they differ from `times`: [index, text or null]. */
  readonly modified: readonly (readonly [number, string | null])[]
  readonly created: readonly (string | null)[]
  readonly specs: readonly (string | null)[]
  readonly spec: readonly number[]
  readonly lengths: readonly number[]
}

const headBytes = 8

/**
 * A body as bytes for a store: the length of the compressed index, the length of the objects, the index (JSON by
 * column) and the objects, each compressed by zstd on its own.
 */
export async function encodeBody(body: StoredBody): Promise<Buffer> {
  const plainIndex = Buffer.from(
    JSON.stringify({ of: body.of, stamp: body.stamp, ...toColumns(body.entries) })
  )
  const [index, bytes] = await Promise.all([compress(plainIndex), compress(body.bytes)])
  const head = Buffer.alloc(headBytes)
  head.writeUInt32LE(index.length)
  head.writeUInt32LE(body.bytes.length, 4)
  return Buffer.concat([head, index, bytes])
}

/** The body of {@link encodeBody}. Throws when the bytes are not one. */
export async function decodeBody(stored: Buffer): Promise<StoredBody> {
  const indexEnd = headBytes + stored.readUInt32LE(0)
  // In one piece, with room to see the end: the objects stay in memory as they come out.
  const chunkSize = stored.readUInt32LE(4) + 64
  const [index, bytes] = await Promise.all([
    decompress(stored.subarray(headBytes, indexEnd), { chunkSize: indexEnd * 8 }),
    decompress(stored.subarray(indexEnd), { chunkSize })
  ])
  const columns = JSON.parse(index.toString()) as StoredIndex
  return { of: columns.of, stamp: columns.stamp, bytes, entries: fromColumns(columns) }
}

function toColumns(entries: readonly Entry[]): Omit<StoredIndex, 'of' | 'stamp'> {
  const types = [...new Set(entries.map(e => e.type))]
  const specs = [...new Set(entries.map(e => e.specVersion ?? null))]
  return {
    ids: entries.map(e => e.id),
    types,
    type: entries.map(e => types.indexOf(e.type)),
    times: entries.map(e => e.time ?? null),
    modified: entries.flatMap((e, i) =>
      e.modified === e.time ? [] : [[i, e.modified ?? null] as const]
    ),
    created: entries.map(e => (e.created === e.time ? '' : (e.created ?? null))),
    specs,
    spec: entries.map(e => specs.indexOf(e.specVersion ?? null)),
    lengths: entries.map(e => e.length)
  }
}

function fromColumns(columns: StoredIndex): Entry[] {
  const modified = new Map(columns.modified)
  let offset = 0
  return columns.ids.map((id, i) => {
    const time = columns.times[i] ?? undefined
    const own = modified.get(i)
    const created = columns.created[i]
    const entry: Entry = {
      id,
      type: columns.types[columns.type[i]!]!,
      time,
      modified: own === undefined ? time : (own ?? undefined),
      created: created === '' ? time : (created ?? undefined),
      specVersion: columns.specs[columns.spec[i]!] ?? undefined,
      offset,
      length: columns.lengths[i]!
    }
    offset += entry.length + 1
    return entry
  })
}
