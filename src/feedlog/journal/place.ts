import { toMillis } from '../../stix/timestamp.ts'

/**
 * What an object's own time says about its place in the feed. Sekoia orders by that time, as text or as an instant,
 * which differ where a zone other than UTC is written, a space or a small letter stands for the T. Pure.
 */

/** The object stands nowhere before `earliest` and nowhere behind `latest`, ms since the epoch. */
export interface PlaceBounds {
  readonly earliest: number
  readonly latest: number
}

const dayMs = 86_400_000
const zone = /(?:[+-]\d\d(?::?\d\d)?[Zz]?|[Zz])$/

/** Undefined for a text that is no time: it may stand anywhere. */
export function placeOf(time: string): PlaceBounds | undefined {
  const instant = toMillis(time)
  if (instant === undefined) return undefined
  if (time[10] === 'T' && time.endsWith('Z')) return { earliest: instant, latest: instant }
  const written = toMillis(time.replace(zone, '')) ?? instant
  const day = Math.floor(written / dayMs) * dayMs
  const [from, to] = time[10] === 'T' ? [written, written] : [day, day + dayMs]
  return { earliest: Math.min(instant, from), latest: Math.max(instant, to) }
}

/**
 * True when the object may stand ahead of `now`, so that what arrives later may stand before it. Of an object without
 * a time Sekoia knows when it was changed, which was not later than now.
 */
export function mayBeAhead(time: string | undefined, now: number): boolean {
  if (time === undefined) return false
  const place = placeOf(time)
  return place === undefined || place.latest > now
}

/** The places of entries whose own time is a time, and not ahead of `now`. */
export const placesOf = (
  entries: Iterable<{ readonly time: string | undefined }>,
  now: number
): PlaceBounds[] =>
  Array.from(entries).flatMap(({ time }) => {
    const place = time === undefined ? undefined : placeOf(time)
    return place && place.latest <= now ? [place] : []
  })

/**
 * A time up to which everything was read when these entries were: the middle of their times, so that one object with
 * a wrong time does not decide. Undefined when none has a time that can be used.
 */
export function readUpTo(
  entries: Iterable<{ readonly time: string | undefined }>,
  now: number
): number | undefined {
  const earliest = placesOf(entries, now).map(place => place.earliest)
  return earliest.toSorted((a, b) => a - b)[(earliest.length - 1) >> 1]
}
