import type { Caller } from '../../src/kernel/caller.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import type {
  Catalog,
  CatalogFeed,
  FeedRecord,
  InspectedFeed,
  LookupRequest,
  ObjectVersion,
  Obstacle,
  Position,
  ReadRequest,
  ReadResult,
  Records
} from '../../src/kernel/records.ts'
import { toInstant, toNaturalMillis, toTs6 } from '../../src/stix/timestamp.ts'

/** A STIX object and the date it was added, ms since the epoch (its own time when left out). */
export interface FakeObject {
  readonly object: Readonly<Record<string, unknown>> & {
    readonly id: string
    readonly type: string
  }
  readonly date?: number
}

type Held = FeedRecord & { readonly natural: number }

/** In-memory records and catalog: every feed is a list that tests may change between requests. */
export class FakeRecords implements Records, Catalog {
  readonly feeds = new Map<string, Held[]>()
  readonly catalogFeeds: CatalogFeed[] = []
  readonly reads: ReadRequest[] = []
  readonly lookups: LookupRequest[] = []
  /** Keys that Sekoia accepts. */
  readonly keys = new Set<string>(['valid-key'])
  /** Feeds that a key may not read: `key feedId`. */
  readonly forbidden = new Set<string>()
  /** Feeds that a key does not see: `key feedId`. */
  readonly hidden = new Set<string>()
  /** What keeps everybody from reading a feed, by its id. */
  readonly obstacles = new Map<string, Obstacle>()
  /** Thrown by the next calls while set. */
  failure: GatewayError | undefined
  epoch = '0a0b0c0d'

  addFeed(
    feed: Partial<CatalogFeed> & { collectionId: string },
    objects: readonly FakeObject[]
  ): void {
    const feedId = feed.feedId ?? feed.collectionId
    this.catalogFeeds.push({
      feedId,
      alias: undefined,
      title: `Feed ${feedId.slice(0, 8)}`,
      description: undefined,
      isNewestFirst: false,
      isJson: true,
      ...feed
    })
    this.feeds.set(feedId, [])
    this.add(feedId, objects)
  }

  add(feedId: string, objects: readonly FakeObject[]): void {
    const held = [...this.feeds.get(feedId)!, ...objects.map(toHeld)]
    this.feeds.set(
      feedId,
      held.sort((a, b) => comparePlaces(a, b))
    )
  }

  async verify({ key }: Caller): Promise<void> {
    if (!this.keys.has(key.reveal())) throw new GatewayError('unauthorized')
  }

  async list(caller: Caller): Promise<CatalogFeed[]> {
    await this.#access(caller)
    return this.catalogFeeds
      .filter(({ feedId }) => !this.hidden.has(`${caller.key.reveal()} ${feedId}`))
      .filter(({ feedId }) => !this.obstacles.has(feedId))
      .toSorted((a, b) => (a.collectionId < b.collectionId ? -1 : 1))
  }

  async resolve(caller: Caller, idOrAlias: string): Promise<CatalogFeed> {
    const feed = this.catalogFeeds.find(
      ({ collectionId, alias }) => collectionId === idOrAlias || alias === idOrAlias
    )
    if (!feed || this.hidden.has(`${caller.key.reveal()} ${feed.feedId}`)) {
      throw new GatewayError('not-found')
    }
    return feed
  }

  async inspect(caller: Caller, idOrAlias: string): Promise<InspectedFeed> {
    const feed = await this.resolve(caller, idOrAlias)
    return { ...feed, obstacle: this.obstacles.get(feed.feedId) }
  }

  async authorize(caller: Caller, feedId: string): Promise<void> {
    await this.verify(caller)
    if (!this.feeds.has(feedId)) throw new GatewayError('not-found')
  }

  /** What is read changes without notice. */
  validity(): undefined {}

  forget(): void {}

  async read(request: ReadRequest): Promise<ReadResult> {
    this.reads.push(request)
    await this.#access(request.caller, request.feedId)
    const after = this.#held(request.feedId)
      .filter(({ type }) => request.types.length === 0 || request.types.includes(type))
      .filter(markWanted(request))
      .filter(record => isAfter(record, request, this.epoch))
    const records = after.slice(0, cut(after, request.limit, request.maxBytes))
    const last = records.at(-1)
    return {
      records,
      dates: records.map(({ date }) => date),
      chunks: [Buffer.from(records.map(({ bytes }) => bytes.toString()).join(','))],
      more: records.length < after.length,
      position: last && { epoch: this.epoch, date: last.date, natural: last.natural, id: last.id },
      outcome: 'held'
    }
  }

  async lookup(request: LookupRequest): Promise<ObjectVersion[]> {
    this.lookups.push(request)
    await this.#access(request.caller, request.feedId)
    const held = this.#held(request.feedId).filter(({ id }) => request.ids.includes(id))
    return held.map(record => {
      const times = held.filter(({ id }) => id === record.id).map(instant)
      return {
        ...record,
        isFirst: instant(record) === Math.min(...times),
        isLast: instant(record) === Math.max(...times)
      }
    })
  }

  #held(feedId: string): Held[] {
    const held = this.feeds.get(feedId)
    if (!held) throw new GatewayError('not-found')
    return held
  }

  async #access(caller: Caller, feedId?: string): Promise<void> {
    if (this.failure) throw this.failure
    await this.verify(caller)
    if (this.forbidden.has(`${caller.key.reveal()} ${feedId}`)) throw new GatewayError('forbidden')
  }
}

function toHeld({ object, date }: FakeObject): Held {
  const time = (object['modified'] ?? object['created']) as string | undefined
  const natural = time === undefined ? (date ?? 0) : toNaturalMillis(time)!
  const added = date ?? natural
  return {
    id: object.id,
    type: object.type,
    version: time ?? toTs6(added),
    specVersion: (object['spec_version'] as string) ?? ('created' in object ? '2.0' : '2.1'),
    date: added,
    natural,
    bytes: Buffer.from(JSON.stringify(object))
  }
}

const instant = ({ version }: FeedRecord): number => Number(toInstant(version))

const comparePlaces = (a: Held | Position, b: Held | Position): number =>
  a.date - b.date || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) || a.natural - b.natural

/** Spec version first, then which version of what is left (D-20). */
function markWanted({ filter }: ReadRequest) {
  const { versions, specVersions } = filter
  return (record: Held, _n: number, all: Held[]): boolean => {
    if (specVersions && !specVersions.has(record.specVersion)) return false
    const same = all
      .filter(({ id, specVersion }) => id === record.id && (specVersions?.has(specVersion) ?? true))
      .sort((a, b) => instant(a) - instant(b) || Number(a.specVersion) - Number(b.specVersion))
    return (
      versions.all ||
      (versions.last && same.at(-1) === record) ||
      (versions.first && same[0] === record) ||
      versions.at.includes(toInstant(record.version) ?? '')
    )
  }
}

function isAfter(record: Held, { position, addedAfter = -Infinity }: ReadRequest, epoch: string) {
  if (!position) return record.date > addedAfter
  if (position.epoch !== epoch) return record.date >= position.natural
  if (position.id === '') return record.date >= position.date
  return comparePlaces(record, position) > 0
}

/** P-12: a tie group of at most half a page is not split. */
function cut(records: readonly Held[], limit: number, maxBytes: number): number {
  let length = 0
  for (let bytes = 0; length < Math.min(limit, records.length); length += 1) {
    bytes += records[length]!.bytes.length
    if (length > 0 && bytes > maxBytes) break
  }
  const next = records[length]
  if (!next || next.date !== records[length - 1]?.date) return length
  const group = records.filter(({ date }) => date === next.date).length
  const start = records.findIndex(({ date }) => date === next.date)
  return start > 0 && group <= limit / 2 ? start : length
}
