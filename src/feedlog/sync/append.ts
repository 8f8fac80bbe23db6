import { randomBytes } from 'node:crypto'
import type { Entry, Page } from '../../kernel/ports.ts'
import type { Chain } from '../journal/chain.ts'
import {
  type Dated,
  dateHistory,
  dateTip,
  type FreeDate,
  firstDate,
  naturalDate,
  type TipFloor
} from '../journal/dates.ts'
import type { Journal } from '../journal/journal.ts'
import { entryKey, PackedIndex } from '../journal/packed-index.ts'
import { furthestOf, mayBeAheadIn, placeOf, readUpTo } from '../journal/place.ts'
import {
  arrange,
  type Body,
  concat,
  contentOf,
  type PackedBody,
  pick,
  type Segment,
  segmentOf
} from '../journal/segment.ts'
import type { EntryName, SegmentHead, Source } from '../journal/segment-head.ts'

/** A segment about to join the log, and the head that tells of it. */
export interface Append {
  readonly head: SegmentHead
  readonly segment: Segment
}

/** The newest segment of a chain, while its objects are in memory and it may still grow. */
export interface OpenSegment {
  readonly head: SegmentHead
  readonly segment: Segment
}

export interface AppendOptions {
  readonly journal: Journal
  readonly chain: Chain
  readonly source: Source
  readonly body: Body
  /** Its index, if it was made before. */
  readonly packed?: PackedIndex
  readonly now: number
  /** The open segment this may be merged into, if there is one. */
  readonly open: OpenSegment | undefined
  /** How the tip's rule dates the records; undefined: they are history. */
  readonly floor: Omit<TipFloor, 'previousDate'> | undefined
  /** The head of history whose undated entries these are; they lie where that one's objects lie. */
  readonly undatedOf?: SegmentHead | undefined
  /** Where the objects lie that a sweep found: they are read again on the page of the source. */
  readonly sweptFrom?: Span | undefined
}

/** A stretch of a feed by the own times on it, ms since the epoch. */
export interface Span {
  readonly low: number
  readonly high: number
}

/** A full history segment, and one at the tip, which is rewritten with each append. */
const maxEntries = { history: 2000, tip: 500 }

/** Bodies that fit into one segment at the tip each. */
export function tipParts(body: Body): Body[] {
  const count = Math.ceil(body.entries.length / maxEntries.tip)
  return Array.from({ length: count }, (_, no) =>
    pick(body, (_entry, i) => Math.floor(i / maxEntries.tip) === no)
  )
}

/** Dates the objects and makes the segment (a new one, or the open one grown) that holds them. */
export function planAppend(options: AppendOptions): Append {
  const { journal, chain, body, now, open, floor } = options
  const kind = floor ? 'tip' : 'history'
  const next = journal.nextChain(chain)?.start ?? Number.POSITIVE_INFINITY
  const naturals = Array.from(body.entries, ({ time }) => {
    const natural = naturalDate(time, now)
    return natural !== undefined && natural <= next ? natural : undefined
  })
  // A place is found by its date, from the millisecond before: every date of a chain lies after its start.
  const previousDate = Math.max(journal.dateBefore(chain), chain.start + 1, firstDate)
  const dated = datesOf(naturals, previousDate, floor, date => journal.freeDate(date))
  const grows =
    open?.head.kind === kind &&
    !(journal.sortOrder === 'desc' && kind === 'history') &&
    open.head.unordered === isUnordered(journal) &&
    open.head.count + body.entries.length <= maxEntries[kind]
  const no = grows ? open.head.no : journal.nextNumber()
  const addition = describe({ ...options, kind, no, naturals, dated, next })
  return grows ? grow(open, addition) : addition
}

/** As heads say it. */
const isUnordered = ({ sortOrder }: Journal): true | undefined =>
  sortOrder === undefined || undefined

function datesOf(
  naturals: readonly (number | undefined)[],
  previousDate: number,
  floor: AppendOptions['floor'],
  free: FreeDate
): Dated {
  if (!floor) return dateHistory(naturals, previousDate, free)
  const dates = dateTip(naturals, { previousDate, ...floor }, free)
  return { dates, stored: naturals.map((_, i) => i) }
}

interface Description extends AppendOptions {
  readonly kind: 'history' | 'tip'
  readonly no: number
  readonly naturals: readonly (number | undefined)[]
  readonly dated: Dated
  /** Start of the next chain, or infinite. */
  readonly next: number
}

function describe({
  journal,
  chain,
  source,
  body,
  packed: entries = PackedIndex.of(body.entries),
  kind,
  no,
  naturals,
  dated,
  next,
  now,
  undatedOf,
  sweptFrom
}: Description): Append {
  const own = dated.dates.map((date, i) => naturals[i] ?? date)
  const lies = sweptFrom ?? spanOfHead(undatedOf)
  const isUndated = (i: number) => kind === 'history' && naturals[i] === undefined
  const stamp = randomBytes(4).toString('hex')
  const segment = segmentOf(contentOf(body), {
    entries,
    no,
    stamp,
    of: entries.length,
    dates: Float64Array.from(dated.dates),
    naturals: Float64Array.from(own)
  })
  const head: SegmentHead = {
    no,
    stamp,
    chain: chain.start,
    kind,
    source,
    ...(journal.sortOrder === 'desc' && { descending: true }),
    ...(isUnordered(journal) && { unordered: true }),
    ...(sweptFrom && { swept: true }),
    count: entries.length,
    firstDate: dated.dates[0]!,
    lastDate: dated.dates.at(-1)!,
    minNatural: lies?.low ?? own.reduce((a, b) => Math.min(a, b)),
    maxNatural: lies?.high ?? own.reduce((a, b) => Math.max(a, b)),
    readUpTo: lies
      ? chain.readUpTo
      : (readUpTo(body.entries, Math.min(now, next)) ?? chain.readUpTo),
    ...namedIf('ahead', body, ({ time }, i) => mayBeAheadIn(body.entries, i, time, now)),
    ...namedIf('undated', body, (_, i) => isUndated(i)),
    stored: dated.stored.map(i => {
      return [entries.idAt(i), entries.timeAt(i) ?? null, dated.dates[i]!]
    }),
    ...(undatedOf
      ? ofUndated(journal, body, undatedOf)
      : replacements(journal, chain, no, body, isUndated))
  }
  return { head, segment }
}

const spanOfHead = (head: SegmentHead | undefined): Span | undefined =>
  head && { low: head.minNatural, high: head.maxNatural }

const nameOf = ({ id, time }: Entry): EntryName => [id, time ?? null]

function namedIf(
  list: 'ahead' | 'undated',
  { entries }: Body,
  holds: (entry: Entry, index: number) => boolean
): Pick<SegmentHead, typeof list> {
  const names: EntryName[] = []
  let i = 0
  for (const entry of entries) if (holds(entry, i++)) names.push(nameOf(entry))
  return names.length > 0 ? { [list]: names } : {}
}

/** An undated one that a later chain does not hold as it is here is the newer version: it is to come at the tip. */
function replacements(
  journal: Journal,
  chain: Chain,
  no: number,
  { entries }: Body,
  isUndated: (index: number) => boolean
): Replacements {
  const supersedes: (readonly [number, string])[] = []
  const superseded: string[] = []
  let i = -1
  for (const entry of entries) {
    i++
    const { id } = entry
    const newest = journal.versions.newest(id)
    if (newest === undefined || newest === no) continue
    if (!journal.isLater(newest, chain))
      supersedes.push(...inAll(journal, newest, id, [entryKey(entry)]))
    else if (!isUndated(i) || isGiven(journal, newest, entry)) superseded.push(id)
  }
  return { supersedes, superseded }
}

type Replacements = Pick<SegmentHead, 'supersedes' | 'superseded'>

function ofUndated(journal: Journal, body: Body, { no }: SegmentHead): Replacements {
  const supersedes = Array.from(body.entries).flatMap(({ id }) => {
    const newest = journal.versions.newest(id)
    const all = inAll(journal, no, id, [])
    const isNamed = newest === undefined || newest >= no || all.some(([other]) => other === newest)
    return isNamed ? all : [...all, [newest, id] as const]
  })
  return { supersedes, superseded: [] }
}

/**
 * What a segment holds of an id and, where that is owed, the same in every other chain, as with the versions of these
 * keys: none comes again, after a newer one.
 */
function inAll(
  { versions }: Journal,
  no: number,
  id: string,
  keys: readonly string[]
): SegmentHead['supersedes'] {
  const owing = versions.owingOnly(id, [...versions.owedOf(no, id), ...keys])
  return [...new Set([no, ...owing])].map(other => [other, id])
}

/** True when clients get this very version from that segment. */
function isGiven(journal: Journal, no: number, entry: Entry): boolean {
  const { versions } = journal
  const head = journal.head(no)
  if (head?.kind === 'tip')
    return head.stored.some(([id, at]) => id === entry.id && at === (entry.time ?? null))
  return versions.isNewest(entry) && !versions.undated(no).has(entryKey(entry))
}

function grow(open: OpenSegment, addition: Append): Append {
  const body = concat(open.segment, addition.segment)
  const [before, more] = [open.head, addition.head]
  return {
    segment: segmentOf(contentOf(body), {
      entries: PackedIndex.of(body.entries),
      no: before.no,
      stamp: before.stamp,
      of: body.entries.length,
      dates: Float64Array.of(...open.segment.dates, ...addition.segment.dates),
      naturals: Float64Array.of(...open.segment.naturals, ...addition.segment.naturals)
    }),
    head: {
      ...before,
      count: body.entries.length,
      lastDate: more.lastDate,
      ...joined('ahead', before, more),
      ...joined('undated', before, more),
      readUpTo: Math.max(before.readUpTo ?? before.maxNatural, more.readUpTo ?? 0),
      minNatural: Math.min(before.minNatural, more.minNatural),
      maxNatural: Math.max(before.maxNatural, more.maxNatural),
      stored: [...before.stored, ...more.stored],
      supersedes: [...before.supersedes, ...more.supersedes],
      superseded: [...before.superseded, ...more.superseded]
    }
  }
}

function joined(
  list: 'ahead' | 'undated',
  before: SegmentHead,
  more: SegmentHead
): Pick<SegmentHead, typeof list> {
  const names = [...(before[list] ?? []), ...(more[list] ?? [])]
  return names.length > 0 ? { [list]: names } : {}
}

export interface RestoreOptions {
  readonly now: number
  /** False for a version that is known to lie elsewhere in the log, or not in it at all. */
  isMember(entry: Entry): boolean
}

/**
 * The objects of a body that was evicted and read again, under the dates they had (P-2). Members of a tip
 * segment are exactly those listed; a history segment ends where it ended before, whatever moved meanwhile.
 */
export function restore(head: SegmentHead, page: Body, options: RestoreOptions): Segment {
  const { now, isMember } = options
  const stored = new Map(head.stored.map(([id, time, date]) => [storedKey(id, time), date]))
  const seen = new Set<string>()
  const dated = Array.from(page.entries).flatMap((entry, i) => {
    const key = entryKey(entry)
    if (seen.has(key)) return []
    seen.add(key)
    const natural = naturalDate(entry.time, now)
    const known = stored.get(key)
    const date = known ?? (isPartOf(head, natural) && isMember(entry) ? natural : undefined)
    return date === undefined ? [] : [{ i, date, natural: natural ?? date }]
  })
  dated.sort((a, b) => a.date - b.date)
  const body = arrange(
    page,
    dated.map(({ i }) => i)
  )
  return segmentOf(contentOf(body), {
    entries: PackedIndex.of(body.entries),
    no: head.no,
    stamp: head.stamp,
    of: head.count,
    dates: Float64Array.from(dated, ({ date }) => date),
    naturals: Float64Array.from(dated, ({ natural }) => natural)
  })
}

const storedKey = (id: string, time: string | null): string =>
  entryKey({ id, time: time ?? undefined })

const isPartOf = (head: SegmentHead, natural: number | undefined): natural is number =>
  head.kind === 'history' &&
  natural !== undefined &&
  natural >= head.minNatural &&
  natural <= head.maxNatural

/** True when a page read again reaches beyond the segment that starts at the same place. */
export const reachesBeyond = (head: SegmentHead, page: Page, now: number): boolean =>
  (furthestOf(page.entries, now)?.earliest ?? Number.NEGATIVE_INFINITY) > head.maxNatural

/** Dates of a body that came out of a store unchanged: entry by entry, as they were given. */
export function redate(head: SegmentHead, body: PackedBody, now: number): Segment {
  const dates = head.stored.length > 0 ? undefined : naturalDates(head, body.entries, now)
  if (!dates) return restore(head, body, { now, isMember: () => true })
  const { no, stamp, count: of } = head
  return segmentOf(contentOf(body), {
    entries: body.entries,
    no,
    stamp,
    of,
    dates,
    naturals: dates
  })
}

/** Undefined when one of them does not lie within the head, so that it had another date. */
function naturalDates(
  head: SegmentHead,
  entries: PackedIndex,
  now: number
): Float64Array | undefined {
  const dates = new Float64Array(entries.length)
  for (let i = 0; i < dates.length; i++) {
    const natural = naturalDate(entries.timeAt(i), now)
    if (!isPartOf(head, natural)) return undefined
    dates[i] = natural
  }
  return dates
}

const dayMs = 86_400_000

/**
 * A page that was sought by a time before the start of its chain, without what lies before that start: the chain
 * before has it. Nothing is left out behind the first object that lies after the start, nor an object whose time
 * lies days before what was sought: that time does not tell its place.
 *
 * @param isTheirs false for an object that the chain before neither has nor comes to
 */
export function fromChainStart(
  body: Body,
  start: number,
  now: number,
  isTheirs: (entry: Entry) => boolean = () => true
): Body {
  if (start === 0) return body
  const places = Array.from(body.entries, ({ time }) =>
    time === undefined ? undefined : placeOf(time)
  )
  const first = places.findIndex(place => place && place.earliest >= start && place.latest <= now)
  const end = first < 0 ? places.length : first
  return pick(body, (entry, i) => {
    const latest = i < end ? places[i]?.latest : undefined
    const isBefore = latest !== undefined && latest < start && latest >= start - 2 * dayMs
    return !isBefore || !isTheirs(entry)
  })
}
