import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client'

/** The metrics of one process, as they are passed to another. */
export type Snapshot = readonly MetricObjectWithValues<MetricValue<string>>[]

/** As text: counters and histograms added up, gauges as the table of metrics says. */
export const summedText = (snapshots: readonly Snapshot[]): Promise<string> =>
  // The types ask for arrays that may be written to.
  AggregatorRegistry.aggregate(snapshots.map(withStart) as object[]).metrics()

/** The library leaves the start of a process out; the earliest is that of the gateway. */
const withStart = (snapshot: Snapshot): Snapshot =>
  snapshot.map(metric => (metric.aggregator === 'omit' ? { ...metric, aggregator: 'min' } : metric))

/** What still counts when the processes are gone: their counters and histograms, added up. */
export function pastOf(snapshots: readonly Snapshot[]): Snapshot {
  const lasting = snapshots.map(snapshot =>
    snapshot.filter(({ type }) => lastingTypes.has(`${type}`))
  )
  const summed = AggregatorRegistry.aggregate(lasting as object[]).getMetricsAsArray() as unknown
  // The registry adds a function to each, which cannot be passed on.
  return (summed as (Snapshot[number] & { get: unknown })[]).map(({ get: _, ...metric }) => metric)
}

const lastingTypes = new Set(['counter', 'histogram'])
