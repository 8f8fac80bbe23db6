import type { StoredHead, StoredJournal } from '../../kernel/ports.ts'
import { naturalDate } from './dates.ts'
import type { Journal } from './journal.ts'
import {
  decodeState,
  type JournalState,
  newEpoch,
  newState,
  type SettledCursor
} from './journal-state.ts'
import { entryKey } from './packed-index.ts'
import { mayBeAhead, readUpTo } from './place.ts'
import { addRedating, freeDate, noRedatings, type RedatingsState } from './redatings.ts'
import {
  type DecodedHead,
  decodeHead,
  type EntryName,
  encodeDecoded,
  noPrints,
  type SegmentHead,
  type StoredDate
} from './segment-head.ts'

/**
 * A journal in which a clock that was wrong dated records, dated anew once now() is proven. Whoever asks from a time
 * gets what came since: what was dated in the future is dated now, in its order, under a new epoch.
 */

export interface RedateTerms {
  readonly now: number
  /** What a segment at the tip dates later than this is dated anew; at most `now`. */
  readonly since: number
  /** The same for history; at most `now`. */
  readonly withheldSince: number
  /** For how long another gateway may still tell clients the end without looking; 0 where there is no other. */
  readonly promisedMs: number
  /** The members of a segment; undefined when its body is gone. */
  entriesOf(head: SegmentHead): Promise<readonly EntryName[] | undefined>
}

export interface Redated {
  readonly state: Buffer
  readonly heads: readonly StoredHead[]
}

/** Instants of other gateways may differ from ours by this much. */
const allowedMs = 10_000

/** Milliseconds by which what the journal says lies ahead of now, and of what the end was promised for; 0 for a little. */
export function aheadBy(journal: Journal, now: number, tipMs: number): number {
  const promisedAt = journal.endPromisedAt || journal.endValidUntil - tipMs
  const dates = promisedAt > now + allowedMs ? 0 : Math.max(journal.endValidUntil - now, 0)
  const latest = Math.max(
    promisedAt,
    journal.confirmedAt,
    journal.lastReadAt,
    journal.lastDate - dates,
    journal.chains.at(-1)?.start ?? 0,
    ...journal.settled.map(({ at }) => at)
  )
  return latest > now + allowedMs ? latest - now : 0
}

/** The journal as it is to be written. Throws when what is stored cannot be read. */
export async function dateAnew(stored: StoredJournal, terms: RedateTerms): Promise<Redated> {
  const state = decodeState(stored)
  const heads = stored.heads
    .filter(({ no }) => no >= (state.firstNo ?? 1))
    .map(({ head }) => decodedIfNeeded(head, terms))
  const order = state.chains.map(({ start }) => start)
  heads.sort((a, b) => order.indexOf(a.head.chain) - order.indexOf(b.head.chain))
  const misdated: Members[] = []
  for (const head of heads.filter(({ head }) => isMisdated(head, terms))) {
    const members = await membersOf(head, terms)
    if (!members) return begunAnew(state, heads, terms)
    misdated.push(members)
  }
  const isSound = state.chains.every(({ start }) => start <= terms.now)
  return isSound ? datedAnew(state, heads, misdated, terms) : begunAnew(state, heads, terms)
}

/** Fingerprints are many: they are kept where the head is written again. */
function decodedIfNeeded(stored: Buffer, terms: RedateTerms): DecodedHead {
  const decoded = decodeHead(stored)
  return isMisdated(decoded.head, terms) ? decoded : { head: decoded.head, prints: noPrints }
}

interface Members {
  readonly decoded: DecodedHead
  /** Those whose date is to be kept with the head, ascending. */
  readonly dated: readonly StoredDate[]
}

const sinceOf = ({ kind }: SegmentHead, { since, withheldSince }: RedateTerms): number =>
  kind === 'tip' ? since : withheldSince

const isMisdated = (head: SegmentHead, terms: RedateTerms): boolean =>
  head.lastDate > sinceOf(head, terms)

const keyOf = ([id, time]: EntryName): string => entryKey({ id, time: time ?? undefined })

/** A segment of history tells only of dates that its members do not have by their own times. */
async function membersOf(decoded: DecodedHead, terms: RedateTerms): Promise<Members | undefined> {
  const { head } = decoded
  const since = sinceOf(head, terms)
  if (head.kind === 'tip' || head.maxNatural <= since) return { decoded, dated: head.stored }
  const names = await terms.entriesOf(head)
  if (!names) return undefined
  const known = new Set(head.stored.map(([id, time]) => keyOf([id, time])))
  const own = names.flatMap((name): StoredDate[] => {
    const date = naturalDate(name[1] ?? undefined, Number.POSITIVE_INFINITY)
    const isOwn = date !== undefined && date > since && !known.has(keyOf(name))
    return isOwn ? [[name[0], name[1], date]] : []
  })
  return { decoded, dated: [...head.stored, ...own].sort((a, b) => a[2] - b[2]) }
}

function datedAnew(
  state: JournalState,
  heads: readonly DecodedHead[],
  misdated: readonly Members[],
  terms: RedateTerms
): Redated {
  const base = terms.now + terms.promisedMs
  const redatings = addRedating(
    state.redatings ?? noRedatings,
    { epoch: state.epoch, base },
    misdated.flatMap(({ dated }) => datesAhead(dated, terms.now))
  )
  const next = datesFrom(base, countIn(misdated, terms), redatings)
  const soundly = readUpToByChain(state, heads, terms)
  const fresh = misdated.map(({ decoded, dated }) => ({
    ...decoded,
    head: withDates(decoded.head, dated, { ...terms, next, readUpTo: soundly })
  }))
  const honest = { ...honestState(state, fresh, terms), redatings }
  return { state: Buffer.from(JSON.stringify(honest)), heads: fresh.map(encodeDecoded) }
}

/** How far each chain was read, by the segments that need no other date. */
function readUpToByChain(
  { chains }: JournalState,
  heads: readonly DecodedHead[],
  terms: RedateTerms
): ReadonlyMap<number, number> {
  const reached = new Map(chains.map(({ start }) => [start, start]))
  for (const { head } of heads) {
    const instant = head.readUpTo ?? head.maxNatural
    if (!isMisdated(head, terms) && instant <= terms.now)
      reached.set(head.chain, Math.max(reached.get(head.chain) ?? 0, instant))
  }
  return reached
}

const datesAhead = (dated: readonly StoredDate[], now: number): number[] =>
  dated.flatMap(([, , date]) => (date > now ? [date] : []))

const countIn = (misdated: readonly Members[], terms: RedateTerms): number =>
  misdated.reduce((sum, { decoded: { head }, dated }) => {
    const since = sinceOf(head, terms)
    return sum + dated.filter(([, , date]) => date > since).length
  }, 0)

/** All together take no longer than this, in ms. */
const spanMs = 4000

/**
 * Gives one date after the other: a millisecond each, where they are few. All are later than `base`: who was told the end
 * in that very millisecond asks for what is later.
 */
function datesFrom(base: number, count: number, redatings: RedatingsState): () => number {
  const perMs = count <= 100 ? 1 : Math.max(20, Math.ceil(count / spanMs))
  let date = freeDate(redatings, base + 1)
  let given = 0
  return () => {
    if (given > 0 && given % perMs === 0) date = freeDate(redatings, date + 1)
    given++
    return date
  }
}

interface DatingTerms extends RedateTerms {
  readonly next: () => number
  readonly readUpTo: ReadonlyMap<number, number>
}

function withDates(
  head: SegmentHead,
  dated: readonly StoredDate[],
  terms: DatingTerms
): SegmentHead {
  const { now, next } = terms
  const since = sinceOf(head, terms)
  const stored = dated.map(
    ([id, time, date]): StoredDate => [id, time, date > since ? next() : date]
  )
  const first = stored[0]![2]
  const own = stored.map(([, time, date]) => naturalDate(time ?? undefined, now) ?? date)
  const reached = head.readUpTo ?? head.maxNatural
  const times = stored.map(([, time]) => ({ time: time ?? undefined }))
  const ahead = aheadIn(head, stored, now)
  return {
    ...head,
    firstDate: head.kind === 'tip' ? first : Math.min(head.firstDate, first),
    lastDate: stored.at(-1)![2],
    minNatural: own.reduce((a, b) => Math.min(a, b), head.minNatural),
    maxNatural: head.maxNatural <= now ? head.maxNatural : own.reduce((a, b) => Math.max(a, b)),
    readUpTo:
      reached <= now ? reached : (readUpTo(times, now) ?? terms.readUpTo.get(head.chain) ?? 0),
    ...(ahead.length > 0 && { ahead }),
    stored
  }
}

/** The clock that was ahead took some of them for what had settled. */
function aheadIn(head: SegmentHead, stored: readonly StoredDate[], now: number): EntryName[] {
  const known = head.ahead ?? []
  const keys = new Set(known.map(keyOf))
  const more = stored
    .map(([id, time]): EntryName => [id, time])
    .filter(name => mayBeAhead(name[1] ?? undefined, now) && !keys.has(keyOf(name)))
  return [...known, ...more]
}

/** The state without an instant that lies in the future. */
function honestState(
  state: JournalState,
  heads: readonly DecodedHead[],
  { now, promisedMs }: RedateTerms
): JournalState {
  const byNow = (instant: number) => Math.min(instant, now)
  return {
    ...state,
    epoch: newEpoch(),
    createdAt: byNow(state.createdAt),
    endValidUntil: now + promisedMs,
    endPromisedAt: now,
    confirmedAt: state.confirmedAt > now ? 0 : state.confirmedAt,
    lastReadAt: byNow(state.lastReadAt),
    settled: settledOf(state, heads, now),
    chains: state.chains.map(chain => ({
      ...chain,
      ...(chain.cursorsFrom !== undefined && { cursorsFrom: byNow(chain.cursorsFrom) }),
      ...(chain.pass && { pass: { ...chain.pass, startedAt: byNow(chain.pass.startedAt) } })
    }))
  }
}

/**
 * What a wrong clock says of when cursors were given is no measure: they count as given now. Behind an object that is
 * ahead of the clock no cursor has settled, whatever the wrong clock took it for.
 */
function settledOf(
  { settled, chains }: JournalState,
  heads: readonly DecodedHead[],
  now: number
): SettledCursor[] {
  const last = chains.at(-1)?.start
  const first = heads.find(
    ({ head }) =>
      head.chain === last && head.stored.some(([, time]) => mayBeAhead(time ?? undefined, now))
  )?.head
  if (!first) {
    const [oldest, ...later] = settled
    return [{ ...oldest!, at: Math.min(oldest!.at, now) }, ...later.map(s => ({ ...s, at: now }))]
  }
  const cursor = first.source.cursor ?? null
  const afterNo = settled.find(place => place.cursor === cursor)?.afterNo ?? first.no - 1
  return [{ cursor, at: now, afterNo }]
}

/** A new journal in its place: what cannot be dated anew is read again. Who holds a date of it gets everything. */
function begunAnew(
  state: JournalState,
  heads: readonly DecodedHead[],
  { now, promisedMs }: RedateTerms
): Redated {
  const base = now + promisedMs
  const given = heads.flatMap(({ head }) => [
    ...datesAhead(head.stored, now),
    ...[head.firstDate, head.lastDate].filter(date => date > now)
  ])
  const { misdated } = addRedating(
    state.redatings ?? noRedatings,
    { epoch: state.epoch, base: 0 },
    given
  )
  const fresh: JournalState = {
    ...newState(base, state.nextNo),
    endValidUntil: base,
    endPromisedAt: now,
    redatings: { journals: [], misdated }
  }
  return { state: Buffer.from(JSON.stringify(fresh)), heads: [] }
}
