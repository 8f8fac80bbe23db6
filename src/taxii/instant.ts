import { toMillis, toTs6 } from '../stix/timestamp.ts'

/** A time a client sent: whole milliseconds to compare with, and the same instant as a TAXII timestamp. */
export interface Instant {
  /** Cut to the millisecond, which changes no comparison: dates lie on the millisecond grid (P-6). */
  readonly millis: number
  /** Six fraction digits; built from the parsed value, never an echo of the client's text (H-12). */
  readonly ts6: string
}

/** Which spellings of the time zone are taken (D-7). */
export type Zones = 'utc' | 'zero-offset' | 'any'

const dateTime = String.raw`\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?`
const shapes: Readonly<Record<Zones, RegExp>> = {
  utc: new RegExp(`^${dateTime.replace('[Tt]', 'T')}Z$`),
  'zero-offset': new RegExp(`^${dateTime.replace('[Tt]', 'T')}(?:Z|[-+ ]00:00)$`),
  any: new RegExp(`^${dateTime}(?:[Zz]|[-+ ]\\d\\d:\\d\\d)?$`)
}
const year0 = -62_167_219_200_000
const year10000 = 253_402_300_800_000

/**
 * A timestamp of a query, already percent-decoded: a space before the offset is a `+` that was not encoded.
 * Undefined when the text is not in the form that `zones` allows.
 */
export function parseInstant(text: string, zones: Zones): Instant | undefined {
  if (!shapes[zones].test(text)) return undefined
  const millis = toMillis(canonicalZone(text))
  if (millis === undefined || millis < year0 || millis >= year10000) return undefined
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  const micros = fraction.padEnd(6, '0').slice(3, 6)
  return { millis, ts6: `${toTs6(millis).slice(0, 23)}${micros}Z` }
}

/** The same time in RFC 3339: `+` for a space before the offset, `Z` where no zone was given. */
export function canonicalZone(text: string): string {
  const spelled = text.replace(' ', '+')
  return /(?:[Zz]|[-+]\d\d:\d\d)$/.test(spelled) ? spelled : `${spelled}Z`
}
