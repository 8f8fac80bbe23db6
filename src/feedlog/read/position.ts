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
  readonly page: readonly Found[]
  readonly journal: Pick<Journal, 'epoch' | 'head'>
  /** Of the request, as the token says it. */
  readonly before: Position | undefined
  /** The latest own time of the walk so far. */
  readonly natural: number | undefined
}

/**
 * After the last record of a page, or after what was looked at in vain when the page is cut short.
 *
 * @param last undefined when nothing was: then the place of the request
 */
export function positionAfter(
  last: Found | undefined,
  { page, journal, before, natural = 0 }: Walked
): Position | undefined {
  if (!last) return before
  const { segment, index } = last
  const date = segment.dates[index]!
  // The latest own time of the walk: in another epoch, too, a walk goes forward only.
  const latest = page.reduce(
    (latest, found) => Math.max(latest, ownTimeOf(found, journal)),
    Math.max(natural, ownTimeOf(last, journal))
  )
  const { epoch } = journal
  const others = othersOf(epoch, before)
  return {
    epoch,
    date,
    natural: Math.min(latest, date),
    id: segment.entries.idAt(index),
    segment: segment.no,
    ...(others.length > 0 && { others })
  }
}

/** 0 where the record has none that dates it: its date says nothing of how far a walk has come. */
function ownTimeOf(
  { segment: { no, entries, dates }, index }: Found,
  journal: Walked['journal']
): number {
  if (journal.head(no)?.unordered) return 0
  return naturalDate(entries.timeAt(index), dates[index]!) ?? 0
}
