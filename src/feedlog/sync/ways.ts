import type { Caller } from '../../kernel/caller.ts'
import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import type { Backfill } from './backfill.ts'
import { type FeedOrder, NewestFirstError } from './feed-order.ts'
import type { FirstPass } from './first-pass.ts'
import type { LaterPass } from './later-pass.ts'
import type { Tip } from './tip.ts'

export interface WaysDeps {
  readonly journal: Journal
  readonly order: FeedOrder
  readonly backfill: Backfill
  readonly tip: Tip
  readonly firstPass: FirstPass
  readonly laterPass: LaterPass
}

/** How a feed is read on: by cursors where it comes oldest first, in passes where it comes newest first. */
export class Ways {
  readonly #with: WaysDeps

  constructor(deps: WaysDeps) {
    this.#with = deps
  }

  /** One page of history. Resolves with true when the chain has come to its end. Throws as the upstream does. */
  async readHistory(chain: Chain, caller: Caller): Promise<boolean> {
    const { journal, order, firstPass } = this.#with
    await order.learn(caller)
    if (journal.sortOrder !== 'desc') return this.#readOldestFirst(chain, caller)
    try {
      return await firstPass.readOn(chain, caller)
    } catch (error) {
      if (!(await order.isUnlikeNewestFirst(error, caller))) throw error
      return this.#readOldestFirst(chain, caller, error)
    }
  }

  /** All that is new at the end. Resolves with the instant at which the reading began. Throws as the upstream does. */
  async readNews(chain: Chain, caller: Caller): Promise<number> {
    const { journal, order, tip, laterPass } = this.#with
    await order.learn(caller)
    const [way, other] = journal.sortOrder === 'desc' ? [laterPass, tip] : [tip, laterPass]
    try {
      return await way.read(chain, caller)
    } catch (error) {
      const isOther =
        error instanceof NewestFirstError || (await order.isUnlikeNewestFirst(error, caller))
      if (!isOther) throw error
      return other.read(chain, caller)
    }
  }

  /** `objection` is why it is not read newest first any more: the feed has no order that is good for both. */
  async #readOldestFirst(chain: Chain, caller: Caller, objection?: unknown): Promise<boolean> {
    const { backfill, firstPass } = this.#with
    chain.setPass(undefined)
    try {
      return await backfill.readOn(chain, caller)
    } catch (error) {
      if (!(error instanceof NewestFirstError)) throw error
      if (objection) throw objection
      return firstPass.readOn(chain, caller)
    }
  }
}
