import type { Chunk } from '../../kernel/chunk.ts'
import type { Entry } from '../../kernel/ports.ts'
import type {
  FeedRecord,
  Outcome,
  Position,
  ReadResult,
  RecordFilter
} from '../../kernel/records.ts'
import type { Validity } from '../../kernel/validity.ts'
import { toTs6 } from '../../stix/timestamp.ts'
import { toStixTimestamp } from '../../stix/timestamp-form.ts'
import { isWanted, type VersionPlace } from '../../stix/version-filter.ts'
import type { Journal } from '../journal/journal.ts'
import { entryKey, hasEarlier, hasLater } from '../journal/packed-index.ts'
import { type Segment, sliceOf } from '../journal/segment.ts'
import { SegmentStretch } from './segment-stretch.ts'

/** Entries of segments as the records that clients see. Pure. */

export interface Found {
  readonly segment: Segment
  readonly index: number
}

/** Whether an entry is the newest and the oldest version of its object that the log holds (P-45). */
export function versionPlace(journal: Journal, segment: Segment, index: number): VersionPlace {
  const { no, entries } = segment
  const repeats = entries.repeatsAt(index)
  const isIn = (ids: ReadonlySet<string>) => ids.size > 0 && ids.has(entries.idAt(index))
  return {
    isLast: (repeats & hasLater) === 0 && !isIn(journal.versions.superseded(no)),
    isFirst: (repeats & hasEarlier) === 0 && !isIn(journal.versions.successors(no))
  }
}

/** True for an undated entry of history: clients get it from the tip. */
export function isWithheld(
  { versions }: Journal,
  { no, entries }: Segment,
  index: number
): boolean {
  const undated = versions.undated(no)
  if (undated.size === 0) return false
  return undated.has(entryKey({ id: entries.idAt(index), time: entries.timeAt(index) }))
}

export function matches(
  filter: RecordFilter,
  { segment, index }: Found,
  journal: Journal
): boolean {
  if (isWithheld(journal, segment, index)) return false
  return isWanted(filter, versionPlace(journal, segment, index), () => toRecord(segment, index))
}

/** `modified`, else `created`, as a STIX timestamp; where neither can be read as one, the date (D-18). */
function versionOf(segment: Segment, index: number): string {
  const { modified, created } = segment.entries.at(index)!
  const times = [modified, created].map(text => text && toStixTimestamp(text, 0))
  return times.find(time => time) ?? toTs6(segment.dates[index]!)
}

/** True for filters that Sekoia cannot apply, so that long stretches of a feed may hold no match (P-35). */
export const isSparse = (filter: RecordFilter): boolean =>
  filter.specVersions !== undefined || filter.versions.at.length > 0

/** D-19: an object that says nothing is 2.1 when it is an observable (no `created`), else 2.0. */
const specVersionOf = (entry: Entry): string =>
  entry.specVersion ?? (entry.created === undefined ? '2.1' : '2.0')

export function toRecord(segment: Segment, index: number): FeedRecord {
  const entry = segment.entries.at(index)!
  const date = segment.dates[index]!
  return {
    id: entry.id,
    type: entry.type,
    get version() {
      return versionOf(segment, index)
    },
    time: entry.time,
    specVersion: specVersionOf(entry),
    date,
    bytes: sliceOf(segment, entry)
  }
}

/** Neighbours in a segment: their bytes lie in one piece. */
export interface Run {
  readonly segment: Segment
  /** Places in the index of the segment, `last` exclusive. */
  readonly first: number
  readonly last: number
}

/** The objects of a page as few runs as possible. */
export function runsOf(page: readonly Found[]): Run[] {
  const runs: Run[] = []
  for (let i = 0; i < page.length; ) {
    const { segment, index } = page[i]!
    let last = i
    while (page[last + 1]?.segment === segment && page[last + 1]!.index === page[last]!.index + 1)
      last++
    runs.push({ segment, first: index, last: page[last]!.index + 1 })
    i = last + 1
  }
  return runs
}

const comma = Buffer.from(',')

/** Shorter runs are bytes and nothing else. */
const minStretch = 64 * 1024

/** The bytes of runs, joined by commas. */
export const chunksOf = (runs: readonly Run[]): Chunk[] =>
  runs.flatMap(({ segment, first, last }, i) => {
    const stretch = new SegmentStretch(segment, first, last)
    const chunk = stretch.length < minStretch ? stretch.bytes() : stretch
    return i === 0 ? [chunk] : [comma, chunk]
  })

/** A page whose records are made when they are looked at: most answers are bytes and dates alone. */
export class FoundPage implements ReadResult {
  readonly dates: readonly number[]
  readonly chunks: readonly Chunk[]
  readonly more: boolean
  readonly position: Position | undefined
  readonly outcome: Outcome
  readonly validity: Validity | undefined
  readonly #page: readonly Found[]
  #records: readonly FeedRecord[] | undefined

  constructor(parts: Required<Omit<ReadResult, 'records'>> & { readonly page: readonly Found[] }) {
    this.dates = parts.dates
    this.chunks = parts.chunks
    this.more = parts.more
    this.position = parts.position
    this.outcome = parts.outcome
    this.validity = parts.validity
    this.#page = parts.page
  }

  get records(): readonly FeedRecord[] {
    this.#records ??= this.#page.map(({ segment, index }) => toRecord(segment, index))
    return this.#records
  }
}
