import type { Entry } from '../kernel/ports.ts'
import type { FeedRecord, RecordFilter } from '../kernel/records.ts'
import { toInstant, toTs6 } from '../stix/timestamp.ts'
import type { Journal } from './journal.ts'
import { hasEarlier, hasLater, type Segment, sliceOf } from './segment.ts'

/** Entries of segments as the records that clients see. Pure. */

export interface Found {
  readonly segment: Segment
  readonly index: number
}

export interface VersionPlace {
  readonly isLast: boolean
  readonly isFirst: boolean
}

/** Whether an entry is the newest and the oldest version of its object that the log holds (P-45). */
export function versionPlace(journal: Journal, segment: Segment, index: number): VersionPlace {
  const { id } = segment.entries[index]!
  const repeats = segment.repeats[index]!
  return {
    isLast: (repeats & hasLater) === 0 && !journal.isSuperseded(segment.no, id),
    isFirst: (repeats & hasEarlier) === 0 && !journal.isSuccessor(segment.no, id)
  }
}

export function matches(filter: RecordFilter, entry: Entry, place: VersionPlace): boolean {
  const { versions, specVersions } = filter
  if (specVersions && !specVersions.has(specVersionOf(entry))) return false
  if (versions.all || (versions.last && place.isLast) || (versions.first && place.isFirst))
    return true
  if (versions.at.length === 0) return false
  const instant = toInstant(entry.modified ?? entry.created ?? '')
  return instant !== undefined && versions.at.includes(instant)
}

/** True for filters that Sekoia cannot apply, so that long stretches of a feed may hold no match (P-35). */
export const isSparse = (filter: RecordFilter): boolean =>
  filter.specVersions !== undefined || filter.versions.at.length > 0

/** D-19: an object that says nothing is 2.1 when it is an observable (no `created`), else 2.0. */
const specVersionOf = (entry: Entry): string =>
  entry.specVersion ?? (entry.created === undefined ? '2.1' : '2.0')

export function toRecord(segment: Segment, index: number): FeedRecord {
  const entry = segment.entries[index]!
  const date = segment.dates[index]!
  return {
    id: entry.id,
    type: entry.type,
    version: entry.modified ?? entry.created ?? toTs6(date),
    specVersion: specVersionOf(entry),
    date,
    bytes: sliceOf(segment, entry)
  }
}

const comma = Buffer.from(',')

/** The objects of a page as few buffers as possible: neighbours in a segment are one slice. */
export function chunksOf(page: readonly Found[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let i = 0; i < page.length; ) {
    const { segment, index } = page[i]!
    let last = i
    while (page[last + 1]?.segment === segment && page[last + 1]!.index === page[last]!.index + 1)
      last++
    const end = segment.entries[page[last]!.index]!
    if (i > 0) chunks.push(comma)
    chunks.push(segment.bytes.subarray(segment.entries[index]!.offset, end.offset + end.length))
    i = last + 1
  }
  return chunks
}
