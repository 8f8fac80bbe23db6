import { toMillis, toTs6 } from '../stix/timestamp.ts'

/** A time from a client: milliseconds to compare with, and the same time as a TAXII timestamp. */
export interface Instant {
  /** Cut to the millisecond, which changes no comparison: dates lie on the millisecond grid (P-6). */
  readonly millis: number
  /** Six fraction digits; built from the parsed value, never an echo of the client's text (H-12). */
  readonly ts6: string
}

/** Which spellings of the time zone are accepted (D-7). */
export type Zones = 'utc' | 'zero-offset' | 'any'

const dateTime = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?`
const shapes: Readonly<Record<Exclude<Zones, 'any'>, RegExp>> = {
  utc: new RegExp(`^${dateTime}Z$`),
  'zero-offset': new RegExp(`^${dateTime}(?:Z|[-+ ]00:00)$`)
}

/**
 * A timestamp of a query, already percent-decoded: a space before the offset is a `+` that was not encoded.
 * Undefined when the text is not in the form that `zones` allows; `any` is whatever can be read as a time.
 */
export function parseInstant(text: string, zones: Zones): Instant | undefined {
  if (zones !== 'any' && !shapes[zones].test(text)) return undefined
  const millis = toMillis(withPlus(text))
  if (millis === undefined) return undefined
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  const micros = fraction.padEnd(6, '0').slice(3, 6)
  return { millis, ts6: `${toTs6(millis).slice(0, 23)}${micros}Z` }
}

/** The same time with `+` for a space before the offset; one in place of the T stays. */
export const withPlus = (text: string): string =>
  text.slice(0, 19) + text.slice(19).replace(' ', '+')
