import type { Caller } from '../../kernel/caller.ts'
import { leadsNowhere } from '../../kernel/leading-on.ts'
import { type Entry, isProven, type Page } from '../../kernel/ports.ts'
import { toWholeSeconds } from '../../stix/timestamp.ts'
import type { Chain } from '../journal/chain.ts'
import { timeDigest, unknownTime } from '../journal/id-index.ts'
import type { Journal } from '../journal/journal.ts'
import { type FeedLogDeps, StaleLogError } from '../journal/log-deps.ts'
import { entryKey } from '../journal/packed-index.ts'
import { furthestOf, mayBeAhead, placeOf, placesOf } from '../journal/place.ts'
import { type Body, pick } from '../journal/segment.ts'
import type { SegmentHead, Source } from '../journal/segment-head.ts'
import { type AppendOptions, fromChainStart } from './append.ts'
import type { Appender } from './appender.ts'
import { LoopGuard } from './cursor-loop.ts'
import type { FeedOrder } from './feed-order.ts'
import type { Fetcher } from './fetcher.ts'
import type { KnownEntries } from './known-entries.ts'
import { nextSource, slackMs, sourceAt, startOf } from './resume-point.ts'
import { enoughFor } from './walkable.ts'

export interface BackfillDeps {
  readonly journal: Journal
  readonly parts: FeedLogDeps
  readonly fetcher: Fetcher
  readonly appender: Appender
  readonly known: KnownEntries
  readonly order: FeedOrder
  /** When this process took over the log, ms since the epoch. */
  readonly openedAt: number
}

/** What the reading of one chain has to do with the others. */
export interface OtherChains {
  /** Reads the first page of another chain. */
  begin(chain: Chain, caller: Caller): Promise<void>
  /** A page of the chain has come that is to be added. */
  pageCame(chain: Chain): void
}

interface ReadPage {
  /** What of the page is new. */
  readonly body: Body
  readonly page: Page
  readonly source: Source
  readonly readAt: number
  /** The end of the chain when the page was asked for: another gateway may have read on since. */
  readonly last: SegmentHead | undefined
}

/** What of a page a chain is to hold, beside the one that follows it. */
interface Own {
  readonly body: Body
  readonly hasMet: boolean
}

/** How many answers without anything new one call follows. */
const maxBarrenAnswers = 20

/** How often a cursor that an earlier chain was read from is asked for again, before it is followed. */
const maxDoubts = 2

/** Entries this much older than what a chain has read may come again after a restart. */
const restartOverlapMs = slackMs + 1000

/**
 * So much earlier than its start a chain may be sought that its first page lacks nothing: more than the time by which
 * two ways to order an object differ, that of a day without its T, and that of an offset.
 */
export const soundSeekMs = 42 * 3_600_000

/**
 * Reads a chain's history: what Sekoia held before the end was reached for the first time. Ends where the feed
 * ends, or where the next chain begins.
 */
export class Backfill {
  readonly #with: BackfillDeps
  /** Cursors each chain was read from. */
  readonly #followed = new Map<Chain, Set<string | undefined>>()
  /** Those of them from before it came to the next chain. */
  readonly #own = new Map<Chain, Set<string>>()
  /** Chains that read known objects again because Sekoia refused their cursor. */
  readonly #retracing = new Set<Chain>()
  /** Chains for which Sekoia told an end before the next one was met. */
  readonly #doubted = new Set<Chain>()
  /** Chains that are sought so much earlier that their first page lacks nothing. */
  readonly #soundlySought = new WeakSet<Chain>()
  /** Chains of which a page has come that is being added, and the latest time on it. */
  readonly #adding = new Map<Chain, number>()
  readonly #others: OtherChains
  /** The newest cursor of the last chain, and when it was obtained. */
  #obtained: { cursor: string; readAt: number; afterNo: number; isAhead: boolean } | undefined

  constructor(parts: BackfillDeps, others: OtherChains) {
    this.#with = parts
    this.#others = others
  }

  /** True while a page of the chain is being added: meanwhile Sekoia is not asked for it. */
  isAdding(chain: Chain): boolean {
    return this.#adding.has(chain)
  }

  /** True while a page of the chain is being added that goes as far as this time: no other may begin there. */
  isAddingUpTo(chain: Chain, time: number): boolean {
    return (this.#adding.get(chain) ?? Number.NEGATIVE_INFINITY) >= time
  }

  /**
   * The chain, which has not begun, is sought earlier by {@link soundSeekMs}: whoever comes to its start has come to
   * all of it.
   */
  seekSoundly(chain: Chain): void {
    this.#soundlySought.add(chain)
  }

  /**
   * Reads on by one page that has something new. Resolves with true when the chain has come to its end. Throws
   * NewestFirstError as {@link FeedOrder.check} does.
   */
  async readOn(chain: Chain, caller: Caller): Promise<boolean> {
    const loops = new LoopGuard()
    const { order } = this.#with
    const restart = order.isKnown ? sourceAt(chain.readUpTo) : startOf(chain)
    let source = this.#sourceOf(chain)
    let hasAskedAgain = false
    /** True once a page came without a cursor, which may be a slip. */
    let hasDoubtedEnd = false
    let doubts = 0
    for (let answers = 0; answers < maxBarrenAnswers; answers++) {
      const { clock } = this.#with.parts
      const askedAt = clock.now()
      const last = chain.heads.at(-1)
      const fetched = await this.#with.fetcher.fetch(caller, source, restart)
      const { page, isRestart } = fetched
      if (page.nextCursor === null && !hasDoubtedEnd) {
        hasDoubtedEnd = true
        continue
      }
      // The answer may have put the clock right.
      const readAt = Math.min(askedAt, clock.now())
      const isFirst = chain.heads.length === 0
      if (isFirst || !order.isKnown) await order.check(page, readAt, caller, isFirst)
      if (isRestart) this.#retracing.add(chain)
      const isStuck = leadsNowhere(fetched)
      const isDoubtful = !this.#retracing.has(chain) && this.isOfEarlier(chain, page.nextCursor)
      if (!isStuck && isDoubtful && doubts++ < maxDoubts) continue
      const isRefused = isRestart && page.nextCursor === source.cursor
      if (isRefused || (!isStuck && this.#leadsBack(chain, page.nextCursor))) {
        if (!loops.mayAskAgain()) {
          this.#retracing.add(chain)
          source = restart
        }
        continue
      }
      const body = await this.#whatIsNew(chain, page, isStuck, caller)
      const isKnown = page.entries.length > 0 && body.entries.length === 0
      if (isKnown && !isStuck && !this.#retracing.has(chain)) {
        this.#retracing.add(chain)
        source = restart
        continue
      }
      const read = { body, page, source, readAt, last }
      this.#adding.set(chain, furthestOf(page.entries, readAt)?.latest ?? Number.POSITIVE_INFINITY)
      this.#others.pageCame(chain)
      const { reached, taken, isAstray } = await this.#take(chain, read, caller).finally(() =>
        this.#adding.delete(chain)
      )
      const isEnd = page.nextCursor === null || (isStuck && (page.itemCount === 0 || hasAskedAgain))
      if (taken > 0) this.#doubted.delete(chain)
      if (reached || (isEnd && (!isAstray || this.#doubted.has(chain)))) return true
      if (isEnd) {
        // What lies before the next chain would never be looked for again: the end has to be told twice.
        this.#doubted.add(chain)
        this.#retracing.add(chain)
        source = this.#sourceOf(chain)
        continue
      }
      if (taken > 0) return false
      hasAskedAgain = isStuck
      source = nextSource(chain)
    }
    return false
  }

  #sourceOf(chain: Chain): Source {
    return chain.cursor === null && this.#soundlySought.has(chain)
      ? { modifiedAfter: toWholeSeconds(chain.start - soundSeekMs) }
      : nextSource(chain)
  }

  /** Another gateway wrote to the journal: it may have read further. */
  forget(): void {
    this.#followed.clear()
    this.#own.clear()
    this.#doubted.clear()
    this.#obtained = undefined
  }

  /** True when the chain was already read from this cursor and is not retracing. */
  #leadsBack(chain: Chain, cursor: string | null): boolean {
    if (chain.cursor !== null) {
      this.#followedBy(chain).add(chain.cursor)
      if (!chain.hasMetAny)
        this.#own.set(chain, (this.#own.get(chain) ?? new Set()).add(chain.cursor))
    }
    return !this.#retracing.has(chain) && this.#followedBy(chain).has(cursor ?? undefined)
  }

  /**
   * True when an earlier chain was read from this cursor before it came to the next: it leads back, unless that chain
   * has gone further than it knows.
   */
  isOfEarlier(chain: Chain, cursor: string | null): boolean {
    const { chains } = this.#with.journal
    return chains.some(each => each.start < chain.start && this.#hasBeenAt(each, cursor))
  }

  /** True when a chain has read from a cursor, or is about to, before it came to the next chain. */
  #hasBeenAt(chain: Chain, cursor: string | null): boolean {
    if (cursor === null) return false
    const { heads, cursor: newest, hasMetAny } = chain
    const isOwn = this.#own.get(chain)?.has(cursor) || (!hasMetAny && newest === cursor)
    return isOwn || heads.some(({ source }) => source.cursor === cursor)
  }

  #followedBy(chain: Chain): Set<string | undefined> {
    const followed = this.#followed.get(chain) ?? new Set(chain.heads.map(h => h.source.cursor))
    this.#followed.set(chain, followed)
    return followed
  }

  /**
   * Only a page that may hold known entries is searched for them: after a restart, at a cursor that does not move,
   * where a page begins with the object its cursor names (U-3), and where the cursor led back unnoticed.
   */
  async #whatIsNew(chain: Chain, page: Page, isStuck: boolean, caller: Caller): Promise<Body> {
    const { appender, known } = this.#with
    const [last, first] = [appender.lastEntry(chain), page.entries[0]]
    const includesLast = last && first && entryKey(last) === entryKey(first)
    const mayBeNew = !isStuck && !includesLast && !this.#retracing.has(chain)
    if (mayBeNew && !known.mayHold(chain, page)) return page
    const body = await known.without(chain, page, chain.readUpTo - restartOverlapMs, caller)
    if (body.entries.length > 0) this.#retracing.delete(chain)
    return body
  }

  async #take(
    chain: Chain,
    read: ReadPage,
    caller: Caller
  ): Promise<{ reached: boolean; taken: number; isAstray: boolean }> {
    const { appender, order } = this.#with
    const next = await this.#nextOf(chain, read.page, caller)
    const isFirst = chain.heads.length === 0
    const isSought = isFirst || read.source.cursor === undefined || this.#retracing.has(chain)
    const own = isSought ? fromChainStart(read.body, chain.start, read.readAt) : read.body
    const { body, hasMet } = next
      ? await this.withoutNext(next, own, chain, caller)
      : { body: own, hasMet: false }
    if (!next && order.isKnown) this.#settle(chain, read.source, read.page)
    const isSound = this.#soundlySought.has(chain)
    if (isFirst && !isSound && read.source.modifiedAfter !== undefined) {
      const latest = furthestOf(read.page.entries, read.readAt)?.latest ?? chain.start
      chain.beginWithCursors(Math.max(latest, chain.start))
    }
    const refuseIfOvertaken = () => {
      if (chain.heads.at(-1) !== read.last) throw new StaleLogError()
    }
    await appender.append(chain, {
      body,
      source: read.source,
      floor: () => {
        refuseIfOvertaken()
        return this.floor(chain, body)
      },
      advance: () => {
        refuseIfOvertaken()
        chain.advance(read.page.nextCursor)
        if (next && hasMet) chain.meet(next)
      }
    })
    const { cursor } = chain
    if (!next && cursor !== null) {
      const isAhead = mayBeAhead(read.page.entries.at(-1)?.time, read.readAt)
      this.#obtained = { cursor, readAt: read.readAt, afterNo: chain.lastNo, isAhead }
    }
    const isReached = next !== undefined && hasMet && order.isKnown
    const reached = isReached && this.hasReached(next, read.page)
    return { reached, taken: body.entries.length, isAstray: next !== undefined && !hasMet }
  }

  /** The chain that this one ends at, begun where the page may reach it: only then can be told what it holds. */
  async #nextOf(chain: Chain, { entries }: Page, caller: Caller): Promise<Chain | undefined> {
    const { journal } = this.#with
    const next = journal.nextHolding(chain)
    if (!next || next.heads.length > 0) return next
    const mayBeTheirs = entries.some(({ time }) => {
      const place = time === undefined ? undefined : placeOf(time)
      return place === undefined || place.latest >= next.start
    })
    if (!mayBeTheirs) return next
    await this.#others.begin(next, caller)
    return journal.nextHolding(chain)
  }

  /**
   * The part of a page, in ascending order, that the next chain does not hold, also after that was read on: it may be
   * behind what is new at the end. `hasMet` is true once this chain has come to something that the next one holds.
   */
  async withoutNext(next: Chain, body: Body, chain: Chain, caller: Caller): Promise<Own> {
    const first = await this.#upTo(next, body, chain, caller)
    const isBeyond = ({ time }: Entry) =>
      time !== undefined && (placeOf(time)?.earliest ?? 0) >= next.start
    if (first.hasMet || next.isLinked || !Array.from(first.body.entries).some(isBeyond))
      return first
    await this.#others.begin(next, caller)
    return this.#upTo(next, body, chain, caller)
  }

  /**
   * The part of a page that the next chain does not hold. What lies behind its start by its own time alone is left to it
   * only once this chain has come to something that it holds: a time may be wrong.
   */
  async #upTo(next: Chain, body: Body, chain: Chain, caller: Caller): Promise<Own> {
    const { journal, known, parts } = this.#with
    const now = parts.clock.now()
    let hasMet = chain.hasMet(next) || !journal.versions.knowsAllIds
    const isTheirs: boolean[] = []
    for (const entry of body.entries) {
      const place = entry.time === undefined ? undefined : placeOf(entry.time)
      if (place && place.latest < next.start) isTheirs.push(false)
      else if (place && place.earliest >= next.start && place.latest <= now) {
        hasMet ||= this.#isHeldLater(chain, entry)
        isTheirs.push(hasMet)
      } else isTheirs.push(await known.isHeldLater(chain, entry, caller))
    }
    return { body: pick(body, (_, i) => !isTheirs[i]), hasMet }
  }

  /** By the index alone. What a sweep found may stand anywhere. */
  #isHeldLater(chain: Chain, { id, time }: Pick<Entry, 'id' | 'time'>): boolean {
    const { journal } = this.#with
    const newest = journal.versions.newestVersion(id)
    if (newest === undefined || !journal.isLater(newest.no, chain)) return false
    if (journal.head(newest.no)?.swept) return false
    return newest.time === unknownTime || newest.time === timeDigest(time)
  }

  /** True when a page goes beyond the next chain's first page: what follows was read there by cursors. */
  hasReached(next: Chain, { entries }: Pick<Body, 'entries'>): boolean {
    if (next.heads.length === 0) return false
    const furthest = furthestOf(entries, this.#with.parts.clock.now())?.earliest
    return furthest !== undefined && furthest >= next.start && furthest > next.cursorsFrom
  }

  /**
   * New journals date their newest history at their creation, in case an older journal was lost (P-43): all of it where
   * no order tells what is newest, and no chain follows. A process before this one may have told clients the end, and
   * not have been able to write that down (P-39).
   */
  floor(chain: Chain, body: Body): AppendOptions['floor'] {
    const { clock, settings } = this.#with.parts
    const { journal, order, openedAt } = this.#with
    const after = Math.min(Math.max(journal.createdAt, openedAt), clock.now())
    if (!order.isKnown && journal.isLast(chain))
      return { after, keepUpTo: Number.NEGATIVE_INFINITY }
    const horizon = journal.horizon(settings.rebuildHorizonSeconds, clock.now())
    const latest = furthestOf(body.entries, clock.now())?.latest
    // Dates of a chain lie before the start of the next one, which is not later than the horizon.
    const isBounded = journal.nextChain(chain) !== undefined
    const isRecent = !isBounded && latest !== undefined && latest > horizon
    const isRaised = isRecent || chain.heads.at(-1)?.kind === 'tip'
    return isRaised ? { after, keepUpTo: horizon } : undefined
  }

  /**
   * Notes the cursor a page of history was read from. What follows a cursor bounds its place, whatever the cursor
   * says: if that lies far enough before the moment it was obtained, all before it has settled. A few objects bound
   * nothing, since each may show a time of long ago, nor does a cursor behind an object that may stand ahead of the
   * clock.
   */
  #settle(chain: Chain, source: Source, page: Page): void {
    if (source.cursor === undefined || this.#obtained?.cursor !== source.cursor) return
    const { readAt, afterNo, cursor, isAhead } = this.#obtained
    const { journal, parts } = this.#with
    const furthest = furthestOf(page.entries, readAt)
    const isBound = placesOf(page.entries, readAt).length >= enoughFor(parts.settings.pageLimit)
    if (page.entries.length === 0 || (isAhead && !isBound)) return
    const latest = isBound && furthest ? furthest.latest : readAt
    const at = Math.min(readAt, Math.max(latest, chain.progress))
    if (!isProven(parts.clock)) journal.settleUnproven()
    const isSafe = at + 1000 <= readAt - parts.settings.relookSeconds * 1000
    if (isSafe && journal.settled.length === 1) journal.settleAt({ cursor, at, afterNo })
    else journal.settle({ cursor, at, afterNo })
  }
}
