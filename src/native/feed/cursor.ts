import type { Position } from '../../kernel/records.ts'

/**
 * Cursors of feed pages. Sekoia takes the base64 of a time for "whatever comes strictly after it in the text order of
 * my feed" (SEKOIA-3.3), and so does the gateway: such a cursor goes on at either. Where the time alone does not
 * say the place in the gateway's log (among objects of one time, after a late arrival), the place follows the time.
 * Sekoia then sees a text that sorts before all that is still to come, and repeats a little.
 */
export type Cursor =
  | { readonly kind: 'time'; readonly text: string }
  | { readonly kind: 'place'; readonly position: Position }
  /** Made by Sekoia, in a way that only Sekoia reads. */
  | { readonly kind: 'opaque' }

const timeShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|\+00:00Z?)$/
const placeShape =
  /^\d{4}-[\d:.T-]+Z#([0-9a-f]{8})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{0,7})\.([a-z0-9-]{1,250}--[0-9a-f-]{36})$/

/** A time before everything, from which a feed without objects is asked for again. */
export const beginning = '1970-01-01T00:00:00Z'

/** @param cursor as in the query, decoded; a plus sign may have become a space. */
export function decodeCursor(cursor: string): Cursor {
  const text = Buffer.from(cursor.replaceAll(' ', '+'), 'base64').toString('latin1')
  if (timeShape.test(text)) return { kind: 'time', text }
  const [, epoch, date, natural, segment, id] = placeShape.exec(text) ?? []
  if (!epoch || !date || !natural || !id) return { kind: 'opaque' }
  const position = { epoch, date: number(date), natural: number(natural), id }
  return {
    kind: 'place',
    position: segment ? { ...position, segment: number(segment) } : position
  }
}

const number = (text: string): number => Number.parseInt(text, 36)

export const encodeTime = (text: string): string => Buffer.from(text).toString('base64')

export function encodePlace({ epoch, date, natural, segment, id }: Position): string {
  const numbers = [date, natural, segment].map(value => value?.toString(36) ?? '')
  return encodeTime(`${textBefore(natural)}#${[epoch, ...numbers, id].join('.')}`)
}

/**
 * A time that sorts before every object of this natural date, as text: two milliseconds earlier, with six digits. See
 * stix/timestamp.ts `toNaturalMillis` for why one is not enough.
 */
const textBefore = (natural: number): string =>
  `${new Date(Math.max(0, natural - 2)).toISOString().slice(0, -1)}999Z`
