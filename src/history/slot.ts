/** What the history counts; what a client was given, and what was read from Sekoia, are objects. */
export const counters = [
  'served',
  'refused',
  'rejected',
  'failed',
  'left',
  'given',
  'read',
  'calls',
  'callsFailed',
  'callsLimited'
] as const
export type Counter = (typeof counters)[number]

/**
 * A stretch of time. Slots of the same time are merged, in any order: counts are added, of lag and failing feeds the
 * most counts.
 */
export interface Slot {
  /** Number of the stretch since the epoch. */
  readonly no: number
  readonly counts: Readonly<Record<Counter, number>>
  /** Oldest confirmed end of a followed feed, s; null where none was followed. */
  readonly lag: number | null
  /** Most feeds at once that could not be read on. */
  readonly failing: number
  /** Calls to Sekoia by the time that they took: one count for each of {@link latencyBounds}, and one above. */
  readonly latency: readonly number[]
}

/** Seconds: those of the metric `upstream_request_duration`. */
export const latencyBounds: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

const countsFrom = (count: (name: Counter) => number) =>
  Object.fromEntries(counters.map(name => [name, count(name)])) as Record<Counter, number>

export const emptySlot = (no: number): Slot => ({
  no,
  counts: countsFrom(() => 0),
  lag: null,
  failing: 0,
  latency: new Array<number>(latencyBounds.length + 1).fill(0)
})

/** The number is that of the first. */
export const mergeSlots = (a: Slot, b: Omit<Slot, 'no'>): Slot => ({
  no: a.no,
  counts: countsFrom(name => a.counts[name] + b.counts[name]),
  lag: a.lag === null || b.lag === null ? (a.lag ?? b.lag) : Math.max(a.lag, b.lag),
  failing: Math.max(a.failing, b.failing),
  latency: a.latency.map((count, i) => count + (b.latency[i] ?? 0))
})

/** Short, since hundreds are kept: format, number, lag, failing, counts, latency. */
export const encodeSlot = ({ no, counts, lag, failing, latency }: Slot): Buffer =>
  Buffer.from(JSON.stringify([1, no, lag, failing, counters.map(name => counts[name]), latency]))

/** Undefined for what is no slot of this format: such a one counts as none. */
export function decodeSlot(stored: Buffer): Slot | undefined {
  const [format, no, lag, failing, counts, latency] = JSON.parse(stored.toString())
  if (format !== 1) return undefined
  const count = (name: Counter) => counts[counters.indexOf(name)] ?? 0
  return { no, counts: countsFrom(count), lag, failing, latency }
}

/**
 * The time below which that part (0 to 1) of the calls lies, ms; null without calls. Within a bucket the calls are
 * taken to be spread evenly.
 */
export function latencyMs(latency: readonly number[], part: number): number | null {
  const total = latency.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let left = total * part
  for (const [i, count] of latency.entries()) {
    const from = latencyBounds[i - 1] ?? 0
    const to = latencyBounds[i] ?? from
    if (count > 0 && left <= count) return Math.round(1000 * (from + ((to - from) * left) / count))
    left -= count
  }
  return 1000 * latencyBounds.at(-1)!
}
