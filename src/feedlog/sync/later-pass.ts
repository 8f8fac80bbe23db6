import type { Caller } from '../../kernel/caller.ts'
import { elapsedOf } from '../../kernel/ports.ts'
import { toWholeSeconds } from '../../stix/timestamp.ts'
import type { Chain } from '../journal/chain.ts'
import type { Source } from '../journal/segment-head.ts'
import { aboveStart, reachesStart } from './above-start.ts'
import { tipParts } from './append.ts'
import { ascending, type Descent, type HeldPage } from './descent.ts'
import { slackMs, startOf } from './resume-point.ts'
import type { TipDeps } from './tip.ts'
import { liesBelow, spanOf } from './walkable.ts'

export interface LaterPassDeps extends TipDeps {
  readonly descent: Descent
}

/**
 * What is new in a feed that comes newest first: read down from the newest to somewhat before what had settled at the
 * last pass, and appended only when that was reached, in ascending order.
 */
export class LaterPass {
  readonly #with: LaterPassDeps
  /** When a pass last went as far down as a time with another zone may stand, by {@link elapsedOf}. */
  #deepAt = Number.NEGATIVE_INFINITY

  constructor(deps: LaterPassDeps) {
    this.#with = deps
  }

  /** Resolves with the instant at which it began. */
  async read(chain: Chain, caller: Caller): Promise<number> {
    const { parts, descent } = this.#with
    const startedAt = parts.clock.now()
    const begunAt = elapsedOf(parts.clock)
    const isDeep = begunAt - this.#deepAt >= this.#relookMs
    const bound = this.#settledAt(chain) - this.#relookMs - (isDeep ? slackMs : 1000)
    const pages = await descent.all(caller, sourceFrom(chain, bound), bound)
    let isAbove = chain.start === 0
    for (const page of pages.toReversed())
      isAbove = await this.#take(chain, { page, bound, isAbove }, caller)
    if (isDeep) this.#deepAt = begunAt
    return startedAt
  }

  /** Resolves with true once the start of the chain was reached from below. */
  async #take(
    chain: Chain,
    { page, bound, isAbove }: { page: HeldPage; bound: number; isAbove: boolean },
    caller: Caller
  ): Promise<boolean> {
    const { parts, descent, known, appender, floor } = this.#with
    const body = page.body
      ? ascending(page.body)
      : await descent.again(caller, page, sourceFrom(chain, bound))
    const now = parts.clock.now()
    const { pageLimit } = parts.settings
    const isSought = page.source.cursor === undefined
    if (liesBelow(body.entries, bound, { now, pageLimit, isSought })) return isAbove
    const span = spanOf(body.entries, now)
    // What is read again may reach further down than the page did.
    const isWholeAbove = isAbove && (page.body || !reachesStart(body, chain.start, now))
    const own = isWholeAbove ? body : aboveStart(body, chain.start, now)
    const from = Math.min(bound, span?.low ?? bound) - slackMs
    const fresh = await known.without(chain, own, from, caller)
    for (const part of tipParts(fresh))
      await appender.append(chain, { body: part, source: page.source, floor, advance: () => {} })
    return isAbove || reachesStart(body, chain.start, now)
  }

  /** Neither our clock nor the feed's times alone decide. */
  #settledAt(chain: Chain): number {
    const { settled, lastReadAt } = this.#with.journal
    return Math.min(lastReadAt || settled[0]!.at, chain.readUpTo)
  }

  get #relookMs(): number {
    return this.#with.parts.settings.relookSeconds * 1000
  }
}

const sourceFrom = (chain: Chain, bound: number): Source =>
  bound <= chain.start ? startOf(chain) : { modifiedAfter: toWholeSeconds(bound) }
