import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock, DocumentStore, Meter, UnreadableItem } from '../kernel/ports.ts'

/**
 * Items that Sekoia sent and nobody can read: each is counted and logged once, and kept in the document store for the
 * operator, the latest {@link maxItems} of them. Clients never see them.
 */

/** Where an item was met. */
export interface ItemPlace {
  /** Undefined for objects asked for by id. */
  readonly feedId: string | undefined
  /** The cursor sent to Sekoia for the page; undefined for a first page. */
  readonly cursor: string | undefined
}

/** An item as it is kept. */
export interface KeptItem extends ItemPlace, Pick<UnreadableItem, 'index' | 'fault' | 'id'> {
  /** When it was first met, ms since the epoch. */
  readonly at: number
  /** Bytes of the whole item. */
  readonly size: number
  /** The first {@link maxKeptBytes} of it, in base64. */
  readonly bytes: string
}

export interface UnreadableItemsDeps {
  readonly documents: DocumentStore
  readonly clock: Clock
  readonly meter: Meter
  readonly logger: { warn(fields: object, message: string): void }
}

const space = 'unreadable'
const maxItems = 200
const maxKeptBytes = 65_536
const maxAttempts = 5

/** The items kept, oldest first, by digest; the number of an item is its place in a ring of documents. */
type Ring = readonly { readonly digest: string; readonly no: number }[]

export class UnreadableItems {
  readonly #deps: UnreadableItemsDeps
  readonly #known = new LRUCache<string, true>({ max: 10_000 })
  #last: Promise<void> = Promise.resolve()

  constructor(deps: UnreadableItemsDeps) {
    this.#deps = deps
  }

  /** True when this process met the item before: it is as it is, and asking again gives the same. */
  isKnown({ feedId }: ItemPlace, { bytes }: UnreadableItem): boolean {
    return this.#known.has(digestOf(feedId, bytes))
  }

  /** Takes note of items. Resolves when they are kept, or when the store could not be used; never rejects. */
  note(place: ItemPlace, items: readonly UnreadableItem[]): Promise<void> {
    const fresh = items.filter(item => !this.isKnown(place, item))
    for (const { bytes } of fresh) this.#known.set(digestOf(place.feedId, bytes), true)
    const kept = fresh.map(item => this.#toKept(place, item))
    this.#last = kept.reduce((last, item) => last.then(() => this.#noteOne(item)), this.#last)
    return this.#last
  }

  /** What is kept, oldest first. Rejects when the store is in trouble. */
  async list(): Promise<readonly KeptItem[]> {
    const { documents } = this.#deps
    const ring = await this.#ring()
    const values = await documents.get(
      space,
      'items',
      ring.map(({ no }) => String(no))
    )
    return values.flatMap(value => (value ? [JSON.parse(value.toString())] : []))
  }

  #toKept(place: ItemPlace, item: UnreadableItem): [digest: string, item: KeptItem] {
    const { index, fault, id, bytes } = item
    const at = this.#deps.clock.now()
    const head = bytes.toString('base64', 0, Math.min(maxKeptBytes, bytes.length))
    return [
      digestOf(place.feedId, bytes),
      { ...place, index, fault, id, at, size: bytes.length, bytes: head }
    ]
  }

  async #noteOne([digest, item]: [string, KeptItem]): Promise<void> {
    const { meter, logger } = this.#deps
    const outcome = await this.#keep(digest, item).catch(() => 'not kept' as const)
    if (outcome === 'known') return
    const { bytes, at, ...fields } = item
    meter.count('stix_items_unreadable', { fault: item.fault })
    logger.warn(
      { ...fields, kept: outcome === 'kept' },
      'an item that Sekoia sent cannot be read and is left out'
    )
  }

  async #keep(digest: string, item: KeptItem): Promise<'kept' | 'known' | 'not kept'> {
    const { documents } = this.#deps
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const expectedVersion = await documents.version(space)
      const ring = await this.#ring()
      if (ring.some(kept => kept.digest === digest)) return 'known'
      const no = ((ring.at(-1)?.no ?? -1) + 1) % maxItems
      const next: Ring = [...ring.filter(kept => kept.no !== no), { digest, no }]
      const puts = [
        { table: 'items', key: String(no), value: Buffer.from(JSON.stringify(item)) },
        { table: 'ring', key: 'ring', value: Buffer.from(JSON.stringify(next)) }
      ]
      if (await documents.commit(space, { expectedVersion, puts, deletes: [] })) return 'kept'
    }
    return 'not kept'
  }

  async #ring(): Promise<Ring> {
    const [value] = await this.#deps.documents.get(space, 'ring', ['ring'])
    return value ? JSON.parse(value.toString()) : []
  }
}

const digestOf = (feedId: string | undefined, bytes: Buffer): string =>
  createHash('sha256')
    .update(feedId ?? '')
    .update('\0')
    .update(bytes)
    .digest('base64url')
