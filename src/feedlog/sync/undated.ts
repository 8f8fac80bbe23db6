import type { Caller } from '../../kernel/caller.ts'
import { isRefusal } from '../../kernel/errors.ts'
import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import { entryKey } from '../journal/packed-index.ts'
import { type Body, pick } from '../journal/segment.ts'
import type { AppendOptions } from './append.ts'
import type { Appender } from './appender.ts'
import type { SegmentLoader } from './segment-loader.ts'

export interface UndatedDeps {
  readonly journal: Journal
  readonly parts: Pick<FeedLogDeps, 'upstream'>
  readonly segments: SegmentLoader
  readonly appender: Appender
  /** What new records are dated after. */
  floor(): AppendOptions['floor']
}

/**
 * Objects of history that their own time cannot date: it is no time, or lies ahead of the clock. They are appended at
 * the end of the log, dated as new, so that clients that ask from any time get them.
 */
export class Undated {
  readonly #with: UndatedDeps
  /** Segments whose undated entries are no more: deleted, or moved away, at Sekoia. */
  readonly #gone = new Set<number>()

  constructor(deps: UndatedDeps) {
    this.#with = deps
  }

  /** True while there are some that clients cannot get yet. */
  get isOwed(): boolean {
    for (const no of this.#with.journal.versions.owed.keys()) if (!this.#gone.has(no)) return true
    return false
  }

  /** Appends them to the last chain. Throws GatewayError as loading their segments does. */
  async append(chain: Chain, caller: Caller): Promise<void> {
    const { journal, segments, appender, floor } = this.#with
    for (const no of [...journal.versions.owed.keys()]) {
      const head = journal.head(no)
      // What another chain read as well comes with the first of them.
      const keys = journal.versions.owed.get(no)
      if (!head || !keys || this.#gone.has(no)) continue
      const segment = await segments.load(head, caller)
      const owed = pick(segment, entry => keys.has(entryKey(entry)))
      const body = await this.#withoutOutdated(owed, no, caller)
      if (body.entries.length < keys.size) this.#gone.add(no)
      if (body.entries.length === 0) continue
      await appender.append(chain, {
        body,
        source: head.source,
        undatedOf: head,
        floor,
        advance: () => {}
      })
    }
  }

  /**
   * Where the log got another version meanwhile, from a page of another chain, no time tells which is the newer one:
   * Sekoia does. Without the right to look objects up both are given.
   */
  async #withoutOutdated(body: Body, no: number, caller: Caller): Promise<Body> {
    const { versions } = this.#with.journal
    const rivals = Array.from(body.entries).filter(entry => {
      const newest = versions.newest(entry.id)
      return newest !== undefined && newest !== no && !versions.isNewest(entry)
    })
    const ids = [...new Set(rivals.map(({ id }) => id))]
    if (ids.length === 0) return body
    const now = await this.#with.parts.upstream.objects(caller, ids).catch(error => {
      if (isRefusal(error)) return undefined
      throw error
    })
    const current = Array.from(now?.entries ?? [], entryKey)
    const known = new Set(Array.from(now?.entries ?? [], ({ id }) => id))
    return pick(body, entry => !known.has(entry.id) || current.includes(entryKey(entry)))
  }
}
