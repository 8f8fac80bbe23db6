import type { Position } from '../../kernel/records.ts'
import { toMillis, toNaturalMillis } from '../../stix/timestamp.ts'
import type { TimeStart } from './leading-run.ts'

/** Where in a feed's log a page starts. */
export interface Start {
  /** Exclusive lower bound of date_added, ms since the epoch. */
  readonly addedAfter: number | undefined
  readonly position: Position | undefined
  /** What of the records that follow is left out, see leading-run.ts. */
  readonly time: TimeStart | undefined
}

export const fromBeginning: Start = { addedAfter: undefined, position: undefined, time: undefined }

export const fromPosition = (position: Position): Start => ({
  addedAfter: undefined,
  position,
  time: undefined
})

/**
 * From a time on, as text in Sekoia's order. The natural dates of the log follow that order; a time with an offset
 * sorts before the same time with Z, so there only its second and fraction count.
 * @returns undefined for a text that is no time
 */
export function fromTime(time: TimeStart): Start | undefined {
  const own = time.text.endsWith('Z') && !time.text.includes('+')
  const plain = own ? time.text : time.text.replace(/\+00:00Z?$/, 'Z')
  const millis = own ? toNaturalMillis(plain) : toMillis(plain)
  return millis === undefined ? undefined : { addedAfter: millis - 1, position: undefined, time }
}
