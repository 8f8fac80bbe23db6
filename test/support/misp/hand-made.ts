import { createHash } from 'node:crypto'
import type { ServedFeed } from './checker.ts'
import type { FeedAnswer, FetchFeed } from './feed-client.ts'
import type { Json } from './json.ts'

/** Small feeds, written by hand, with which the stand-ins for MISP's side are tested themselves. */

/** A version 5 UUID that ends in the number. */
export const uuid5 = (n: number): string =>
  `00000000-0000-5000-8000-${n.toString(16).padStart(12, '0')}`

/** 2026-11-01, in epoch seconds. */
export const t0 = 1_793_491_200

export const orgc = { name: 'ACME', uuid: '55f6ea65-aa10-4c5a-bf01-4f84950d210f' }
export const green = { name: 'tlp:green', colour: '#33ff00' }

/** A live domain of the number's, as new as the feed. */
export const attribute = (n: number, fields: Json = {}): Json => ({
  uuid: uuid5(n),
  type: 'domain',
  category: 'Network activity',
  value: `evil-${n}.example.org`,
  to_ids: true,
  deleted: false,
  disable_correlation: false,
  timestamp: String(t0),
  comment: 'made by hand',
  first_seen: '2026-10-01T00:00:00Z',
  last_seen: '2027-10-01T00:00:00.000001+00:00',
  Tag: [{ name: 'sekoia:source="hand"' }],
  ...fields
})

export const tombstone = (n: number, fields: Json = {}): Json =>
  attribute(n, { to_ids: false, deleted: true, ...fields })

/** An attribute for an Object `file`. */
export const inside = (n: number, fields: Json = {}): Json =>
  attribute(n, {
    type: 'md5',
    category: 'Payload delivery',
    value: n.toString(16).padStart(32, '0'),
    object_relation: 'md5',
    ...fields
  })

export const object = (n: number, attributes: readonly Json[], fields: Json = {}): Json => ({
  uuid: uuid5(n),
  name: 'file',
  'meta-category': 'file',
  description: 'A file',
  template_uuid: '688c46fb-5edb-40a3-8273-1af7923e2215',
  template_version: '25',
  timestamp: String(t0),
  comment: '',
  deleted: false,
  Attribute: attributes,
  ...fields
})

export const reference = (n: number, source: string, target: string, fields: Json = {}): Json => ({
  uuid: uuid5(n),
  timestamp: String(t0),
  relationship_type: 'connects-to',
  comment: '',
  object_uuid: source,
  source_uuid: source,
  referenced_uuid: target,
  ...fields
})

export const report = (n: number, fields: Json = {}): Json => ({
  uuid: uuid5(n),
  name: `Report ${n}`,
  content: '# What we saw',
  timestamp: String(t0),
  deleted: false,
  ...fields
})

/** An event that is as new as its number. */
export const event = (n: number, fields: Json = {}): Json => ({
  uuid: uuid5(n),
  info: `Event ${n}`,
  date: '2026-11-01',
  analysis: '2',
  threat_level_id: '4',
  timestamp: String(t0 + n),
  publish_timestamp: fields['timestamp'] ?? String(t0 + n),
  published: true,
  extends_uuid: '',
  Orgc: orgc,
  Tag: [green],
  ...fields
})

const entryFields = ['info', 'date', 'analysis', 'threat_level_id', 'timestamp', 'Orgc', 'Tag']

export const entryOf = (of: Json): Json =>
  Object.fromEntries(entryFields.map(name => [name, of[name]]))

/** A line of hashes.csv. */
export const hashLine = (text: string, of: number): string =>
  `${createHash('md5').update(text).digest('hex')},${uuid5(of)}`

/** A feed whose events can be replaced; it serves a manifest that follows, with an ETag. */
export class HandMadeFeed {
  /** Instead of what the events say. */
  manifest: unknown
  /** Status 200 unless a path is here. */
  readonly statuses = new Map<string, number>()
  readonly requests: string[] = []
  hashes: string | undefined
  readonly #events = new Map<string, Json>()

  constructor(...events: Json[]) {
    this.put(...events)
  }

  put(...events: Json[]): void {
    for (const each of events) this.#events.set(String(each['uuid']), each)
  }

  /** Serves the event under another uuid. */
  putAs(uuid: string, each: Json): void {
    this.#events.set(uuid, each)
  }

  remove(uuid: string): void {
    this.#events.delete(uuid)
  }

  readonly fetch: FetchFeed = async (path, headers) => {
    this.requests.push(path)
    const status = this.statuses.get(path)
    if (status !== undefined) return { status, headers: {}, body: 'not today' }
    const body = this.#body(path)
    if (body === undefined) return { status: 404, headers: {}, body: 'not found' }
    return path === '/manifest.json'
      ? conditional(body, headers['if-none-match'])
      : { status: 200, headers: {}, body }
  }

  served(): ServedFeed {
    const { hashes } = this
    return {
      manifest: Buffer.from(this.#body('/manifest.json')!),
      hashes: hashes === undefined ? undefined : Buffer.from(hashes),
      event: async uuid => Buffer.from(this.#body(`/${uuid}.json`) ?? '')
    }
  }

  #body(path: string): string | undefined {
    if (path === '/hashes.csv') return this.hashes
    if (path === '/manifest.json') return JSON.stringify(this.manifest ?? this.#entries())
    const each = this.#events.get(path.slice(1, -'.json'.length))
    return each && JSON.stringify({ Event: each })
  }

  #entries(): Json {
    return Object.fromEntries([...this.#events].map(([uuid, each]) => [uuid, entryOf(each)]))
  }
}

function conditional(body: string, known: string | undefined): FeedAnswer {
  const etag = `"${createHash('md5').update(body).digest('hex')}"`
  return known === etag
    ? { status: 304, headers: { etag }, body: '' }
    : { status: 200, headers: { ETag: etag }, body }
}
