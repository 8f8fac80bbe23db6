import type { Caller } from '../../kernel/caller.ts'
import type { Entry } from '../../kernel/ports.ts'
import type { Chain } from '../journal/chain.ts'
import { naturalDate } from '../journal/dates.ts'
import type { Journal } from '../journal/journal.ts'
import { entryKey } from '../journal/packed-index.ts'
import { placeOf } from '../journal/place.ts'
import { type Body, pick } from '../journal/segment.ts'
import type { SegmentHead } from '../journal/segment-head.ts'
import type { SegmentLoader } from './segment-loader.ts'

/** Which entries of a page the log already holds, by id and time. Exact: an entry dropped here is lost. */
export class KnownEntries {
  readonly #journal: Journal
  readonly #segments: SegmentLoader
  /** Entries after the cursor the tip is read from: key → segment number, ascending. */
  #recent: { afterNo: number; keys: Map<string, number> } | undefined

  constructor(journal: Journal, segments: SegmentLoader) {
    this.#journal = journal
    this.#segments = segments
  }

  /** True when a chain later than this one holds the entry, as far as the journal knows. */
  async isHeldLater(chain: Chain, entry: Pick<Entry, 'id' | 'time'>, caller: Caller) {
    const no = this.#journal.versions.newest(entry.id)
    const head =
      no === undefined || !this.#journal.isLater(no, chain) ? undefined : this.#journal.head(no)
    return head !== undefined && (await this.#keysOf([head], caller)).has(entryKey(entry))
  }

  /** True when a chain earlier than this one holds this version, and none later, by the index alone. */
  isHeldEarlier(chain: Chain, entry: Pick<Entry, 'id' | 'time'>): boolean {
    const { versions } = this.#journal
    const no = versions.isNewest(entry) ? versions.newest(entry.id) : undefined
    const holder = no === undefined ? undefined : this.#journal.head(no)?.chain
    return holder !== undefined && holder < chain.start
  }

  /** The keys of the segments from number `afterNo` on. */
  async since(chain: Chain, afterNo: number, caller: Caller): Promise<ReadonlyMap<string, number>> {
    if (!this.#recent || this.#recent.afterNo > afterNo) {
      const heads = chain.heads.filter(head => head.no >= afterNo)
      this.#recent = { afterNo, keys: await this.#keysOf(heads, caller) }
    }
    const { keys } = this.#recent
    for (const [key, no] of keys) {
      if (no >= afterNo) break
      keys.delete(key)
    }
    this.#recent.afterNo = afterNo
    return keys
  }

  /** The segment of an entry that stood ahead of the clock when it was read, so that it comes again and again. */
  aheadIn(entry: Pick<Entry, 'id' | 'time'>): number | undefined {
    return this.#journal.versions.ahead.get(entryKey(entry))
  }

  /** Another gateway wrote to the journal: the recent entries are gathered anew. */
  forget(): void {
    this.#recent = undefined
  }

  /** Keeps what {@link since} gives up to date. */
  remember(body: Body, no: number): void {
    if (!this.#recent) return
    for (const entry of body.entries) this.#recent.keys.set(entryKey(entry), no)
  }

  /** True when the chain holds some of it, as far as the index of newest versions and the times tell. */
  mayHold(chain: Chain, body: Body): boolean {
    const isOwn = (entry: Entry) => {
      const no = this.#holderOf(entry)
      return no !== undefined && this.#journal.head(no)?.chain === chain.start
    }
    return Array.from(body.entries).some(isOwn) || this.#hiddenIn(chain, body).length > 0
  }

  /**
   * The page without what the chain's segments hold whose own times reach `from` or later, and without what lies in the
   * chain at all, as far as the index tells, and beside later chains.
   */
  async without(chain: Chain, body: Body, from: number, caller: Caller): Promise<Body> {
    const holders = new Set(Array.from(body.entries, entry => this.#holderOf(entry)))
    for (const { no } of this.#hiddenIn(chain, body)) holders.add(no)
    const heads = chain.heads.filter(head => head.maxNatural >= from || holders.has(head.no))
    const known = await this.#keysOf(heads, caller)
    return pick(body, entry => !known.has(entryKey(entry)) && this.aheadIn(entry) === undefined)
  }

  /** The segment with this version, or with the newest one where the time is no time: no range of times tells that. */
  #holderOf(entry: Pick<Entry, 'id' | 'time'>): number | undefined {
    const { versions } = this.#journal
    const isPlaced = entry.time !== undefined && placeOf(entry.time) !== undefined
    return isPlaced && !versions.isNewest(entry) ? undefined : versions.newest(entry.id)
  }

  /**
   * Segments that may hold, by their times, what a later chain holds, too: of a version the index names the latest chain
   * alone. A chain that took such an object anew each time it came to it would never be told its end.
   */
  #hiddenIn(chain: Chain, { entries }: Body): SegmentHead[] {
    const isHidden = (entry: Entry) => {
      const no = this.#holderOf(entry)
      return no !== undefined && this.#journal.isLater(no, chain)
    }
    const times = Array.from(entries)
      .filter(isHidden)
      .map(({ time }) => naturalDate(time, Number.POSITIVE_INFINITY))
      .filter(time => time !== undefined)
    if (times.length === 0) return []
    return chain.heads.filter(({ minNatural, maxNatural }) =>
      times.some(time => time >= minNatural && time <= maxNatural)
    )
  }

  async #keysOf(heads: readonly SegmentHead[], caller: Caller): Promise<Map<string, number>> {
    const keys = new Map<string, number>()
    for (const head of heads) {
      if (head.kind === 'tip') {
        for (const [id, time] of head.stored)
          keys.set(entryKey({ id, time: time ?? undefined }), head.no)
      } else {
        const { entries } = await this.#segments.load(head, caller)
        for (const entry of entries) keys.set(entryKey(entry), head.no)
      }
    }
    return keys
  }
}
