import type { Page } from '../../kernel/ports.ts'
import type { EntryList } from '../journal/packed-index.ts'
import { type PlaceBounds, placesOf } from '../journal/place.ts'

/** No feed of today has objects from before; a time before is a fault. */
const year2000 = Date.UTC(2000)

/** Neighbours within a second may stand in text order. */
const textOrderMs = 1000

const usable = (entries: EntryList, now: number): PlaceBounds[] =>
  placesOf(entries, now).filter(({ earliest }) => earliest >= year2000)

/**
 * Times that are none, lie ahead of `now` or before the year 2000, or may stand in two places say nothing of a feed's
 * order.
 */
function lean(places: readonly PlaceBounds[]): number {
  let falls = 0
  for (let i = 1; i < places.length; i++) {
    if (places[i - 1]!.earliest > places[i]!.latest) falls++
    else if (places[i - 1]!.latest < places[i]!.earliest) falls--
  }
  return falls
}

/** True when a page falls: the only sign of a feed that is newest first when the key may not read its description. */
export function falls(page: Page, now: number): boolean {
  const places = usable(page.entries, now)
  return lean(places) > 0 && places[0]!.earliest - places.at(-1)!.latest > textOrderMs
}

/** Fewer objects with wrong times than this stand beside each other. */
const provingPairs = 3

/** True when a page surely rises: no page of a feed that comes newest first. Single wrong times prove nothing. */
export function rises(page: Page, now: number): boolean {
  const places = usable(page.entries, now)
  const isFalling = places.some((place, i) => i > 0 && places[i - 1]!.earliest > place.latest)
  if (isFalling || -lean(places) < provingPairs) return false
  return places.at(-1)!.earliest - places[0]!.latest > textOrderMs
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
