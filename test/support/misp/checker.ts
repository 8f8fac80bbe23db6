import { checkAgreement, checkEntry } from './check-entry.ts'
import { checkEvent } from './check-event.ts'
import { checkHashes } from './check-hashes.ts'
import { childrenOf } from './event-parts.ts'
import { isRecord, type Json, toText } from './json.ts'

export interface ServedFeed {
  readonly manifest: Buffer
  /** Undefined when it answers 404. */
  readonly hashes: Buffer | undefined
  /** The body of an event file. Rejects when there is none. */
  readonly event: (uuid: string) => Promise<Buffer>
  /** The second of the publication, if known: it tells expired values from those that never have to_ids. */
  readonly publishedAt?: number
}

const maxEntries = 10_000

/** What is wrong with a feed, in sentences; nothing when it keeps the invariants INV-1 to INV-18 that files show. */
export async function checkFeed(feed: ServedFeed): Promise<string[]> {
  const manifest = parse(feed.manifest)
  if (!isRecord(manifest)) return ['manifest: it is not a JSON object']
  const entries = Object.entries(manifest).map(
    ([uuid, entry]) => [uuid, isRecord(entry) ? entry : {}] as const
  )
  const problems = entries.length > maxEntries ? [`manifest: it has ${entries.length} entries`] : []
  const events = new Map<string, Json>()
  for (const [uuid, entry] of entries) {
    const event = await download(feed, uuid)
    if (event) events.set(uuid, event)
    const found = event
      ? [...checkEvent(event), ...checkAgreement(uuid, entry, event)]
      : ['the event cannot be read']
    problems.push(...[...checkEntry(uuid, entry), ...found].map(text => `${uuid}: ${text}`))
  }
  const { hashes, publishedAt } = feed
  return [...problems, ...checkTogether(events), ...checkHashes({ hashes, events, publishedAt })]
}

/** What has to be unique over all events (INV-4 and INV-6, MISP-1.2). */
function checkTogether(events: ReadonlyMap<string, Json>): string[] {
  const all = [...events.values()]
  const uuids = all.flatMap(event => [event, ...childrenOf(event)]).map(({ uuid }) => toText(uuid))
  return [
    ...repeated(uuids).map(uuid => `uuid ${uuid} is there twice`),
    ...repeated(all.map(({ info }) => toText(info))).map(info => `info '${info}' is of two events`),
    ...repeated(all.map(({ timestamp }) => toText(timestamp))).map(
      timestamp => `timestamp ${timestamp} is of two events`
    )
  ]
}

function repeated(texts: readonly string[]): string[] {
  const seen = new Set<string>()
  return texts.filter(text => seen.has(text) || !seen.add(text))
}

async function download(feed: ServedFeed, uuid: string): Promise<Json | undefined> {
  try {
    const file = parse(await feed.event(uuid))
    return isRecord(file) && isRecord(file['Event']) ? file['Event'] : undefined
  } catch {
    return undefined
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
