import type { Caller } from '../../kernel/caller.ts'
import { mayBeFull } from '../../kernel/full-page.ts'
import { leadsNowhere } from '../../kernel/leading-on.ts'
import { type Entry, isProven, type Page } from '../../kernel/ports.ts'
import type { Chain } from '../journal/chain.ts'
import { naturalDate } from '../journal/dates.ts'
import { fromStart, type SettledCursor } from '../journal/journal-state.ts'
import { entryKey } from '../journal/packed-index.ts'
import { mayBeAhead } from '../journal/place.ts'
import { type Body, pick } from '../journal/segment.ts'
import type { Source } from '../journal/segment-head.ts'
import { type AppendOptions, fromChainStart } from './append.ts'
import type { BackfillDeps } from './backfill.ts'
import { LoopGuard } from './cursor-loop.ts'
import { lateArrivals } from './lateness.ts'
import { slackMs, sourceAt, startOf } from './resume-point.ts'

export interface TipDeps extends BackfillDeps {
  /** What new records are dated after. */
  floor(): AppendOptions['floor']
}

export interface OldestFirstTipDeps extends TipDeps {
  /** True when an earlier chain was read from this cursor by this process. */
  isOfEarlier(chain: Chain, cursor: string | null): boolean
}

/** So many objects are read again at each reading of the tip, rather than asked for once more. */
const enoughToSettle = 100

interface TipPage {
  readonly page: Page
  readonly source: Source
  readonly known: ReadonlyMap<string, number>
  /** True once the cursor was refused: the page may hold objects from before the relook cursor. */
  readonly isRetracing: boolean
  /** True for a page that may begin before its chain. */
  readonly isSought: boolean
}

/** A restart at the tip may give entries this much older than the time it was made for. */
const restartOverlapMs = slackMs + 1000

/**
 * Reads what is new at the end of a feed. Not from the newest cursor but from one old enough that nothing before
 * it can still become visible: what the log holds is dropped, so the quiet case costs the same one call (P-42).
 */
export class Tip {
  readonly #with: OldestFirstTipDeps

  constructor(parts: OldestFirstTipDeps) {
    this.#with = parts
  }

  /**
   * Resolves with the instant at which it began, when the end was reached. Throws NewestFirstError as
   * {@link FeedOrder.check} does.
   */
  async read(chain: Chain, caller: Caller): Promise<number> {
    const { parts, fetcher, known, order } = this.#with
    const startedAt = parts.clock.now()
    const from = order.isKnown ? this.#relookCursor() : fromStart
    const restart = order.isKnown ? sourceAt(this.#restartTime(chain)) : startOf(chain)
    let source: Source = from.cursor === null ? startOf(chain) : { cursor: from.cursor }
    const recent = await known.since(chain, from.afterNo, caller)
    const followed = new Set<string | null>([from.cursor])
    const loops = new LoopGuard()
    let isRetracing = false
    /** True when the page before ended with an object that may stand ahead of the clock. */
    let isAhead = false
    let hasAskedAgain = false
    for (;;) {
      const fetched = await fetcher.fetch(caller, source, restart)
      const { page, isRestart } = fetched
      isRetracing ||= isRestart
      await order.check(page, parts.clock.now(), caller, false)
      const cursor = page.nextCursor
      const isStuck = leadsNowhere(fetched)
      const isOld =
        followed.has(cursor) ||
        (!isRetracing &&
          (this.#leadsBack(chain, cursor, from.afterNo) || this.#with.isOfEarlier(chain, cursor)))
      if (!isStuck && isOld) {
        if (!loops.mayAskAgain()) {
          isRetracing = true
          followed.clear()
          source = restart
        }
        continue
      }
      const isNewest = cursor === chain.cursor
      const isQuiet = !(await this.#take(
        chain,
        {
          page,
          source,
          known: recent,
          isRetracing,
          isSought: isRetracing || source.cursor === undefined
        },
        caller
      ))
      const isWhole = !mayBeFull(page, parts.settings.pageLimit)
      // The answer may have put the clock right.
      const readAt = Math.min(startedAt, parts.clock.now())
      isAhead = page.entries.length > 0 ? mayBeAhead(page.entries.at(-1)!.time, readAt) : isAhead
      const isEnd =
        cursor === null ||
        (isNewest && isQuiet && isWhole) ||
        (isStuck && isQuiet && (page.itemCount === 0 || hasAskedAgain))
      if (isRetracing && isEnd && !isAhead) this.#settleRetraced(chain, page, source)
      else if (cursor !== null && !isAhead && !isRetracing) this.#settle(chain, cursor)
      if (isAhead) await this.#settleBefore(chain, page, source, caller)
      if (isEnd) break
      hasAskedAgain = isStuck && isQuiet
      followed.add(cursor)
      source = { cursor }
    }
    return startedAt
  }

  /** True when there was something new on the page. */
  async #take(chain: Chain, read: TipPage, caller: Caller): Promise<boolean> {
    const { appender, known, floor } = this.#with
    // What has just come may show a time of before: the chain before is past the place where it stands.
    const isTheirs = (entry: Entry) => known.isHeldEarlier(chain, entry)
    const unknown: Body = pick(
      read.isSought
        ? fromChainStart(read.page, chain.start, this.#with.parts.clock.now(), isTheirs)
        : read.page,
      entry => !read.known.has(entryKey(entry)) && known.aheadIn(entry) === undefined
    )
    const from = this.#restartTime(chain) - restartOverlapMs
    const mayBeKnown = read.isRetracing || known.mayHold(chain, unknown)
    const body = mayBeKnown ? await known.without(chain, unknown, from, caller) : unknown
    const advance = () => chain.advance(read.page.nextCursor)
    const no = await appender.append(chain, { body, source: read.source, floor, advance })
    if (no === undefined) return false
    known.remember(body, no)
    this.#countLate(read.page, body)
    return true
  }

  /** Counts by how late they were at the last reading, which did not show them: more than half of `relookSeconds`, or less. */
  #countLate(page: Page, fresh: Body): void {
    const { journal, parts } = this.#with
    for (const entry of lateArrivals(page, fresh)) {
      const natural = naturalDate(entry.time, parts.clock.now())
      const lateMs = natural === undefined ? 0 : journal.lastReadAt - natural
      const delay = lateMs > this.#relookMs / 2 ? 'near_limit' : 'short'
      parts.meter.count('late_arrivals', { delay })
    }
  }

  /**
   * The newest cursor before which everything had settled when it was last read. The first of the list always
   * is such a one; the others are once a reading of the tip began late enough after them.
   */
  #relookCursor(): SettledCursor {
    const { journal, parts } = this.#with
    if (isProven(parts.clock)) journal.takeBackUnproven()
    return journal.relookFrom(journal.lastReadAt - this.#relookMs)
  }

  /**
   * A page that ends with objects which may stand ahead of the clock gives no cursor that ever settles. Where many
   * objects stand before them, these are asked for alone, for the cursor behind them.
   */
  async #settleBefore(chain: Chain, page: Page, source: Source, caller: Caller): Promise<void> {
    const { fetcher, parts } = this.#with
    const now = parts.clock.now()
    const limit = page.entries.findLastIndex(({ time }) => !mayBeAhead(time, now)) + 1
    if (limit < Math.min(enoughToSettle, parts.settings.pageLimit / 2)) return
    const { page: shorter, isRestart } = await fetcher.fetch(caller, source, source, limit)
    const [last, wanted] = [shorter.entries.at(-1), page.entries[limit - 1]!]
    if (isRestart || !last || entryKey(last) !== entryKey(wanted)) return
    if (shorter.nextCursor !== null && shorter.nextCursor !== page.nextCursor)
      this.#settle(chain, shorter.nextCursor)
  }

  #settle(chain: Chain, cursor: string, afterNo = chain.lastReadNo): void {
    const { journal, parts, order } = this.#with
    if (!order.isKnown) return
    if (!isProven(parts.clock)) journal.settleUnproven()
    journal.settle({ cursor, at: parts.clock.now(), afterNo })
  }

  /**
   * While known objects are read again there are more of them behind the cursor of every page but the last. Where that
   * one has none, its own is settled: behind it lie the objects of the page, wherever the log has them.
   */
  #settleRetraced(chain: Chain, { entries, nextCursor }: Page, source: Source): void {
    if (nextCursor !== null) this.#settle(chain, nextCursor)
    else if (source.cursor !== undefined) {
      const { versions } = this.#with.journal
      const held = entries.map(({ id }) => versions.newest(id) ?? chain.lastReadNo)
      this.#settle(chain, source.cursor, Math.min(chain.lastReadNo, ...held))
    }
  }

  /** Where to read from when the cursor is refused; before the first reading of the tip, as far as history. */
  #restartTime(chain: Chain): number {
    const { settled, lastReadAt } = this.#with.journal
    return Math.min((lastReadAt || settled[0]!.at) - this.#relookMs, chain.readUpTo)
  }

  /** True when a cursor was already read from, by a segment of the chain up to `upToNo`, or by a chain before it. */
  #leadsBack(chain: Chain, cursor: string | null, upToNo: number): boolean {
    return this.#with.journal.chains.some(({ heads, start }) =>
      heads.some(
        ({ no, source }) => (start < chain.start || no <= upToNo) && source.cursor === cursor
      )
    )
  }

  get #relookMs(): number {
    return this.#with.parts.settings.relookSeconds * 1000
  }
}
