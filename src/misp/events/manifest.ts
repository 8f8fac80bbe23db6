import type { Work } from '../../kernel/give-way.ts'
import type { Head, Totals } from './head.ts'
import { type EventFacts, orgc } from './wire.ts'

/**
 * `manifest.json`: what every event is called and when it last changed, by uuid (MISP-1.2), an event a line. There may
 * be thousands of them: the work yields where it may be interrupted.
 */
export function* toManifest(heads: Iterable<Head>): Work<Buffer> {
  const sorted = [...heads].sort((a, b) => (a.uuid < b.uuid ? -1 : 1))
  const entries: string[] = []
  for (const head of sorted) {
    entries.push(`"${head.uuid}":${JSON.stringify(toEntry(head))}`)
    if (entries.length % entriesAtOnce === 0) yield
  }
  return Buffer.from(entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n}`)
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

/** The timestamp of each event in a manifest, epoch seconds. One of older gateways has no lines and is read at once. */
export function* timestampsOf(manifest: Buffer): Work<Map<string, number>> {
  const timestamps = new Map<string, number>()
  for (let at = 0; at < manifest.length; ) {
    const found = manifest.indexOf('\n', at)
    const end = found < 0 ? manifest.length : found
    const line = manifest.toString('utf8', at, end).replace(/,$/, '')
    const text = line.startsWith('"') ? `{${line}}` : line.length > 1 ? line : '{}'
    const entries = JSON.parse(text) as Record<string, EventFacts>
    for (const [uuid, { timestamp }] of Object.entries(entries))
      timestamps.set(uuid, Number(timestamp))
    if (timestamps.size % entriesAtOnce === 0) yield
    at = end + 1
  }
  return timestamps
}

export function totalsOf(heads: Iterable<Head>): Totals {
  const totals = { events: 0, attributes: 0, live: 0, indicators: 0, merged: 0, hashes: 0 }
  for (const { attributes, live, indicators, merged, hashes = 0 } of heads) {
    totals.events++
    totals.attributes += attributes
    totals.live += live
    totals.indicators += indicators
    totals.merged += merged
    totals.hashes += hashes
  }
  return totals
}
