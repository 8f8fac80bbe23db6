import { type PlaceBounds, placeOf } from '../journal/place.ts'
import { type Body, pick } from '../journal/segment.ts'

/** Times this much before the start of a chain do not tell where an object stands, where nothing else does. */
const oddMs = 2 * 86_400_000

const placesIn = ({ entries }: Body): (PlaceBounds | undefined)[] =>
  Array.from(entries, ({ time }) => (time === undefined ? undefined : placeOf(time)))

const indexOfStart = (
  places: readonly (PlaceBounds | undefined)[],
  start: number,
  now: number
): number => places.findIndex(place => place && place.earliest >= start && place.latest <= now)

/** True when something on the page stands behind the start of the chain. */
export const reachesStart = (body: Body, start: number, now: number): boolean =>
  indexOfStart(placesIn(body), start, now) >= 0

/**
 * The lowest part of what was read down for a chain, in ascending order, without what stands before its start. What
 * cannot be told is kept: the highest object before the start may be a new one with a wrong time.
 */
export function aboveStart(body: Body, start: number, now: number): Body {
  if (start === 0) return body
  const places = placesIn(body)
  const first = indexOfStart(places, start, now)
  const end = first < 0 ? places.length : first
  const highest = places.findLastIndex((place, i) => i < end && place && place.latest < start)
  return pick(body, (_, i) => {
    const latest = i < end ? places[i]?.latest : undefined
    if (latest === undefined || latest >= start) return true
    return i === highest && latest < start - oddMs
  })
}
