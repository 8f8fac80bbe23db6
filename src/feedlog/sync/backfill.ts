import type { Caller } from '../../kernel/caller.ts'
import type { Page } from '../../kernel/ports.ts'
import { toMillis } from '../../stix/timestamp.ts'
import type { Chain } from '../journal/chain.ts'
import { naturalDate } from '../journal/dates.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import { entryKey } from '../journal/packed-index.ts'
import type { Body } from '../journal/segment.ts'
import type { Source } from '../journal/segment-head.ts'
import { type AppendOptions, cutAtChain, fromChainStart } from './append.ts'
import type { Appender } from './appender.ts'
import { LoopGuard } from './cursor-loop.ts'
import type { Fetcher } from './fetcher.ts'
import type { KnownEntries } from './known-entries.ts'
import { nextSource, sourceAt } from './resume-point.ts'
import { assertAscending } from './walkable.ts'

export interface BackfillDeps {
  readonly journal: Journal
  readonly parts: FeedLogDeps
  readonly fetcher: Fetcher
  readonly appender: Appender
  readonly known: KnownEntries
}

/** How many answers without anything new one call follows. */
const maxBarrenAnswers = 20

/** Entries this much older than a chain's newest may come again after a restart. */
const restartOverlapMs = 3000

/**
 * Reads a chain's history: what Sekoia held before the end was reached for the first time. Ends where the feed
 * ends, or where the next chain begins.
 */
export class Backfill {
  readonly #with: BackfillDeps
  /** Cursors each chain was read from. */
  readonly #followed = new Map<Chain, Set<string | undefined>>()
  /** Chains that read known objects again because Sekoia refused their cursor. */
  readonly #retracing = new Set<Chain>()
  /** The newest cursor of the last chain, and when it was obtained. */
  #obtained: { cursor: string; readAt: number; afterNo: number } | undefined

  constructor(parts: BackfillDeps) {
    this.#with = parts
  }

  /** Reads on by one page that has something new. Resolves with true when the chain has come to its end. */
  async readOn(chain: Chain, caller: Caller): Promise<boolean> {
    const loops = new LoopGuard()
    const restart = sourceAt(chain.progress)
    let source = nextSource(chain)
    let hasAskedAgain = false
    for (let answers = 0; answers < maxBarrenAnswers; answers++) {
      const readAt = this.#with.parts.clock.now()
      const { page, isRestart } = await this.#with.fetcher.fetch(caller, source, restart)
      if (chain.heads.length === 0) assertAscending(page)
      if (isRestart) this.#retracing.add(chain)
      const isStuck = page.nextCursor === null || page.nextCursor === source.cursor
      if (!isStuck && this.#leadsBack(chain, page.nextCursor)) {
        if (!loops.mayAskAgain()) {
          this.#retracing.add(chain)
          source = restart
        }
        continue
      }
      const body = await this.#whatIsNew(chain, page, isStuck, caller)
      const reached = await this.#take(chain, { body, page, source, readAt })
      const isEnd = page.nextCursor === null || (isStuck && (page.itemCount === 0 || hasAskedAgain))
      if (reached || isEnd) return true
      if (body.entries.length > 0) return false
      hasAskedAgain = isStuck
      source = nextSource(chain)
    }
    return false
  }

  /** Another gateway wrote to the journal: it may have read further. */
  forget(): void {
    this.#followed.clear()
    this.#obtained = undefined
  }

  /** True when the chain was already read from this cursor and is not retracing. */
  #leadsBack(chain: Chain, cursor: string | null): boolean {
    const followed = this.#followed.get(chain) ?? new Set(chain.heads.map(h => h.source.cursor))
    this.#followed.set(chain, followed)
    if (chain.cursor !== null) followed.add(chain.cursor)
    return !this.#retracing.has(chain) && followed.has(cursor ?? undefined)
  }

  /**
   * Only a page that may hold known entries is searched for them: after a restart, at a cursor that does not move,
   * and where a page begins with the object its cursor names (U-3).
   */
  async #whatIsNew(chain: Chain, page: Page, isStuck: boolean, caller: Caller): Promise<Body> {
    const { appender, known } = this.#with
    const [last, first] = [appender.lastEntry(chain), page.entries[0]]
    const includesLast = last && first && entryKey(last) === entryKey(first)
    if (!isStuck && !includesLast && !this.#retracing.has(chain)) return page
    const body = await known.without(chain, page, chain.progress - restartOverlapMs, caller)
    if (body.entries.length > 0) this.#retracing.delete(chain)
    return body
  }

  async #take(
    chain: Chain,
    read: { body: Body; page: Page; source: Source; readAt: number }
  ): Promise<boolean> {
    const { journal, appender } = this.#with
    const next = journal.nextChain(chain)
    const own = fromChainStart(read.body, chain.start)
    const { body, reached } = next ? cutAtChain(own, next.start) : { body: own, reached: false }
    if (!next) this.#settle(read.source, read.page)
    await appender.append(chain, {
      body,
      source: read.source,
      floor: () => this.#floor(chain, body),
      advance: () => chain.advance(read.page.nextCursor)
    })
    const { cursor } = chain
    if (!next && cursor !== null)
      this.#obtained = { cursor, readAt: read.readAt, afterNo: chain.lastNo }
    return reached
  }

  /** New journals date their newest history at their creation, in case an older journal was lost (P-43). */
  #floor(chain: Chain, body: Body): AppendOptions['floor'] {
    const { createdAt } = this.#with.journal
    const horizon = createdAt - this.#with.parts.settings.rebuildHorizonSeconds * 1000
    const newest = body.entries.at(-1)?.time
    const isRecent = newest !== undefined && (toMillis(newest) ?? 0) > horizon
    const isRaised = isRecent || chain.heads.at(-1)?.kind === 'tip'
    return isRaised ? { after: createdAt, keepUpTo: horizon } : undefined
  }

  /**
   * Notes the cursor a page of history was read from. What follows a cursor bounds its place, whatever the
   * cursor says: if that lies far enough before the moment it was obtained, all before it has settled.
   */
  #settle(source: Source, page: Page): void {
    const first = page.entries[0]
    if (!first || source.cursor === undefined || this.#obtained?.cursor !== source.cursor) return
    const { readAt, afterNo, cursor } = this.#obtained
    const { journal } = this.#with
    const at = Math.min(readAt, naturalDate(first.time, readAt) ?? readAt)
    const isSafe = at + 1000 <= readAt - this.#with.parts.settings.relookSeconds * 1000
    if (isSafe && journal.settled.length === 1) journal.settleAt({ cursor, at, afterNo })
    else journal.settle({ cursor, at, afterNo })
  }
}
