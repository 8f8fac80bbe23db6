import { setImmediate } from 'node:timers/promises'
import type { Caller } from '../../kernel/caller.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import { decodeBody, encodeBody, type Segment, type StoredBody } from '../journal/segment.ts'
import type { SegmentHead } from '../journal/segment-head.ts'
import { redate, restore } from './append.ts'
import type { Fetcher } from './fetcher.ts'

/** How often a place is read again before what is missing there counts as gone. */
const proofsOfAbsence = 3

/** The objects behind the heads: from memory, from the store, or read again from Sekoia. */
export class Bodies {
  readonly #journal: Journal
  readonly #parts: FeedLogDeps
  readonly #fetcher: Fetcher
  readonly #loads = new Map<SegmentHead, Promise<Segment>>()

  constructor(journal: Journal, parts: FeedLogDeps, fetcher: Fetcher) {
    this.#journal = journal
    this.#parts = parts
    this.#fetcher = fetcher
  }

  /** The segment of a head, if it is in memory. */
  held(head: SegmentHead): Segment | undefined {
    return this.#parts.cache.get(this.#parts.identity.name, head)
  }

  /** True while the segment of a head is on its way. */
  isLoading(head: SegmentHead): boolean {
    return this.#loads.has(head)
  }

  /** Callers share one flight per segment. Throws GatewayError when it is nowhere and Sekoia fails. */
  load(head: SegmentHead, caller: Caller): Promise<Segment> {
    const held = this.held(head)
    if (held) return Promise.resolve(held)
    const running = this.#loads.get(head)
    if (running) return running
    const flight = this.#load(head, caller).finally(() => this.#loads.delete(head))
    this.#loads.set(head, flight)
    return flight
  }

  async #load(head: SegmentHead, caller: Caller): Promise<Segment> {
    const { identity, cache, clock, meter } = this.#parts
    const stored = await this.#readStored(head)
    meter.count('segments_loaded', { from: stored ? 'store' : 'sekoia' })
    const segment = stored ? redate(head, stored, clock.now()) : await this.#restore(head, caller)
    cache.set(identity.name, segment)
    if (!stored) await this.#keep(segment)
    return segment
  }

  /**
   * A body read again may lack what has moved or was deleted since. What the log does not know to have moved is
   * asked for again before it counts as gone: one wrong answer of Sekoia must not empty a segment.
   */
  async #restore(head: SegmentHead, caller: Caller): Promise<Segment> {
    const ids = head.kind === 'tip' ? new Set(head.stored.map(([id]) => id)).size : head.count
    const expected = ids - this.#journal.superseded(head.no).size
    let fullest: Segment | undefined
    for (let asked = 0; asked < proofsOfAbsence; asked++) {
      const segment = restore(head, await this.#fetcher.fetchAgain(caller, head), {
        now: this.#parts.clock.now(),
        isMember: id => this.#journal.isMember(id, head.no)
      })
      if (!fullest || segment.entries.length > fullest.entries.length) fullest = segment
      if (fullest.entries.length >= expected) break
    }
    return fullest!
  }

  async #readStored(head: SegmentHead): Promise<StoredBody | undefined> {
    const { store, identity, meter } = this.#parts
    // A store and a decoder that never wait would let one who reads on and on keep everyone else from their turn.
    await setImmediate()
    try {
      const stored = await store.readBody(identity.name, head.no)
      const body = stored && (await decodeBody(stored))
      return body?.stamp === head.stamp && body.of >= head.count ? body : undefined
    } catch {
      meter.count('store_errors', { operation: 'read' })
      return undefined
    }
  }

  async #keep(segment: Segment): Promise<void> {
    const { store, identity, meter } = this.#parts
    try {
      await store.writeBody(identity.name, segment.no, await encodeBody(segment))
    } catch {
      meter.count('store_errors', { operation: 'write' })
    }
  }
}
