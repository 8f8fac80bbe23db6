import { histograms } from './metric-table.ts'
import type { NamedSample, TextMeter } from './metrics.ts'

/** Figures of the process since its start, as far as the history plots them. */
export interface ProcessTotals {
  /** Objects added to feed logs. */
  readonly read: number
  /** Calls to Sekoia, each attempt. */
  readonly calls: number
  readonly callsFailed: number
  readonly callsLimited: number
  /** Calls by the time that they took: one count for each bucket of the metric, and one for those above. */
  readonly latency: readonly number[]
}

const durations = 'upstream_request_duration'

/** Reads them off the meter: counting them costs nothing more. */
export const createTotals =
  (meter: Pick<TextMeter, 'samples'>) => async (): Promise<ProcessTotals> => {
    const [read, times] = await Promise.all([
      meter.samples('objects_read_total'),
      meter.samples(`${durations}_seconds`)
    ])
    const calls = times.filter(({ name }) => name.endsWith('_count'))
    const outcomes = (isWanted: (outcome: string) => boolean) =>
      sumOf(calls.filter(({ labels }) => isWanted(String(labels?.['outcome']))))
    return {
      read: sumOf(read),
      calls: sumOf(calls),
      callsFailed: outcomes(outcome => !/^[1-4]\d\d$/.test(outcome)),
      callsLimited: outcomes(outcome => outcome === '429'),
      latency: bucketsOf(times)
    }
  }

const sumOf = (samples: readonly NamedSample[]): number =>
  samples.reduce((sum, { value }) => sum + value, 0)

const bounds = [...histograms[durations]!.buckets, Number.POSITIVE_INFINITY]

/** A bucket of the metric holds what is in those below, too. */
function bucketsOf(times: readonly NamedSample[]): number[] {
  const upTo = new Map(bounds.map(bound => [bound, 0]))
  for (const { labels, value } of times) {
    const le = labels?.['le']
    if (le === undefined) continue
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
    upTo.set(bound, (upTo.get(bound) ?? 0) + value)
  }
  const counts = [...upTo.values()]
  return counts.map((count, i) => count - (counts[i - 1] ?? 0))
}
