import type { Page } from '../../kernel/ports.ts'
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
 * How many neighbours surely fall and rise. Times that are none, lie ahead of the clock or before the year 2000, or may
 * stand in two places say nothing of a feed's order.
 */
function pairsOf(places: readonly PlaceBounds[]): Pairs {
  let [falling, rising] = [0, 0]
  for (let i = 1; i < places.length; i++) {
    if (places[i - 1]!.earliest > places[i]!.latest) falling++
    else if (places[i - 1]!.latest < places[i]!.earliest) rising++
  }
  return { falling, rising }
}

/** By how many more neighbours rise than fall, the edge to the page before included. */
export function leanOf(
  entries: EntryList,
  now: number,
  before?: { readonly low: number | undefined }
): number {
  const places = usable(entries, now)
  const { falling, rising } = pairsOf(places)
  const [low, first] = [before?.low, places[0]]
  if (low === undefined || !first) return rising - falling
  return rising - falling + Math.sign(first.earliest - low)
}

const isApart = (newer: PlaceBounds | undefined, older: PlaceBounds | undefined): boolean =>
  newer !== undefined && older !== undefined && newer.earliest - older.latest > textOrderMs

/** True when a page seems to fall, as no page of a feed that comes oldest first does unless times are wrong. */
export function falls(page: Page, now: number): boolean {
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

/** True when a page surely falls, whatever is said of the feed. */
export function surelyFalls(page: Page, now: number): boolean {
  const places = usable(page.entries, now)
  const { falling, rising } = pairsOf(places)
  const isProof = falling >= surePairs && falling >= exception * rising
  return isProof && isApart(places[0], places.at(-1))
}

/** True when a page surely rises: no page of a feed that comes newest first. Single wrong times prove nothing. */
export function rises(page: Page, now: number): boolean {
  const places = usable(page.entries, now)
  const { falling, rising } = pairsOf(places)
  const isProof = rising >= provingPairs && rising >= exception * falling
  return isProof && isApart(places.at(-1), places[0])
}

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
