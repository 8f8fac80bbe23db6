import type { Past } from '../history/history.ts'
import { type counters, emptySlot, latencyMs, type Slot } from '../history/slot.ts'
import { type SpanName, slotAt, spans } from '../history/spans.ts'
import type { HistoryView } from './schemas.ts'
import { toInstant } from './viewer.ts'

/** The slots of each span in order, one series for each figure. */
export const toHistoryView = ({ slots, isComplete }: Past, now: number): HistoryView => ({
  now: toInstant(now),
  isComplete,
  day: toSeries('day', slots.day, now),
  month: toSeries('month', slots.month, now)
})

function toSeries(name: SpanName, known: readonly Slot[], now: number): HistoryView['day'] {
  const span = spans[name]
  const first = slotAt(span, now) - span.slots + 1
  const byNo = new Map(known.map(slot => [slot.no, slot]))
  const all = Array.from(
    { length: span.slots },
    (_, i) => byNo.get(first + i) ?? emptySlot(first + i)
  )
  const seriesOf = (counter: (typeof counters)[number]) => all.map(({ counts }) => counts[counter])
  const latency = (part: number) => all.map(slot => latencyMs(slot.latency, part))
  return {
    from: toInstant(first * span.slotMs),
    slotSeconds: span.slotMs / 1000,
    requests: {
      served: seriesOf('served'),
      refused: seriesOf('refused'),
      rejected: seriesOf('rejected'),
      failed: seriesOf('failed'),
      left: seriesOf('left')
    },
    objects: { given: seriesOf('given'), read: seriesOf('read') },
    lagSeconds: all.map(({ lag }) => lag),
    failingFeeds: all.map(({ failing }) => failing),
    upstream: {
      calls: seriesOf('calls'),
      failed: seriesOf('callsFailed'),
      rateLimited: seriesOf('callsLimited'),
      medianMs: latency(0.5),
      p95Ms: latency(0.95)
    }
  }
}
