import type { FeedRecord } from '../../kernel/records.ts'
import { toNaturalMillis } from '../../stix/timestamp.ts'

/** A place in Sekoia's own order: after, or from, a time as text. */
export interface TimeStart {
  readonly text: string
  /** True: objects of that very time are wanted, too. */
  readonly isInclusive: boolean
}

/**
 * Where a log read from the date of a time on has what a client wants that has all up to this time. The log keeps
 * Sekoia's order but for late arrivals, which it dates later than their own time: they are never left out, since the
 * client cannot have had them. In doubt objects are repeated.
 *
 * `run` is the first records of the log from that date on, as long as their time is at most `text`.
 *
 * @returns how many of them are left out
 */
export function leftOut(run: readonly FeedRecord[], { text, isInclusive }: TimeStart): number {
  const same = run.flatMap(({ time }, index) => (time === text ? [index] : []))
  // An object of that very time is the one the client had last; of several it may have had one.
  if (same.length > 0) return isInclusive || same.length > 1 ? same[0]! : same[0]! + 1
  const firstLate = run.findIndex(record => !isOnTime(record))
  return firstLate === -1 ? run.length : firstLate
}

/** True while a record belongs to the run. */
export const isUpTo = ({ time }: FeedRecord, { text }: TimeStart): boolean =>
  time !== undefined && time <= text

const isOnTime = ({ time, date }: FeedRecord): boolean =>
  time !== undefined && toNaturalMillis(time) === date
