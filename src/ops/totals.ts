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

/** Buckets of the metric hold those of the ones below, too. */
function bucketsOf(times: readonly NamedSample[]): number[] {
  const bounds = [...histograms[durations]!.buckets, Number.POSITIVE_INFINITY]
  const upTo = bounds.map(bound =>
    sumOf(
      times.filter(
        ({ name, labels }) => name.endsWith('_bucket') && Number(toBound(labels?.['le'])) === bound
      )
    )
  )
  return upTo.map((count, i) => count - (upTo[i - 1] ?? 0))
}

const toBound = (le: string | undefined): number =>
  le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
