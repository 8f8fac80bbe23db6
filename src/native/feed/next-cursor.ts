import type { FeedRecord, Position } from '../../kernel/records.ts'
import { toNaturalMillis } from '../../stix/timestamp.ts'
import { encodePlace, encodeTime } from './cursor.ts'

const usual = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

/** The time of a record as Sekoia's cursors have it, and the first date the log can give it. */
export function placeInTime({
  time,
  date
}: FeedRecord): { text: string; natural: number } | undefined {
  if (time === undefined || !usual.test(time)) return undefined
  const natural = toNaturalMillis(time)
  return natural === undefined || natural > date ? undefined : { text: time, natural }
}

/**
 * True when a cursor that is nothing but the time of the last record goes on right after it: all other records that
 * the log holds from that date on and before the last have a smaller time, and the next has another. Undefined when
 * `seen` does not reach back far enough to tell.
 */
export function isTimeEnough(
  seen: readonly FeedRecord[],
  next: FeedRecord | undefined
): boolean | undefined {
  const last = seen.at(-1)
  const place = last && placeInTime(last)
  if (!place || next?.time === place.text) return false
  for (let index = seen.length - 2; index >= 0; index--) {
    const { date, time } = seen[index]!
    if (date < place.natural) return true
    if (time === undefined || time >= place.text) return false
  }
  return undefined
}

export const timeCursor = (last: FeedRecord): string => encodeTime(last.time!)

export function placeCursor(last: FeedRecord, epoch: string): string {
  const { id, date, time } = last
  const own = time === undefined ? undefined : toNaturalMillis(time)
  // A time that did not date the record says nothing of how far the reader has come.
  const natural = own !== undefined && own <= date ? own : 0
  const position: Position = { epoch, date, natural, id }
  return encodePlace(position)
}
