import type { Caller } from '../../kernel/caller.ts'
import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import { entryKey } from '../journal/packed-index.ts'
import { pick } from '../journal/segment.ts'
import type { AppendOptions } from './append.ts'
import type { Appender } from './appender.ts'
import type { SegmentLoader } from './segment-loader.ts'

export interface UndatedDeps {
  readonly journal: Journal
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
      const body = pick(segment, entry => keys.has(entryKey(entry)))
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
}
