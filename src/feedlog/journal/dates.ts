import { toNaturalMillis } from '../../stix/timestamp.ts'

/**
 * `date_added` by mapping B (P-39 to P-48): history keeps its own times, what arrives once clients may have
 * seen the end is dated after the latest instant at which the end was answered. Everything here is pure.
 */

/** An object dated further ahead of our clock than a reader waits is dated as new: nobody waits for its time to come. */
const maxAheadMs = 1000

/** Raised records get a millisecond each, unless a batch is so large that it would run far into the future. */
const smallBatch = 100
const raisedPerMs = 20

/** The first date there is: clients that ask from 1970 on get what is older, too. */
export const firstDate = 1

/** The natural date of an entry by its time; undefined when that is missing or not usable. */
export function naturalDate(time: string | undefined, now: number): number | undefined {
  const natural = time === undefined ? undefined : toNaturalMillis(time)
  if (natural === undefined || natural > now + maxAheadMs) return undefined
  return Math.max(natural, firstDate)
}

export interface Dated {
  /** Ascending, one per entry, ms since the epoch. */
  readonly dates: readonly number[]
  /** Indexes of the entries whose date cannot be recomputed from the object alone. */
  readonly stored: readonly number[]
}

/** Moves a date that may not be used to the next one that may. */
export type FreeDate = (date: number) => number

const anyDate: FreeDate = date => date

/**
 * Dates of history: natural, never below the predecessor (P-41). An entry without a usable time takes its
 * successor's (P-2); such dates and raised ones are to be stored.
 */
export function dateHistory(
  naturals: readonly (number | undefined)[],
  previousDate: number,
  free: FreeDate = anyDate
): Dated {
  const dates: number[] = new Array(naturals.length)
  const stored: number[] = []
  const filled = fillFromSuccessors(naturals)
  let previous = previousDate
  for (let i = 0; i < naturals.length; i++) {
    const date = free(Math.max(filled[i] ?? previous, previous))
    if (date !== naturals[i]) stored.push(i)
    dates[i] = date
    previous = date
  }
  return { dates, stored }
}

function fillFromSuccessors(naturals: readonly (number | undefined)[]): (number | undefined)[] {
  const filled = naturals.slice()
  for (let i = filled.length - 2; i >= 0; i--) filled[i] ??= filled[i + 1]
  return filled
}

export interface TipFloor {
  /** The latest date in the log. */
  readonly previousDate: number
  /** Raised records are dated later than this instant. */
  readonly after: number
  /** Records whose own time is not later than this keep it, as history does. */
  readonly keepUpTo: number
}

/**
 * Dates of what is appended where clients may already have polled: later than `after` and than everything in
 * the log, and never below the object's own time (P-39, P-47). All of them are stored.
 */
export function dateTip(
  naturals: readonly (number | undefined)[],
  { previousDate, after, keepUpTo }: TipFloor,
  free: FreeDate = anyDate
): readonly number[] {
  const perMs = naturals.length <= smallBatch ? 1 : raisedPerMs
  let previous = previousDate
  let tied = perMs
  return naturals.map(natural => {
    const isKept = natural !== undefined && natural <= keepUpTo && previous <= keepUpTo
    const floor = isKept ? previous : Math.max(previous, after)
    let date = Math.max(natural ?? floor, floor)
    if (!isKept && date === floor && (tied >= perMs || floor > previous)) date += 1
    date = free(date)
    tied = date === previous ? tied + 1 : 1
    previous = date
    return date
  })
}
