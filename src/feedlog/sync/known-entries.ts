import type { Caller } from '../../kernel/caller.ts'
import type { Chain } from '../journal/chain.ts'
import { entryKey } from '../journal/packed-index.ts'
import { type Body, pick } from '../journal/segment.ts'
import type { SegmentHead } from '../journal/segment-head.ts'
import type { SegmentLoader } from './segment-loader.ts'

/** Which entries of a page the log already holds, by id and time. Exact: an entry dropped here is lost. */
export class KnownEntries {
  readonly #segments: SegmentLoader
  /** Entries after the cursor the tip is read from: key → segment number, ascending. */
  #recent: { afterNo: number; keys: Map<string, number> } | undefined

  constructor(bodies: SegmentLoader) {
    this.#segments = bodies
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

  /** Another gateway wrote to the journal: the recent entries are gathered anew. */
  forget(): void {
    this.#recent = undefined
  }

  /** Keeps what {@link since} gives up to date. */
  remember(body: Body, no: number): void {
    if (!this.#recent) return
    for (const entry of body.entries) this.#recent.keys.set(entryKey(entry), no)
  }

  /** The page without what the chain's segments hold whose own times reach `from` or later. */
  async without(chain: Chain, body: Body, from: number, caller: Caller): Promise<Body> {
    const heads = chain.heads.filter(head => head.maxNatural >= from)
    const known = await this.#keysOf(heads, caller)
    return pick(body, entry => !known.has(entryKey(entry)))
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
