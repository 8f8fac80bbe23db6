import type { Head, Totals } from './head.ts'
import { type EventFacts, orgc } from './wire.ts'

/**
 * `manifest.json`: what every event is called and when it last changed, by uuid (MISP-1.2). There may be thousands of
 * them: the work yields where it may be interrupted.
 */
export function* toManifest(heads: Iterable<Head>): Generator<void, string> {
  const sorted = [...heads].sort((a, b) => (a.uuid < b.uuid ? -1 : 1))
  const entries: string[] = []
  for (const head of sorted) {
    entries.push(`"${head.uuid}":${JSON.stringify(toEntry(head))}`)
    if (entries.length % entriesAtOnce === 0) yield
  }
  return `{${entries.join(',')}}`
}

/** Between two places where the work may be interrupted. */
const entriesAtOnce = 100

const toEntry = ({ tags, date, info, timestamp, orgc: own }: Head): EventFacts => ({
  Orgc: own ?? orgc,
  Tag: tags,
  analysis: '2',
  date,
  info,
  threat_level_id: '4',
  timestamp
})

/** The timestamp of each event in a manifest, epoch seconds. */
export function timestampsOf(manifest: string): Map<string, number> {
  const entries = JSON.parse(manifest) as Record<string, EventFacts>
  return new Map(Object.entries(entries).map(([uuid, { timestamp }]) => [uuid, Number(timestamp)]))
}

export function totalsOf(heads: Iterable<Head>): Totals {
  const totals = { events: 0, attributes: 0, live: 0, indicators: 0, merged: 0 }
  for (const { attributes, live, indicators, merged } of heads) {
    totals.events++
    totals.attributes += attributes
    totals.live += live
    totals.indicators += indicators
    totals.merged += merged
  }
  return totals
}
