/**
 * RFC 3339 timestamps as text, with their full precision. `Date` has milliseconds only and Sekoia has up to
 * nine digits, so nothing here goes through a float except where whole milliseconds are what is wanted.
 */

const shape = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/

const sameSecond = /^.{19}(?:\.\d{1,9})?Z$/

interface Parts {
  /** Whole seconds since the epoch, UTC. */
  readonly seconds: number
  /** Fraction digits as written, '' when there are none. */
  readonly fraction: string
}

/** The last whole second that was read: neighbours in a feed share it. */
let lastSecond = ''
let lastSeconds = 0

function parse(text: string): Parts | undefined {
  if (lastSecond !== '' && text.startsWith(lastSecond) && sameSecond.test(text))
    return { seconds: lastSeconds, fraction: text.slice(20, -1) }
  const match = shape.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match
  const date = utc(+year!, +month! - 1, +day!, +hour!, +minute!, +second!)
  const check = new Date(date)
  if (check.getUTCMonth() !== +month! - 1 || check.getUTCDate() !== +day!) return undefined
  if (+hour! > 23 || +minute! > 59 || +second! > 59) return undefined
  const seconds = date / 1000 - offsetSeconds(zone)
  if (zone === 'Z' && text[10] === 'T') {
    lastSecond = text.slice(0, 19)
    lastSeconds = seconds
  }
  return { seconds, fraction }
}

/** `Date.UTC` reads the years 0 to 99 as 1900 to 1999; the calendar is the same 400 years later. */
function utc(year: number, ...rest: [number, number, number, number, number]): number {
  return year > 99 ? Date.UTC(year, ...rest) : Date.UTC(year + 400, ...rest) - cycleMs
}

const cycleMs = Date.UTC(2400) - Date.UTC(2000)

function offsetSeconds(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0
  const sign = zone.startsWith('-') ? -1 : 1
  return sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4, 6)) * 60)
}

/** True when the text is an RFC 3339 timestamp with a real calendar date; any offset. */
export const isTimestamp = (text: string): boolean => parse(text) !== undefined

/** Milliseconds since the epoch, cut to the millisecond; undefined when the text is not a timestamp. */
export function toMillis(text: string): number | undefined {
  const parts = parse(text)
  if (!parts) return undefined
  return parts.seconds * 1000 + Number(parts.fraction.padEnd(3, '0').slice(0, 3))
}

/**
 * The `natural` date_added of an object's own time (P-41 ii): missing fraction digits taken as nines, then
 * rounded up to the millisecond. It follows the text order of Sekoia's pages (`.822315Z` before `.822Z`), is
 * never before the time itself, and depends on the text alone. Undefined when the text is not a timestamp.
 */
export function toNaturalMillis(text: string): number | undefined {
  const parts = parse(text)
  if (!parts) return undefined
  const nines = parts.fraction.padEnd(9, '9')
  const millis = Number(nines.slice(0, 3))
  const roundsUp = nines.slice(3) !== '000000'
  return parts.seconds * 1000 + millis + (roundsUp ? 1 : 0)
}

/** A canonical text for comparing instants: `<seconds>.<9 digits>`; undefined when not a timestamp. */
export function toInstant(text: string): string | undefined {
  const parts = parse(text)
  return parts && `${parts.seconds}.${parts.fraction.padEnd(9, '0')}`
}

/** Milliseconds as a TAXII timestamp with six fraction digits, the last three zero (P-6). */
export const toTs6 = (millis: number): string =>
  `${new Date(millis).toISOString().slice(0, -1)}000Z`

/** Whole seconds, no fraction, `Z`: the form in which a walk is started upstream (U-3). */
export const toWholeSeconds = (millis: number): string =>
  `${new Date(Math.floor(millis / 1000) * 1000).toISOString().slice(0, 19)}Z`
