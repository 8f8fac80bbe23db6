import { othersOf, type Position } from '../../kernel/records.ts'
import { naturalDate } from '../journal/dates.ts'
import type { Journal } from '../journal/journal.ts'
import { firstIndex } from '../journal/search.ts'
import type { Segment } from '../journal/segment.ts'
import type { Found } from './matching.ts'

/** Where a walk stands in a journal: read out of a token, and said in the next one. Pure. */

/**
 * The exclusive lower bound of date_added that a request starts from. In a journal of another epoch a place
 * means no more than the second of the record's own time (P-43).
 */
export function lowerBound(
  journal: Journal,
  position: Position | undefined,
  addedAfter: number | undefined
): number {
  if (!position)
    return addedAfter === undefined ? Number.NEGATIVE_INFINITY : journal.boundOf(addedAfter)
  if (position.epoch === journal.epoch) return position.date - 1
  return secondOf(position.natural) - 1
}

/** The second that an instant lies in, ms since the epoch. */
export const secondOf = (millis: number): number => Math.floor(millis / 1000) * 1000

/** Where the record of this date and id is in a segment; undefined when it is not there. */
export function indexIn(
  { dates, entries }: Segment,
  { date, id }: Pick<Position, 'date' | 'id'>
): number | undefined {
  for (let at = firstIndex(dates, other => other >= date); dates[at] === date; at++)
    if (entries.idAt(at) === id) return at
  return undefined
}

export interface Walked {
  readonly journal: Pick<Journal, 'epoch' | 'head'>
  /** Of the request, as the token says it. */
  readonly before: Position | undefined
  /** How far the walk has come in own times. */
  readonly natural: number | undefined
}

/**
 * After the last record of a page, or after what was looked at in vain when the page is cut short.
 *
 * @param last undefined when nothing was: then the place of the request
 */
export function positionAfter(
  last: Found | undefined,
  { journal, before, natural = 0 }: Walked
): Position | undefined {
  if (!last) return before
  const { segment, index } = last
  const date = segment.dates[index]!
  // In another epoch, too, a walk goes forward only.
  const reached = Math.max(natural, ownTimeUpTo(last, journal))
  const { epoch } = journal
  const others = othersOf(epoch, before)
  return {
    epoch,
    date,
    natural: Math.min(reached, date),
    id: segment.entries.idAt(index),
    segment: segment.no,
    ...(others.length > 0 && { others })
  }
}

/** Of so many neighbours the middle one tells the time. */
const neighbours = 10

/**
 * The middle of the own times of a record and of those before it: a single time that is of elsewhere would make another
 * log pass over what lies between. Where too few lie before it in its segment, the earliest of its first ones. 0 where none
 * tells how far a walk has come.
 */
function ownTimeUpTo(
  { segment: { no, entries, dates }, index }: Found,
  journal: Walked['journal']
): number {
  if (journal.head(no)?.unordered) return 0
  const end = Math.min(Math.max(index + 1, neighbours), dates.length)
  const times: number[] = []
  for (let at = Math.max(0, end - neighbours); at < end; at++)
    times.push(naturalDate(entries.timeAt(at), dates[at]!) ?? 0)
  times.sort((a, b) => a - b)
  const isMany = end === index + 1 && times.length === neighbours
  return isMany ? times[(neighbours - 1) >> 1]! : times[0]!
}
