/**
 * RFC 3339 timestamps as text, with their full precision. `Date` has milliseconds only, and feeds hold times of any
 * precision, so floats are used only where whole milliseconds are wanted.
 *
 * Accepted are the years 0000 to 9999, any number of fraction digits, any offset (also `+hhmm`, `+hh`, and the
 * `+hh:mmZ` that some clients write), lower case, a space for the T, second 60 (the first second of the next minute),
 * and times without a zone, which count as UTC. All else is no timestamp.
 */

const shape =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d(?::?\d\d)?[Zz]?|)$/

interface Parts {
  /** Whole seconds since the epoch, UTC; negative before 1970. */
  readonly seconds: number
  /** Fraction digits as written, '' when there are none; they count forward before 1970 too. */
  readonly fraction: string
}

/** Seconds since the epoch of the first and the last second that STIX and TAXII can write, UTC. */
const firstSecond = -62_167_219_200
const finalSecond = 253_402_300_799

/**
 * Whole seconds since the epoch of a text in the form that nearly all times of a feed have; NaN of any other. Without
 * a regular expression, because a first sync reads millions.
 */
function usualSeconds(text: string): number {
  const end = text.length - 1
  if (text[10] !== 'T' || text[13] !== ':' || text[16] !== ':' || text[end] !== 'Z')
    return Number.NaN
  if (end !== 19 && (text[19] !== '.' || end === 20)) return Number.NaN
  for (let at = 20; at < end; at++) if (Number.isNaN(digitAt(text, at))) return Number.NaN
  const hour = twoDigitsAt(text, 11)
  const minute = twoDigitsAt(text, 14)
  const second = twoDigitsAt(text, 17)
  const days = daysOf(
    twoDigitsAt(text, 0) * 100 + twoDigitsAt(text, 2),
    twoDigitsAt(text, 5),
    twoDigitsAt(text, 8)
  )
  if (days === undefined || text[4] !== '-' || text[7] !== '-') return Number.NaN
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN
  return days * 86_400 + hour * 3600 + minute * 60 + second
}

/** NaN where there is none. */
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - 0x30
  return digit >= 0 && digit <= 9 ? digit : Number.NaN
}

const twoDigitsAt = (text: string, at: number): number =>
  digitAt(text, at) * 10 + digitAt(text, at + 1)

/** The first three fraction digits of a text in the usual form, as a number. */
function usualFraction(text: string, missing: 0 | 9): number {
  const end = text.length - 1
  let millis = 0
  for (let at = 20; at < 23; at++) millis = millis * 10 + (at < end ? digitAt(text, at) : missing)
  return millis
}

function parse(text: string): Parts | undefined {
  const seconds = usualSeconds(text)
  return Number.isNaN(seconds) ? parseAny(text) : { seconds, fraction: text.slice(20, -1) }
}

function parseAny(text: string): Parts | undefined {
  const match = shape.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction = '', zone = ''] = match
  const days = daysOf(+year!, +month!, +day!)
  const offset = offsetSeconds(zone)
  if (days === undefined || offset === undefined) return undefined
  if (+hour! > 23 || +minute! > 59 || +second! > 60) return undefined
  const seconds = days * 86_400 + +hour! * 3600 + +minute! * 60 + +second! - offset
  return seconds < firstSecond || seconds > finalSecond ? undefined : { seconds, fraction }
}

/** Days since the epoch; undefined when the calendar has no such day. */
function daysOf(year: number, month: number, day: number): number | undefined {
  // Date.UTC takes the years before 100 for ones of the last century; the calendar repeats itself after 400.
  const days = Date.UTC(year + 400, month - 1, day) / 86_400_000 - daysOf400Years
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) ? days : undefined
}

const daysOf400Years = 146_097

function daysIn(year: number, month: number): number {
  if (month !== 2) return 30 + ((month + (month >> 3)) & 1)
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

/** Undefined when it is no offset of RFC 3339: at most 23:59. */
function offsetSeconds(zone: string): number | undefined {
  const [hours, minutes] = [
    Number(zone.slice(1, 3)),
    Number(/\d\d(?=[Zz]?$)/.exec(zone.slice(3)) ?? 0)
  ]
  if (hours > 23 || minutes > 59) return undefined
  const sign = zone.startsWith('-') ? -1 : 1
  return sign * (hours * 3600 + minutes * 60)
}

/** True when the text is a timestamp with a real calendar date. */
export const isTimestamp = (text: string): boolean => parse(text) !== undefined

/** True when a timestamp says no zone, so that UTC is assumed. */
export const isZoneless = (text: string): boolean =>
  shape.exec(text)?.[8] === '' && isTimestamp(text)

/** Milliseconds since the epoch, cut to the millisecond; undefined when the text is not a timestamp. */
export function toMillis(text: string): number | undefined {
  const seconds = usualSeconds(text)
  if (!Number.isNaN(seconds)) return seconds * 1000 + usualFraction(text, 0)
  const parts = parseAny(text)
  if (!parts) return undefined
  return parts.seconds * 1000 + Number(parts.fraction.slice(0, 3).padEnd(3, '0'))
}

/**
 * The `natural` date_added of an object's own time (P-41 ii): missing fraction digits taken as nines, then
 * rounded up to the millisecond. It follows the text order of Sekoia's pages (`.822315Z` before `.822Z`), is
 * never before the time itself, and depends on the text alone. Undefined when the text is not a timestamp.
 */
export function toNaturalMillis(text: string): number | undefined {
  const seconds = usualSeconds(text)
  if (!Number.isNaN(seconds) && text.length < 30) return seconds * 1000 + usualFraction(text, 9) + 1
  const parts = parse(text)
  if (!parts) return undefined
  const nines = parts.fraction.padEnd(9, '9')
  const millis = Number(nines.slice(0, 3))
  const roundsUp = /[1-9]/.test(nines.slice(3))
  return parts.seconds * 1000 + millis + (roundsUp ? 1 : 0)
}

const elevenDigits = 1e11

/**
 * A canonical text of the instant: equal for equal instants, and in the order of time when compared as text.
 * Seconds since the epoch in eleven digits, a point, nine fraction digits (more where more are written and the
 * last is not zero). Before 1970 `-` and the seconds since 100,000,000,000 seconds before; where eleven digits do
 * not hold the seconds (from the year 5138 on) `~` and twelve. Undefined when the text is not a timestamp.
 */
export function toInstant(text: string): string | undefined {
  const parts = parse(text)
  return parts && `${secondsText(parts.seconds)}.${fractionText(parts.fraction)}`
}

function secondsText(seconds: number): string {
  if (seconds < 0) return `-${elevenDigits + seconds}`
  return seconds < elevenDigits ? String(seconds).padStart(11, '0') : `~${seconds}`
}

const fractionText = (fraction: string): string =>
  fraction.length <= 9
    ? fraction.padEnd(9, '0')
    : fraction.slice(0, 9) + fraction.slice(9).replace(/0+$/, '')

/** Milliseconds as a TAXII timestamp with six fraction digits, the last three zero (P-6); years 0000 to 9999. */
export const toTs6 = (millis: number): string => `${isoText(millis).slice(0, -1)}000Z`

/** Whole seconds, no fraction, `Z`: the form in which a walk is started upstream (U-3); years 0000 to 9999. */
export const toWholeSeconds = (millis: number): string =>
  `${isoText(Math.floor(millis / 1000) * 1000).slice(0, 19)}Z`

const dayMs = 86_400_000
const maxDays = 10_000
/** By number since the epoch: the times of a feed fall on few days. */
const knownDays = new Map<number, string>()

/** The UTC day of a time in milliseconds, as `YYYY-MM-DD`. */
export function toDay(millis: number): string {
  const number = Math.floor(millis / dayMs)
  const known = knownDays.get(number)
  if (known !== undefined) return known
  const day = new Date(number * dayMs).toISOString().slice(0, 10)
  if (knownDays.size >= maxDays) knownDays.clear()
  knownDays.set(number, day)
  return day
}

/** ISO text; times outside the years with four digits become the first or last millisecond of these. */
const isoText = (millis: number): string =>
  new Date(Math.min(Math.max(millis, firstSecond * 1000), finalSecond * 1000 + 999)).toISOString()
