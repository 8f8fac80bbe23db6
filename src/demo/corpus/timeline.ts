/**
 * Times in whole microseconds and as Sekoia writes them: `Z`, trailing zeros of the fraction trimmed. Feeds are
 * ordered by that text, not by the instant (SEKOIA-3.2): `.822315Z` comes before `.822Z`.
 */
import { sequence } from './random.ts'

export type Order = 'text' | 'instant'

const fractions = 11 ** 6
const shape = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$/i

const two = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'))
const dayTexts = new Map<number, string>()

function dayText(day: number): string {
  const known = dayTexts.get(day)
  if (known !== undefined) return known
  const text = new Date(day * 86_400_000).toISOString().slice(0, 10)
  dayTexts.set(day, text)
  return text
}

function secondText(second: number): string {
  const day = Math.floor(second / 86_400)
  const rest = second - day * 86_400
  const hour = Math.floor(rest / 3600)
  return `${dayText(day)}T${two[hour]}:${two[Math.floor(rest / 60) % 60]}:${two[rest % 60]}`
}

/** Microseconds since the epoch as text, for example `2020-11-05T14:46:02.81896Z`. */
export function textOf(micros: number): string {
  const second = Math.floor(micros / 1e6)
  const text = secondText(second)
  let rest = micros - second * 1e6
  if (rest === 0) return `${text}Z`
  let digits = 6
  while (rest % 10 === 0) {
    rest /= 10
    digits--
  }
  return `${text}.${String(rest).padStart(digits, '0')}Z`
}

/**
 * Text to microseconds since the epoch, further digits cut; a time without zone is in UTC, second 60 the first of
 * the next minute. Undefined when it is not RFC 3339.
 */
export function microsOf(text: string): number | undefined {
  const match = shape.exec(text)
  if (!match) return undefined
  const [, date, minute, second, fraction = '', zone = 'Z'] = match
  const millis = Date.parse(`${date}T${minute}:00${zone.toUpperCase()}`)
  const isReal = !Number.isNaN(millis) && Number(second) <= 60 && isDay(date!)
  if (!isReal) return undefined
  return (millis + Number(second) * 1000) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}

/** False for the 30th of February, which `Date` moves on to March. */
const isDay = (date: string): boolean =>
  new Date(`${date}T00:00:00Z`).toISOString().startsWith(date)

/**
 * A number that sorts as the text of the time does. The `Z` that follows the last digit written is greater
 * than any digit, so trimmed zeros count as an eleventh digit.
 */
export function rankOf(micros: number): number {
  const second = Math.floor(micros / 1e6)
  let rest = micros - second * 1e6
  let rank = 0
  let trimmed = true
  for (let weight = 1; weight < fractions; weight *= 11) {
    const digit = rest % 10
    trimmed &&= digit === 0
    rank += weight * (trimmed ? 10 : digit)
    rest = (rest - digit) / 10
  }
  return second * fractions + rank
}

/** The inverse of {@link rankOf}. */
export function microsOfRank(rank: number): number {
  const second = Math.floor(rank / fractions)
  let rest = rank - second * fractions
  let micros = 0
  for (let weight = 1; weight < 1e6; weight *= 10) {
    const digit = rest % 11
    micros += weight * (digit % 10)
    rest = (rest - digit) / 11
  }
  return second * 1e6 + micros
}

export interface TimelineOptions {
  readonly seed: number
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  readonly order: Order
}

/**
 * `modified` of the base corpus, in feed order: bursts of up to 800 objects some 23 µs apart, spread over the
 * history, all different; a few rounded to the millisecond or the second (SEKOIA-8).
 */
export function timeline({ seed, count, from, to, order }: TimelineOptions): Float64Array {
  const times = burstTimes(seed, count, from * 1000, to * 1000)
  if (order === 'instant') return times
  for (let i = 0; i < count; i++) times[i] = rankOf(times[i]!)
  times.sort()
  for (let i = 0; i < count; i++) times[i] = microsOfRank(times[i]!)
  return times
}

function burstTimes(seed: number, count: number, from: number, to: number): Float64Array {
  const random = sequence(seed)
  const times = new Float64Array(count)
  const starts = Math.max(1, Math.ceil(count / 400))
  let last = from
  let left = 0
  for (let i = 0; i < count; i++) {
    if (left-- <= 0) {
      left = Math.floor(random() * 800)
      const share = Math.min(0.999, (i / 400 + random() * 0.9) / starts)
      last = Math.max(last, from + Math.floor(share * (to - from)))
    }
    last = coarser(last + 4 + Math.floor(random() * 38), random())
    times[i] = last
  }
  return times
}

function coarser(micros: number, chance: number): number {
  const unit = chance < 0.0006 ? 1e6 : chance < 0.004 ? 1000 : 1
  return Math.ceil(micros / unit) * unit
}
