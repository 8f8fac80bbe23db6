import type { Page } from '../../kernel/ports.ts'
import type { SortOrder } from '../journal/journal-state.ts'
import type { EntryList } from '../journal/packed-index.ts'
import { type PlaceBounds, placesOf } from '../journal/place.ts'

/** No feed of today has objects from before; a time before is a fault. */
const year2000 = Date.UTC(2000)

/** Neighbours within a second may stand in text order. */
const textOrderMs = 1000

const usable = (entries: EntryList, now: number): PlaceBounds[] =>
  placesOf(entries, now).filter(({ earliest }) => earliest >= year2000)

interface Pairs {
  readonly falling: number
  readonly rising: number
}

/**
 * How many neighbours surely fall and rise, by so much at least. Times that are none, lie ahead of the clock or before
 * the year 2000, or may stand in two places say nothing of a feed's order.
 */
function pairsOf(places: readonly PlaceBounds[], apartMs = 1): Pairs {
  let [falling, rising] = [0, 0]
  for (let i = 1; i < places.length; i++) {
    if (places[i - 1]!.earliest - places[i]!.latest >= apartMs) falling++
    else if (places[i]!.earliest - places[i - 1]!.latest >= apartMs) rising++
  }
  return { falling, rising }
}

const isApart = (newer: PlaceBounds | undefined, older: PlaceBounds | undefined): boolean =>
  newer !== undefined && older !== undefined && newer.earliest - older.latest > textOrderMs

/** True when a page seems to come newest first. Single wrong times are enough for that. */
export function seemsToFall(page: Page, now: number): boolean {
  const places = usable(page.entries, now)
  const { falling, rising } = pairsOf(places)
  return falling > rising && isApart(places[0], places.at(-1))
}

/** Fewer objects with wrong times than this stand beside each other. */
const provingPairs = 3
/** So many objects in a row do not all have wrong times. */
const surePairs = 10
/** Of so many neighbours one may stand the wrong way round. */
const exception = 10

/** The order that a page proves, by at least so many neighbours; undefined where it proves none. */
function provenBy(
  pairs: number,
  { entries }: Page,
  now: number,
  apartMs?: number
): SortOrder | undefined {
  const places = usable(entries, now)
  const { falling, rising } = pairsOf(places, apartMs)
  const [first, last] = [places[0], places.at(-1)]
  if (rising >= Math.max(pairs, exception * falling) && isApart(last, first)) return 'asc'
  if (falling >= Math.max(pairs, exception * rising) && isApart(first, last)) return 'desc'
  return undefined
}

/** True for no page of a feed that comes newest first. */
export const rises = (page: Page, now: number): boolean =>
  provenBy(provingPairs, page, now, textOrderMs) === 'asc'

/** The order of a page, whatever is said of the feed; undefined where it may have either. */
export const surelyOrdered = (page: Page, now: number): SortOrder | undefined =>
  provenBy(surePairs, page, now)

/** The earliest and the latest place on a page that can be told; undefined where none can. */
export function spanOf(
  entries: EntryList,
  now: number
): { readonly low: number; readonly high: number } | undefined {
  const places = usable(entries, now)
  if (places.length === 0) return undefined
  return {
    low: Math.min(...places.map(({ earliest }) => earliest)),
    high: Math.max(...places.map(({ latest }) => latest))
  }
}

/** So many objects of one page, with so much room, do not all show times of elsewhere. */
export const enoughFor = (pageLimit: number): number =>
  Math.min(surePairs, Math.ceil(pageLimit / 2))

/**
 * True when a page that was read from a cursor surely lies below a bound. A few objects may show wrong times, and a page
 * may be as short as that; above what was sought by a time nothing else can be.
 */
export function liesBelow(
  entries: EntryList,
  bound: number,
  { now, pageLimit, isSought }: BelowOptions
): boolean {
  if (isSought) return false
  const places = usable(entries, now)
  return places.length >= enoughFor(pageLimit) && places.every(({ latest }) => latest < bound)
}

interface BelowOptions {
  readonly now: number
  readonly pageLimit: number
  /** True for a page that was sought by a time. */
  readonly isSought: boolean
}
