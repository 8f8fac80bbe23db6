import zlib from 'node:zlib'
import type { StoredHead } from '../../kernel/ports.ts'
import { type Fingerprint, fingerprint, timeDigest } from './id-index.ts'

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

/** What the index of newest versions learns of an entry; `time` is undefined where an earlier version kept none. */
export interface VersionPrint extends Fingerprint {
  readonly time?: number | undefined
}

/** Times as Sekoia wrote them, in the order of the ids beside them. */
export type EntryTimes = readonly (string | undefined)[]

export const printsOf = (ids: readonly string[], times?: EntryTimes): VersionPrint[] =>
  ids.map((id, i) => {
    const { high, low } = fingerprint(id)
    return { high, low, time: times && timeDigest(times[i]) }
  })

/** A head with what identifies its entries. */
export interface DecodedHead {
  readonly head: SegmentHead
  readonly prints: readonly VersionPrint[]
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
  const digests = prints.map(({ time }) => time).filter(time => time !== undefined)
  const times =
    digests.length === prints.length && digests.length > 0
      ? Buffer.from(Uint32Array.from(digests).buffer).toString('base64')
      : undefined
  const json = Buffer.from(JSON.stringify({ ...head, times }))
  const frame = Buffer.alloc(4 + json.length + prints.length * 8)
  frame.writeUInt32LE(json.length)
  json.copy(frame, 4)
  let offset = 4 + json.length
  for (const print of prints) {
    frame.writeUInt32LE(print.high, offset)
    frame.writeUInt32LE(print.low, offset + 4)
    offset += 8
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
  const prints: VersionPrint[] = []
  for (let offset = jsonEnd, at = 0; offset < frame.length; offset += 8, at += 4)
    prints.push({
      high: frame.readUInt32LE(offset),
      low: frame.readUInt32LE(offset + 4),
      time: hasTimes ? digests.readUInt32LE(at) : undefined
    })
  return { head, prints }
}
