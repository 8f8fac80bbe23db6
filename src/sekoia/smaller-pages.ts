import { LRUCache } from 'lru-cache'
import { behindAll } from '../kernel/behind-all.ts'
import type { Caller } from '../kernel/caller.ts'
import { mayBeFull } from '../kernel/full-page.ts'
import type { Meter, Page, PageRequest } from '../kernel/ports.ts'
import { toInstant } from '../stix/timestamp.ts'
import { isTrouble } from './failures.ts'
import type { SekoiaLogger } from './resilience.ts'
import { endAt, pastByTime, type ReadPage } from './skip-by-time.ts'

/**
 * Reads on where a page cannot be had: too large, too slow, or not readable as a whole. Then fewer objects are
 * asked for at a time, down to one; the single object that cannot be had is left out, counted and told, and the
 * rest goes on. Costs at most two calls per halving around such an object, and a handful for itself.
 */
export interface SmallerPagesDeps {
  /** One page as Sekoia gives it. */
  readonly read: ReadPage
  /**
   * Sekoia's cursor past the page of a request, by way of a format that carries it beside the objects; null when
   * there is none, undefined when there was no answer.
   */
  cursorPast(
    caller: Caller,
    request: PageRequest,
    signal?: AbortSignal
  ): Promise<string | null | undefined>
  readonly meter: Meter
  readonly logger?: SekoiaLogger | undefined
}

/** How much of a walk is asked for at a time, while less than what its reader asks for. */
interface Cut {
  limit: number
  /** Within so many objects ahead lies what could not be had. */
  suspect: number
}

interface Tail {
  /** The last cursor that was given, and those before it since an object had a time. */
  readonly cursors: readonly string[]
  /** Of the last object that has one. */
  readonly time: string
  /** Neighbours that rose, less those that fell: one wrong time does not tell the order of a feed. */
  readonly lean: number
}

const maxWalks = 10_000

/** How often a single object is asked for, with Sekoia well in between, before it counts as not to be had. */
const proofs = 3

export function createSmallerPages(deps: SmallerPagesDeps): ReadPage {
  const { read, cursorPast, meter, logger } = deps
  const cuts = new LRUCache<string, Cut>({ max: maxWalks })
  /** By walk: where reading is. */
  const tails = new LRUCache<string, Tail>({ max: maxWalks })
  /** By walk: the place of the last object that was told to be left out. */
  const skipped = new LRUCache<string, string>({ max: maxWalks })

  async function page(caller: Caller, request: PageRequest, signal?: AbortSignal): Promise<Page> {
    if (request.limit === 1) return read(caller, request, signal)
    const walk = nameOf(caller, request)
    for (;;) {
      const cut = cuts.get(walk)
      const limit = Math.min(request.limit, cut?.limit ?? request.limit)
      try {
        const found = await read(caller, { ...request, limit }, signal)
        const whole = await wholeTies(caller, { ...request, limit }, found, request.limit, signal)
        return noted(walk, request, whole)
      } catch (error) {
        if (!isCuttable(error)) throw error
        if (limit === 1) return await skip(caller, request, error, signal)
        cuts.set(walk, { limit: limit >> 1, suspect: limit })
        meter.count('upstream_pages_cut')
      }
    }
  }

  /** A cursor may be no more than a time: a small page all of one time is made larger, as far as that goes (U-4). */
  async function wholeTies(
    caller: Caller,
    request: PageRequest,
    found: Page,
    most: number,
    signal?: AbortSignal
  ): Promise<Page> {
    let whole = withLimit(found, request.limit, most)
    let { limit } = request
    let step = limit
    while (step > 0 && limit < most && mayBeFull(whole, limit) && isOneTime(whole)) {
      const more = Math.min(most, limit + step)
      try {
        whole = withLimit(await read(caller, { ...request, limit: more }, signal), more, most)
        limit = more
        step *= 2
      } catch (error) {
        if (!isCuttable(error)) throw error
        step >>= 1
      }
    }
    return whole
  }

  function noted(walk: string, request: PageRequest, found: Page): Page {
    const { limit = request.limit, itemCount } = found
    const tail = tailOf(found, request.cursor, tails.get(walk))
    if (tail) tails.set(walk, tail)
    const cut = cuts.get(walk)
    if (!cut) return found
    cut.suspect -= itemCount
    if (cut.suspect <= 0) cut.limit *= 2
    if (!mayBeFull(found, limit) || cut.limit >= request.limit) cuts.delete(walk)
    return found
  }

  /**
   * The page behind an object that cannot be had. Only while Sekoia answers well about the same place: trouble of
   * Sekoia must not look like one of an object.
   */
  async function skip(
    caller: Caller,
    request: PageRequest,
    error: unknown,
    signal?: AbortSignal
  ): Promise<Page> {
    const walk = nameOf(caller, request)
    const one = { ...request, limit: 1 }
    for (let asked = 1; asked < proofs; asked++) {
      if (!(await isWell(caller, one, signal))) throw error
      try {
        return noted(walk, request, withLimit(await read(caller, one, signal), 1, request.limit))
      } catch (again) {
        if (!isCuttable(again)) throw again
      }
    }
    const next = await pageAfter(caller, one, signal)
    if (next === undefined) throw error
    const past = { ...next, skipped: 1 + (next.skipped ?? 0) }
    tell(walk, one, error)
    // At the end of a feed the object is tried again at each reading, since nothing leads past it yet.
    return past.itemCount === 0 ? past : noted(walk, request, past)
  }

  /** True when Sekoia answers about the feed what nothing is wrong with: that nothing is of a time far ahead. */
  async function isWell(
    caller: Caller,
    { cursor: _, ...one }: PageRequest,
    signal?: AbortSignal
  ): Promise<boolean> {
    try {
      await read(caller, { ...one, modifiedAfter: behindAll }, signal)
      return true
    } catch (error) {
      if (isCuttable(error)) return false
      throw error
    }
  }

  async function pageAfter(
    caller: Caller,
    one: PageRequest,
    signal?: AbortSignal
  ): Promise<Page | undefined> {
    const cursor = await cursorPast(caller, one, signal)
    if (typeof cursor === 'string' && cursor !== one.cursor)
      return { bytes: Buffer.alloc(0), entries: [], nextCursor: cursor, itemCount: 1, limit: 1 }
    const tail = tails.get(nameOf(caller, one))
    const isAfterTail = one.cursor !== undefined && tail?.cursors.at(-1) === one.cursor
    // No time leads further down a feed that comes newest first.
    const falls = one.cursor !== undefined && tail !== undefined && tail.lean < 0
    const mayEnd = cursor !== undefined && (falls || !isAfterTail)
    const end = mayEnd ? await endBehind(caller, one, signal) : undefined
    if (falls || end) return end
    const [after, before] = isAfterTail ? [tail.time, tail.cursors] : [one.modifiedAfter, []]
    return pastByTime({ caller, one, after, before, signal, read, isGone: isCuttable })
  }

  /** Where the other format has no cursor any more, though it has one at the first object, is the end. */
  async function endBehind(
    caller: Caller,
    one: PageRequest,
    signal?: AbortSignal
  ): Promise<Page | undefined> {
    const { cursor, ...first } = one
    const isGiven =
      cursor !== undefined && typeof (await cursorPast(caller, first, signal)) === 'string'
    return isGiven ? endAt(one) : undefined
  }

  /** Each object once. */
  function tell(walk: string, one: PageRequest, error: unknown): void {
    cuts.set(walk, { limit: 1, suspect: 0 })
    const place = `${one.cursor} ${one.modifiedAfter}`
    if (skipped.get(walk) === place) return
    skipped.set(walk, place)
    meter.count('objects_skipped')
    logger?.warn(
      { err: error, feed: one.feedId, after: tails.get(walk)?.time },
      'an object cannot be had from Sekoia and is left out'
    )
  }

  return page
}

/** Fewer objects may help. */
const isCuttable = (error: unknown): boolean => isTrouble(error, 'oversized', 'slow', 'unusable')

const isOneTime = ({ entries }: Page): boolean =>
  entries.every(({ time }) => time === entries[0]?.time)

/** Where a page that was read from `from` leaves its reader; undefined where no time tells. */
function tailOf(
  { entries, itemCount, nextCursor }: Page,
  from: string | undefined,
  before: Tail | undefined
): Tail | undefined {
  if (nextCursor === null || itemCount === 0) return undefined
  const times = Array.from(entries, ({ time }) => time).filter(time => time !== undefined)
  const isNext = before !== undefined && before.cursors.at(-1) === from
  const last = times.at(-1)
  if (last === undefined)
    return isNext ? { ...before, cursors: [...before.cursors, nextCursor] } : undefined
  const first = times.length === 1 && isNext ? before.time : times[0]!
  const lean = (before?.lean ?? 0) + directionOf(first, last) * Math.max(1, times.length - 1)
  return { cursors: [nextCursor], time: last, lean }
}

/** 1 when a time is later than another, -1 when it is earlier, 0 when that is not sure. */
function directionOf(earlier: string, later: string): number {
  const [from, to] = [toInstant(earlier), toInstant(later)]
  return from === undefined || to === undefined || from === to ? 0 : from < to ? 1 : -1
}

const withLimit = (page: Page, limit: number, most: number): Page =>
  limit < most ? { ...page, limit } : page

const nameOf = ({ scope }: Caller, { feedId, types, all = false }: PageRequest): string =>
  JSON.stringify([scope, feedId, types, all])
