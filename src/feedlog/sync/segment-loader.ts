import { setImmediate } from 'node:timers/promises'
import type { Caller } from '../../kernel/caller.ts'
import { withDeadline } from '../../kernel/deadline.ts'
import { isRefusal } from '../../kernel/errors.ts'
import { elapsedOf, type LogStore } from '../../kernel/ports.ts'
import { SingleFlight } from '../../kernel/single-flight.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import { decodeBody, encodeBody, type Segment, type StoredBody } from '../journal/segment.ts'
import { cacheName } from '../journal/segment-cache.ts'
import type { EntryName, SegmentHead } from '../journal/segment-head.ts'
import { redate, restore } from './append.ts'
import type { Fetcher } from './fetcher.ts'
import { hold } from './kept-parts.ts'

/** How often a place is read again before what is missing there counts as gone. */
const proofsOfAbsence = 3

/** What a stored body says of its members; undefined when it is gone, or of another form. */
export async function storedNames(
  store: LogStore,
  log: string,
  head: SegmentHead
): Promise<EntryName[] | undefined> {
  const stored = await store.readBody(log, head.no)
  if (!stored) return undefined
  const { stamp, entries } = await decodeBody(stored)
  return stamp === head.stamp
    ? Array.from(entries, ({ id, time }): EntryName => [id, time ?? null])
    : undefined
}

/** The objects behind the heads: from memory, from the store, or read again from Sekoia. */
export class SegmentLoader {
  readonly #journal: Journal
  readonly #deps: FeedLogDeps
  readonly #fetcher: Fetcher
  readonly #loads = new SingleFlight<SegmentHead, Segment>()
  /** Until when bodies of other repair rules are good enough, since Sekoia could not be asked. */
  #resting = Number.NEGATIVE_INFINITY

  constructor(journal: Journal, deps: FeedLogDeps, fetcher: Fetcher) {
    this.#journal = journal
    this.#deps = deps
    this.#fetcher = fetcher
  }

  /** The segment of a head, if it is in memory. */
  held(head: SegmentHead): Segment | undefined {
    return this.#deps.cache.get(cacheName(this.#deps.identity, this.#journal), head)
  }

  /** A clock that was ahead may have dated members later than it is now: they are members nonetheless. */
  #asOf(head: SegmentHead): number {
    return Math.max(this.#deps.clock.now(), head.maxNatural)
  }

  /** True while the segment of a head is on its way. */
  isLoading(head: SegmentHead): boolean {
    return this.#loads.has(head)
  }

  /** Callers share one flight per segment. Throws GatewayError when it is nowhere and Sekoia fails. */
  load(head: SegmentHead, caller: Caller): Promise<Segment> {
    const held = this.held(head)
    return held ? Promise.resolve(held) : this.#loads.run(head, () => this.#load(head, caller))
  }

  async #load(head: SegmentHead, caller: Caller): Promise<Segment> {
    const { meter, settings } = this.#deps
    const stored = await this.#readStored(head)
    const held = stored && redate(head, stored, this.#asOf(head))
    if (held && stored.rules !== settings.repairRules) return this.#repairAnew(head, held, caller)
    meter.count('segments_loaded', { from: held ? 'store' : 'sekoia' })
    if (!held) return this.#readAgain(head, caller)
    hold(held, this.#journal, this.#deps)
    return held
  }

  async #readAgain(head: SegmentHead, caller: Caller): Promise<Segment> {
    const segment = await this.#restore(head, caller)
    hold(segment, this.#journal, this.#deps)
    await this.#keep(segment)
    return segment
  }

  /**
   * A body that was repaired under other rules is read again from Sekoia, under its dates. While Sekoia cannot be
   * asked it is served as it is, and not held in memory, so that it gives way as soon as Sekoia is back.
   */
  async #repairAnew(head: SegmentHead, held: Segment, caller: Caller): Promise<Segment> {
    const { clock, meter, settings } = this.#deps
    if (elapsedOf(clock) < this.#resting) return held
    try {
      const segment = await withDeadline(this.#readAgain(head, caller), settings.tipWaitMs)
      meter.count('segments_loaded', { from: 'sekoia' })
      return segment
    } catch (error) {
      if (isRefusal(error)) throw error
      this.#resting = elapsedOf(clock) + settings.tipSeconds * 1000
      meter.count('segments_loaded', { from: 'store' })
      return held
    }
  }

  /**
   * A body read again may lack what has moved or was deleted since. What the log does not know to have moved is
   * asked for again before it counts as gone: one wrong answer of Sekoia must not empty a segment.
   */
  async #restore(head: SegmentHead, caller: Caller): Promise<Segment> {
    const ids = head.kind === 'tip' ? new Set(head.stored.map(([id]) => id)).size : head.count
    const expected = ids - this.#journal.versions.superseded(head.no).size
    let fullest: Segment | undefined
    for (let asked = 0; asked < proofsOfAbsence; asked++) {
      const segment = restore(head, await this.#fetcher.fetchMembers(caller, head), {
        now: this.#asOf(head),
        isMember: entry => this.#journal.versions.isMember(entry, head.no)
      })
      if (!fullest || segment.entries.length > fullest.entries.length) fullest = segment
      if (fullest.entries.length >= expected) break
    }
    return fullest!
  }

  async #readStored(head: SegmentHead): Promise<StoredBody | undefined> {
    const { store, identity, meter } = this.#deps
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
    const { store, identity, meter } = this.#deps
    try {
      await store.writeBody(
        identity.name,
        segment.no,
        await encodeBody(segment, this.#deps.settings.repairRules)
      )
    } catch {
      meter.count('store_errors', { operation: 'write' })
    }
  }
}
