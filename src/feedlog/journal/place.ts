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

interface TimedList extends Iterable<{ readonly time: string | undefined }> {
  readonly length: number
}

/** The places of entries in their order, NaN where a time is missing or is no time. */
interface Places {
  readonly earliest: Float64Array
  readonly latest: Float64Array
}

/** Of pages in work: several rules ask for the places of each. */
const known = new WeakMap<TimedList, Places>()

function columnsOf(entries: TimedList): Places {
  const before = known.get(entries)
  if (before) return before
  const { length } = entries
  const columns = { earliest: new Float64Array(length), latest: new Float64Array(length) }
  let i = 0
  for (const { time } of entries) {
    const place = time === undefined ? undefined : placeOf(time)
    columns.earliest[i] = place?.earliest ?? Number.NaN
    columns.latest[i++] = place?.latest ?? Number.NaN
  }
  known.set(entries, columns)
  return columns
}

/** {@link mayBeAhead} for the entry of this number, whose time it is. */
export const mayBeAheadIn = (
  entries: TimedList,
  index: number,
  time: string | undefined,
  now: number
) => time !== undefined && !(columnsOf(entries).latest[index]! <= now)

/** The places of entries whose own time is a time, and not ahead of `now`. */
export function placesOf(entries: TimedList, now: number): PlaceBounds[] {
  const { earliest, latest } = columnsOf(entries)
  const places: PlaceBounds[] = []
  for (let i = 0; i < latest.length; i++)
    if (latest[i]! <= now) places.push({ earliest: earliest[i]!, latest: latest[i]! })
  return places
}

/**
 * The greatest `earliest` and the greatest `latest` of {@link placesOf}; undefined when there are none.
 */
export function furthestOf(entries: TimedList, now: number): PlaceBounds | undefined {
  const columns = columnsOf(entries)
  let [earliest, latest] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < columns.latest.length; i++)
    if (columns.latest[i]! <= now) {
      earliest = Math.max(earliest, columns.earliest[i]!)
      latest = Math.max(latest, columns.latest[i]!)
    }
  return latest === Number.NEGATIVE_INFINITY ? undefined : { earliest, latest }
}

/**
 * A time up to which everything was read when these entries were: the middle of their times, so that one object with
 * a wrong time does not decide. Undefined when none has a time that can be used.
 */
export function readUpTo(entries: TimedList, now: number): number | undefined {
  const { earliest, latest } = columnsOf(entries)
  const sorted = earliest.filter((_, i) => latest[i]! <= now).sort()
  return sorted[(sorted.length - 1) >> 1]
}
