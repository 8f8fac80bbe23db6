import type { Position } from '../../kernel/records.ts'

/**
 * What a journal remembers of dates that a wrong clock gave and that were given anew since. Clients hold the old ones,
 * in their `added_after` and in tokens, for as long as they like: such a date stands for the moment of the new dating,
 * so that they get what came since, some of it again. Pure.
 */

export interface RedatingsState {
  /** Oldest first. */
  readonly journals: readonly RedatedJournal[]
  /** Ascending, apart from each other. */
  readonly misdated: readonly Misdated[]
}

/** What was dated wrongly under this epoch has other dates now, from `base` on. */
export interface RedatedJournal {
  readonly epoch: string
  readonly base: number
}

/** Dates given by a clock that was ahead. Whoever holds one lacks nothing that is dated before `base`. */
export type Misdated = readonly [from: number, to: number, base: number]

/** A list of intervals may be so long; beyond that neighbours count as one. */
const maxIntervals = 500
/** Tokens of older epochs start from the own time of their record. */
const maxJournals = 50

export const noRedatings: RedatingsState = { journals: [], misdated: [] }

/** @param dates given by a clock that was ahead, and not in use any more */
export function addRedating(
  before: RedatingsState,
  journal: RedatedJournal,
  dates: readonly number[]
): RedatingsState {
  const given = dates.map((date): Misdated => [date, date, journal.base])
  let misdated = joined([...before.misdated, ...given], 1)
  for (let gap = 1000; misdated.length > maxIntervals; gap *= 2) misdated = joined(misdated, gap)
  return { journals: [...before.journals, journal].slice(-maxJournals), misdated }
}

function joined(intervals: readonly Misdated[], gap: number): Misdated[] {
  const all: Misdated[] = []
  for (const [from, to, base] of intervals.toSorted((a, b) => a[0] - b[0])) {
    const last = all.at(-1)
    if (last && from - last[1] <= gap)
      all[all.length - 1] = [last[0], Math.max(last[1], to), Math.min(last[2], base)]
    else all.push([from, to, base])
  }
  return all
}

const intervalOf = ({ misdated }: RedatingsState, date: number): Misdated | undefined =>
  misdated.find(([from, to]) => date >= from && date <= to)

/** The exclusive lower bound that an `added_after` of a client stands for. */
export function honestBound(redatings: RedatingsState, addedAfter: number): number {
  const interval = intervalOf(redatings, addedAfter)
  return interval ? Math.min(addedAfter, interval[2] - 1) : addedAfter
}

/** The date, or the first one behind it that no client holds from a wrong clock. */
export const freeDate = (redatings: RedatingsState, date: number): number =>
  (intervalOf(redatings, date)?.[1] ?? date - 1) + 1

/** A place of an epoch whose dates were given anew, in the epoch of today; any other place as it is. */
export function currentPlace(
  { journals }: RedatingsState,
  epoch: string,
  position: Position
): Position {
  const first = journals.findIndex(journal => journal.epoch === position.epoch)
  if (first < 0 || position.epoch === epoch) return position
  const date = Math.min(...journals.slice(first).map(journal => journal.base))
  if (position.date <= date) return { ...position, epoch }
  return { epoch, date, natural: Math.min(position.natural, date), id: '' }
}
