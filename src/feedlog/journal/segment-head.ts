import zlib from 'node:zlib'
import type { StoredHead } from '../../kernel/ports.ts'
import { fingerprint, timeDigest } from './id-index.ts'

/** What the journal tells of a segment without its objects, and its form in a store. */

/** Where a segment's objects are read again when its body is gone. */
export interface Source {
  readonly cursor?: string
  readonly modifiedAfter?: string
}

export interface SegmentHead {
  /** Unique in the log, ascending in the order in which segments were read, at least 1. */
  readonly no: number
  /** Tells the segment from any other that ever had its number: bodies carry it. */
  readonly stamp: string
  /** Start of the chain it belongs to. */
  readonly chain: number
  /** `history`: dates follow from the objects; `tip`: every member and its date is listed in `stored`. */
  readonly kind: 'history' | 'tip'
  readonly source: Source
  readonly count: number
  readonly firstDate: number
  readonly lastDate: number
  readonly minNatural: number
  readonly maxNatural: number
  /** Dates that cannot be recomputed: [id, time as Sekoia wrote it, date]. */
  readonly stored: readonly StoredDate[]
  /** Older entries that this segment replaces: [segment, id]. */
  readonly supersedes: readonly (readonly [no: number, id: string])[]
  /** Ids of this segment that a later place of the log already held anew when it was read. */
  readonly superseded: readonly string[]
  /** True when its source leads to older objects. */
  readonly descending?: boolean
  /** True when nobody knew the order of the feed: own times do not tell how far a walk has come. */
  readonly unordered?: boolean
  /** A time up to which everything in the chain was read with it; absent in heads of earlier versions. */
  readonly readUpTo?: number
  /**
   * Members of history whose own time cannot date them: clients get them once they were appended again at the tip,
   * dated as new.
   */
  readonly undated?: readonly EntryName[]
  /** Members that may have stood ahead of the clock when they were read: they come again behind newer ones. */
  readonly ahead?: readonly EntryName[]
  /** True when its members were found by a sweep: they lie on the page of its source, not at the end of the feed. */
  readonly swept?: boolean
}

/** An entry of a segment: its id, and its time as Sekoia wrote it. */
export type EntryName = readonly [id: string, time: string | null]

export type StoredDate = readonly [id: string, time: string | null, date: number]

/** What the index of newest versions learns of entries, in columns: a page has thousands. */
export interface VersionPrints {
  /** Fingerprints of the ids. */
  readonly high: Uint32Array
  readonly low: Uint32Array
  /** Digests of the times; undefined where an earlier version kept none. */
  readonly times: Uint32Array | undefined
}

export const noPrints: VersionPrints = {
  high: new Uint32Array(),
  low: new Uint32Array(),
  times: undefined
}

/** Times as Sekoia wrote them, in the order of the ids beside them. */
export type EntryTimes = readonly (string | undefined)[]

export function printsOf(ids: readonly string[], times?: EntryTimes): VersionPrints {
  const [high, low] = [new Uint32Array(ids.length), new Uint32Array(ids.length)]
  for (let i = 0; i < ids.length; i++) {
    const print = fingerprint(ids[i]!)
    high[i] = print.high
    low[i] = print.low
  }
  return { high, low, times: times && Uint32Array.from(ids, (_, i) => timeDigest(times[i])) }
}

/** A head with what identifies its entries. */
export interface DecodedHead {
  readonly head: SegmentHead
  readonly prints: VersionPrints
}

export const encodeHead = (
  head: SegmentHead,
  ids: readonly string[],
  times?: EntryTimes
): StoredHead => encodeDecoded({ head, prints: printsOf(ids, times) })

/**
 * A head with the fingerprints of its ids: length, JSON, eight bytes an id; zstd over it all. The JSON has a member
 * more than the head: `times`, the digests of the entries' times, four bytes each, in base64.
 */
export function encodeDecoded({ head, prints }: DecodedHead): StoredHead {
  const { high, low, times: digests } = prints
  const times =
    digests && digests.length > 0 ? Buffer.from(digests.buffer).toString('base64') : undefined
  const json = Buffer.from(JSON.stringify({ ...head, times }))
  const frame = Buffer.alloc(4 + json.length + high.length * 8)
  frame.writeUInt32LE(json.length)
  json.copy(frame, 4)
  let offset = 4 + json.length
  for (let i = 0; i < high.length; i++, offset += 8) {
    frame.writeUInt32LE(high[i]!, offset)
    frame.writeUInt32LE(low[i]!, offset + 4)
  }
  return { no: head.no, head: zlib.zstdCompressSync(frame) }
}

/** The head of {@link encodeHead}, and the fingerprints. Throws when the bytes are not one. */
export function decodeHead(stored: Buffer): DecodedHead {
  const frame = zlib.zstdDecompressSync(stored)
  const jsonEnd = 4 + frame.readUInt32LE(0)
  const { times, ...head } = JSON.parse(frame.toString('utf8', 4, jsonEnd)) as SegmentHead & {
    readonly times?: string
  }
  const digests = Buffer.from(times ?? '', 'base64')
  const hasTimes = digests.length * 2 === frame.length - jsonEnd
  const count = (frame.length - jsonEnd) >> 3
  const [high, low] = [new Uint32Array(count), new Uint32Array(count)]
  for (let i = 0, offset = jsonEnd; i < count; i++, offset += 8) {
    high[i] = frame.readUInt32LE(offset)
    low[i] = frame.readUInt32LE(offset + 4)
  }
  const known = hasTimes ? Uint32Array.from(high, (_, i) => digests.readUInt32LE(i * 4)) : undefined
  return { head, prints: { high, low, times: known } }
}
