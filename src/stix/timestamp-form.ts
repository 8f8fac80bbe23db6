import { toMillis } from './timestamp.ts'

const stixShape = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:(?:[0-5]\d|60)(?:\.(\d+))?Z$/

/**
 * The timestamp in the form of STIX 2.1 §2.14 with at least `minimumDigits` fraction digits (three for `created` and
 * `modified`, STIX 2.1 §3.2). A text in that form is returned as it is; others become their time in UTC with the
 * digits they had. Undefined if the text is not a timestamp.
 */
export function toStixTimestamp(text: string, minimumDigits: number): string | undefined {
  const millis = toMillis(text)
  if (millis === undefined) return undefined
  const match = stixShape.exec(text)
  if (!match || (text.slice(17, 19) === '60' && !isLeapSecond(text))) {
    return inUtc(new Date(millis).toISOString(), /\.(\d+)/.exec(text)?.[1], minimumDigits)
  }
  const fraction = match[2] ?? ''
  return fraction.length >= minimumDigits ? text : inUtc(text, fraction, minimumDigits)
}

function inUtc(text: string, fraction = '', minimumDigits = 0): string {
  const digits = fraction.padEnd(minimumDigits, '0')
  return `${text.slice(0, 19)}${digits && `.${digits}`}Z`
}

/** The years whose June or December ended with a leap second (RFC 3339 appendix D, IERS); none since 2016. */
const leapYears = {
  '06-30': '1972 1981 1982 1983 1985 1992 1993 1994 1997 2012 2015',
  '12-31': '1972 1973 1974 1975 1976 1977 1978 1979 1987 1989 1990 1995 1998 2005 2008 2016'
}

/** True for a leap second that took place: it is valid and stays. Any other second 60 is not valid. */
const isLeapSecond = (text: string): boolean =>
  Object.entries(leapYears).some(
    ([day, years]) =>
      text.startsWith(`${day}T23:59:`, 5) && years.split(' ').includes(text.slice(0, 4))
  )

/** The usual form up to its seconds. */
const usual = Buffer.from('0000-00-00T00:00:00')
const zero = 0x30

/**
 * A quick check for the usual timestamps: true if the token `bytes[start, end)`, quotes included, is certainly a
 * timestamp in STIX form with enough digits. If false, {@link toStixTimestamp} decides. Nearly all timestamps of a
 * feed come by here: it makes no objects.
 */
export function isPlainTimestamp(
  bytes: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
  minimumDigits: number
): boolean {
  const at = start + 1
  const digits = end - start - 23
  if (digits < minimumDigits && !(digits === -1 && minimumDigits === 0)) return false
  if (digits === 0 || bytes[end - 1] !== 0x22 || bytes[end - 2] !== 0x5a) return false
  for (let place = 0; place < usual.length; place++) {
    const wanted = usual[place]!
    if (wanted === zero ? !isDigitAt(bytes, at + place) : bytes[at + place] !== wanted) return false
  }
  if (digits > 0 && bytes[at + 19] !== 0x2e) return false
  for (let place = at + 20; place < end - 2; place++) if (!isDigitAt(bytes, place)) return false
  const month = twoDigitsAt(bytes, at + 5)
  const day = twoDigitsAt(bytes, at + 8)
  if (month < 1 || month > 12 || day < 1 || day > (month === 2 ? 28 : 30)) return false
  const isTime = twoDigitsAt(bytes, at + 11) < 24 && twoDigitsAt(bytes, at + 14) < 60
  return isTime && twoDigitsAt(bytes, at + 17) < 60
}

const twoDigitsAt = (bytes: Buffer, at: number): number =>
  (bytes[at]! - zero) * 10 + bytes[at + 1]! - zero

function isDigitAt(bytes: Buffer, at: number): boolean {
  const code = bytes[at]!
  return code >= 0x30 && code <= 0x39
}
