import type { Caller } from '../../kernel/caller.ts'
import type { StoredJournal } from '../../kernel/ports.ts'
import { elapsedOf, isProven } from '../../kernel/ports.ts'
import type { SweptIds } from '../../kernel/records.ts'
import { SingleFlight } from '../../kernel/single-flight.ts'
import type { Validity } from '../../kernel/validity.ts'
import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import { type FeedLogDeps, type FeedLogIdentity, StaleLogError } from '../journal/log-deps.ts'
import type { Segment } from '../journal/segment.ts'
import type { SegmentHead } from '../journal/segment-head.ts'
import { JournalWriter } from '../journal/writer.ts'
import type { AppendOptions } from './append.ts'
import { Appender } from './appender.ts'
import { Backfill } from './backfill.ts'
import { ClockWatch, type Misdating } from './clock-watch.ts'
import { Descent } from './descent.ts'
import { FeedOrder } from './feed-order.ts'
import { Fetcher } from './fetcher.ts'
import { FirstPass } from './first-pass.ts'
import { KnownEntries } from './known-entries.ts'
import { LaterPass } from './later-pass.ts'
import { ParallelBackfill } from './parallel-backfill.ts'
import { SegmentLoader } from './segment-loader.ts'
import { Sweep } from './sweep.ts'
import { SyncLease } from './sync-lease.ts'
import { Tip } from './tip.ts'
import { Undated } from './undated.ts'
import { Ways } from './ways.ts'

/**
 * One feed as an ordered, growing list of segments. This file decides who extends it and what clients are promised
 * about its end. read/reader.ts reads it for a client.
 */
export class FeedLog {
  readonly journal: Journal
  readonly parts: FeedLogDeps
  readonly #writer: JournalWriter
  readonly #segments: SegmentLoader
  readonly #appender: Appender
  readonly #known: KnownEntries
  readonly #backfill: Backfill
  readonly #ahead: ParallelBackfill
  readonly #order: FeedOrder
  readonly #firstPass: FirstPass
  readonly #ways: Ways
  readonly #undated: Undated
  readonly #sweep: Sweep
  readonly #lease: SyncLease
  readonly #extensions = new SingleFlight<Chain, void>()
  readonly #passes = new SingleFlight<Chain, void>()
  /** The date up to which clients had read when more was fetched for them, by chain. */
  readonly #readAheadOf = new WeakMap<Chain, number>()
  readonly #clockWatch: ClockWatch
  readonly #openedAt: number
  #isClosing = false
  /** The last chain, while what it owes is added at its end, dated as new. */
  #ending: Chain | undefined
  /** True once another writer was first. */
  isStale = false
  /** False once it has lost its place among the open ones: another may be opened in its stead. */
  isOpen = true
  /** When Sekoia last failed to give the tip, by {@link elapsedOf}. */
  #failedAt = Number.NEGATIVE_INFINITY
  /** The latest instant at which this process answered the end. */
  #endAnsweredAt = 0
  /** When Sekoia was last asked for the time, by {@link elapsedOf}. */
  #timeAskedAt = Number.NEGATIVE_INFINITY
  /** When what others wrote was last looked for, by {@link elapsedOf}. */
  #lookedAt: number

  constructor(journal: Journal, parts: FeedLogDeps) {
    this.journal = journal
    this.parts = parts
    this.#openedAt = parts.clock.now()
    this.#lookedAt = elapsedOf(parts.clock)
    this.#clockWatch = new ClockWatch(journal, parts)
    this.#writer = new JournalWriter(journal, parts)
    const fetcher = new Fetcher(journal, parts)
    this.#segments = new SegmentLoader(journal, parts, fetcher)
    this.#appender = new Appender(journal, parts, this.#writer)
    this.#known = new KnownEntries(journal, this.#segments)
    this.#lease = new SyncLease(parts)
    this.#order = new FeedOrder(journal, parts, caller => fetcher.fetch(caller, {}, {}))
    const shared = {
      ...{ journal, parts, fetcher, known: this.#known },
      ...{ appender: this.#appender, order: this.#order, openedAt: this.#openedAt }
    }
    const begin = (chain: Chain, caller: Caller) => this.#extendForOther(chain, caller)
    const pageCame = (chain: Chain) => this.#ahead.pageCame(chain)
    this.#backfill = new Backfill(shared, { begin, pageCame })
    const floor = () => this.#floor()
    const backfill = this.#backfill
    const isOfEarlier = backfill.isOfEarlier.bind(backfill)
    const descent = new Descent(parts, fetcher)
    this.#firstPass = new FirstPass({ ...shared, descent, backfill, begin, writer: this.#writer })
    this.#ways = new Ways({
      ...{ journal, backfill, order: this.#order, firstPass: this.#firstPass },
      tip: new Tip({ ...shared, floor, isOfEarlier }),
      laterPass: new LaterPass({ ...shared, descent, floor })
    })
    this.#undated = new Undated({ ...shared, segments: this.#segments, floor })
    const inTurn = (work: () => Promise<void>) => this.#appendInTurn(work)
    this.#sweep = new Sweep({ ...shared, segments: this.#segments, floor, inTurn })
    this.#ahead = new ParallelBackfill({
      ...{ journal, parts, backfill },
      extend: (chain, caller) => this.extend(chain, caller),
      isExtending: chain => this.isExtending(chain),
      isAtTip: chain => this.isAtTip(chain),
      begin: start => this.begin(start),
      mayBegin: () => !parts.store.isShared || this.#lease.isMine,
      isOpen: () => !this.#isClosing && !this.isStale
    })
  }

  get identity(): FeedLogIdentity {
    return this.parts.identity
  }

  /** True while work is under way, or the store has not taken everything. */
  get isBusy(): boolean {
    const isAtWork = this.#isWorking || this.#extensions.size > 0
    return !this.isStale && (isAtWork || !this.#writer.isClean)
  }

  get #isWorking(): boolean {
    return this.#passes.size > 0 || this.#sweep.isRunning || this.#ahead.isRunning
  }

  /** True when the end of the feed was reached once, and the chain is the one that grows there. */
  isAtTip(chain: Chain): boolean {
    return this.journal.isLast(chain) && this.journal.isFilled
  }

  /** True while the last confirmation of the end is younger than `tipSeconds`. */
  get isEndFresh(): boolean {
    const { isFilled, confirmedAt } = this.journal
    return isFilled && this.#isRecent(confirmedAt) && !this.#undated.isOwed
  }

  /** True when Sekoia failed to give the tip less than `tipSeconds` ago: clients do not wait for it again. */
  get isTipResting(): boolean {
    return elapsedOf(this.parts.clock) - this.#failedAt < this.#tipMs
  }

  /** What a clock that was wrong has dated, once that is proven and the store has taken everything. */
  get misdating(): Misdating | undefined {
    return this.#writer.isClean ? this.#clockWatch.misdating() : undefined
  }

  /**
   * True when Sekoia is to be asked for the time: once in `tipSeconds` while what lies in the future, where clients are
   * told the end without a word from Sekoia, may be the fault of our clock.
   */
  get isTimeWanted(): boolean {
    const isRecent = elapsedOf(this.parts.clock) - this.#timeAskedAt < this.#tipMs
    return this.#clockWatch.isInDoubt && !isRecent && this.journal.chains.length > 0
  }

  /** Whatever Sekoia answers says what time it is. Throws as {@link extend}. */
  askTime(caller: Caller): Promise<void> {
    this.#timeAskedAt = elapsedOf(this.parts.clock)
    return this.extend(this.journal.lastChain, caller)
  }

  /**
   * Declares that the end of the log is answered to a client now (P-39). Resolves when the journal says so, with
   * false when records are being added whose dates are already decided: then the end is not the end any more.
   */
  async declareEnd(): Promise<boolean> {
    if (this.#appender.isBusy) return false
    const now = this.parts.clock.now()
    this.#noteEnd(now)
    const isPromised = this.journal.endValidUntil >= now
    if (isPromised && this.#hasLooked) return true
    if (isPromised) return (await this.#tryRefresh()) !== true && !this.#appender.isBusy
    const begunAt = elapsedOf(this.parts.clock)
    this.journal.promiseEnd(now + this.#tipMs, now)
    const isFirst = await this.#orRefresh(() => this.#writer.commit())
    if (isFirst && this.#writer.isClean) this.#lookedAt = begunAt
    return isFirst && !this.#appender.isBusy
  }

  /**
   * Of what is read from memory now: ends with the next change of the journal. With the end of the log it ends, too,
   * when the end has to be confirmed or promised again, and when records are being added; each time that it is given
   * counts as an answer of the end (P-39). Lets go of a log that nobody uses any more.
   */
  validity(tellsEnd: boolean): Validity {
    const weak = new WeakRef(this)
    const { revision } = this.journal
    return now => {
      const log = weak.deref()
      return (
        log?.isOpen === true &&
        !log.isStale &&
        log.journal.revision === revision &&
        (!tellsEnd || log.#tellEnd(now))
      )
    }
  }

  #tellEnd(now: number): boolean {
    const isPromised = this.journal.endValidUntil >= now && this.#hasLooked
    if (this.#appender.isBusy || !this.isEndFresh || !isPromised) return false
    this.#noteEnd(now)
    return true
  }

  /**
   * Other gateways rely on it that none tells the end for longer than `tipSeconds` without looking: a promise that a
   * wrong clock gave may reach far beyond.
   */
  get #hasLooked(): boolean {
    const { clock, store } = this.parts
    return !store.isShared || elapsedOf(clock) - this.#lookedAt < this.#tipMs
  }

  #noteEnd(now: number): void {
    this.#endAnsweredAt = Math.max(this.#endAnsweredAt, now)
    this.#clockWatch.endTold(now)
  }

  /**
   * Reads on from the end of a chain: one page of history, or all that is new at the tip. Callers share one
   * flight per chain, gateways on one store share a lease. Throws GatewayError as the upstream does, StaleLogError
   * when the store holds another journal by now.
   */
  extend(chain: Chain, caller: Caller): Promise<void> {
    return this.#extensions.run(chain, () =>
      this.#watched(this.#extendInTurn(chain, caller), caller)
    )
  }

  /** True while history is read that lies ahead of clients. */
  get isReadAhead(): boolean {
    return this.#ahead.isRunning
  }

  /** What was under way already may have been given up where whoever waits here would not. */
  async #extendForOther(chain: Chain, caller: Caller): Promise<void> {
    const isUnderWay = this.isExtending(chain)
    try {
      await this.extend(chain, caller)
    } catch (error) {
      if (!isUnderWay || caller.givesUp || error instanceof StaleLogError) throw error
      await this.extend(chain, caller)
    }
  }

  /** A client reads in this chain: what lies ahead of it may be read meanwhile. */
  attend(chain: Chain, caller: Caller): void {
    this.#ahead.attend(chain, caller)
  }

  /**
   * Reads a feed that comes newest first until the chain's objects can be given to clients, whoever waits for it.
   * Throws as {@link extend}.
   */
  finishPass(chain: Chain, caller: Caller): Promise<void> {
    return this.#passes.run(chain, async () => {
      while (!this.#isClosing && !this.isStale && !this.isReadable(chain))
        await this.extend(chain, caller)
    })
  }

  /** True when something of the chain can be given, or that there is nothing. */
  isReadable(chain: Chain): boolean {
    return chain.heads.length > 0 || chain.isLinked || this.isAtTip(chain)
  }

  /** True while a feed that comes newest first is read down, and nothing of the chain can be given. */
  isPreparing(chain: Chain): boolean {
    return this.journal.sortOrder === 'desc' && !this.isReadable(chain)
  }

  /** Tells the watch how a flight ended, but for the news that another writer was first, or that nobody waited for it. */
  async #watched(flight: Promise<void>, { givesUp = false }: Caller): Promise<void> {
    const { identity, watch } = this.parts
    try {
      await flight
    } catch (error) {
      if (!(error instanceof StaleLogError) && !givesUp) watch?.failed(identity, error)
      throw error
    }
    const { isFilled, confirmedAt } = this.journal
    watch?.succeeded(identity, isFilled ? confirmedAt : undefined)
  }

  /**
   * A chain that is begun at this time, or the one before where a page of that is being added that goes as far: its
   * dates are decided as if no other followed. So are those of what is dated as new while the last chain ends.
   */
  begin(start: number): Chain {
    const before = this.journal.chains.findLast(chain => chain.start < start)
    const isTaken =
      before && (before === this.#ending || this.#backfill.isAddingUpTo(before, start))
    return isTaken ? before : this.journal.addChain(start)
  }

  /** True while a chain is being read on. */
  isExtending(chain: Chain): boolean {
    return this.#extensions.has(chain)
  }

  /** Takes over what other gateways wrote to the journal. False when there was nothing. */
  refresh(): Promise<boolean> {
    return this.#writer.inTurn(() => this.#refresh())
  }

  async #refresh(): Promise<boolean> {
    const { store, identity } = this.parts
    if (this.#writer.isTorn) throw new StaleLogError()
    const begunAt = elapsedOf(this.parts.clock)
    if ((await store.version(identity.name)) === this.journal.version) {
      this.#lookedAt = begunAt
      return false
    }
    // Another was first, while heads were not written that stand in no store: they would stand beside its own.
    if (!this.#writer.isClean) throw new StaleLogError()
    const stored = await store.load(identity.name, this.journal.version)
    if (!stored || stored.version < this.journal.version || !this.#takeOver(stored))
      throw new StaleLogError()
    this.#lookedAt = begunAt
    this.#appender.forget()
    this.#known.forget()
    this.#backfill.forget()
    return true
  }

  /** False for another journal, and for one that cannot be read: whoever opens it next begins anew. */
  #takeOver(stored: StoredJournal): boolean {
    try {
      return this.journal.update(stored)
    } catch {
      return false
    }
  }

  /** The segment of a head, if it is in memory. */
  held(head: SegmentHead): Segment | undefined {
    return this.#segments.held(head)
  }

  /** True while a segment is on its way. */
  isLoading(head: SegmentHead): boolean {
    return this.#segments.isLoading(head)
  }

  /** The segment of a head, wherever it has to come from. */
  load(head: SegmentHead, caller: Caller): Promise<Segment> {
    return this.#segments.load(head, caller)
  }

  /**
   * While a client reads the segment at `index` of a chain up to a date, what it will ask for next is fetched: once,
   * however many come to the same place.
   */
  readAhead(chain: Chain, index: number, date: number, caller: Caller): void {
    const next = chain.heads[index + 1]
    if (next) {
      if (!this.held(next)) this.load(next, caller).catch(() => {})
      return
    }
    const isNew = date > (this.#readAheadOf.get(chain) ?? Number.NEGATIVE_INFINITY)
    if (!isNew || chain.isLinked || this.isAtTip(chain)) return
    this.#readAheadOf.set(chain, date)
    this.extend(chain, caller).catch(() => {})
  }

  /** Before the first reading of a feed: its order decides where that may begin. Throws as the upstream does. */
  async learnOrder(caller: Caller): Promise<void> {
    if (this.journal.chains.length === 0) await this.#order.look(caller)
  }

  /** Resolves when the records being added now are there. */
  whenAppended(): Promise<void> {
    return this.#appender.settle()
  }

  /** Resolves when no reading on is under way. */
  async whenIdle(): Promise<void> {
    while (this.#isWorking || this.#extensions.size > 0) {
      await this.#sweep.settle()
      await this.#ahead.settle()
      await this.#passes.settle()
      await this.#extensions.settle()
    }
  }

  /** Resolves when nothing is under way any more; what the store did not take is offered once more. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#sweep.stop()
    await this.#ahead.settle()
    await this.#passes.settle()
    await this.#extensions.settle()
    if (!this.#writer.isClean) await this.#writer.commit().catch(() => {})
    await this.#writer.settle()
  }

  /** While another gateway has the lease, what that one reads is taken over. */
  async #extendInTurn(chain: Chain, caller: Caller): Promise<void> {
    const read = () =>
      this.isAtTip(chain) ? this.#readTip(chain, caller) : this.#readHistory(chain, caller)
    const isDone = (hasNews: boolean) => hasNews || (this.isAtTip(chain) && this.isEndFresh)
    await this.#withLease(chain, read, isDone, !caller.givesUp)
  }

  /** Work that appends to the last chain, while it is not read on. False when another gateway was first. */
  async #appendInTurn(work: () => Promise<void>): Promise<boolean> {
    const { lastChain } = this.journal
    while (this.#extensions.has(lastChain)) await this.#extensions.settle()
    let isDone = false
    await this.#extensions.run(lastChain, async () => {
      isDone = await this.#withLease(lastChain, work, () => false)
    })
    return isDone
  }

  /** False when nothing was done: another gateway was first, or there was no need to. */
  async #withLease(
    chain: Chain,
    work: () => Promise<void>,
    isDone: (hasNews: boolean) => boolean,
    waits = true
  ): Promise<boolean> {
    if (!this.parts.store.isShared) return work().then(() => true)
    if (!this.journal.chains.includes(chain)) throw new StaleLogError()
    const hasNewsNow = async () => (await this.#tryRefresh()) === true
    const isMine = await this.#lease.acquire(hasNewsNow, waits)
    if (!isMine) return false
    try {
      // What others wrote may not change under works of this gateway that are half done.
      const hasNews = !this.#lease.isShared && (await this.#tryRefresh()) === true
      if (!this.journal.chains.includes(chain)) throw new StaleLogError()
      return !isDone(hasNews) && (await this.#orRefresh(work))
    } finally {
      await this.#lease.release()
    }
  }

  /** Runs work that commits; false when another writer was first: then that one's work is taken over. */
  async #orRefresh(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof StaleLogError) || !(await this.refresh())) throw error
      return false
    }
  }

  /** Undefined when the store is in trouble: then the log goes on by itself. */
  async #tryRefresh(): Promise<boolean | undefined> {
    try {
      return await this.refresh()
    } catch (error) {
      if (error instanceof StaleLogError) throw error
      this.#lookedAt = elapsedOf(this.parts.clock)
      return undefined
    }
  }

  async #readHistory(chain: Chain, caller: Caller): Promise<void> {
    const isAtEnd = await this.#ways.readHistory(chain, caller)
    if (!isAtEnd) return
    if (this.journal.isLast(chain)) await this.#appendOwed(chain, caller)
    if (this.journal.isLast(chain)) this.#endReached(chain)
    else chain.link()
    await this.#firstPass.end(chain)
    await this.#writer.commit()
  }

  async #appendOwed(chain: Chain, caller: Caller): Promise<void> {
    this.#ending = chain
    try {
      await this.#undated.append(chain, caller)
    } finally {
      this.#ending = undefined
    }
  }

  /** The end of what came newest first was known when its reading began. */
  #endReached(chain: Chain): void {
    const now = this.parts.clock.now()
    // The clock may have been put right by the answers.
    const startedAt = chain.pass && Math.min(chain.pass.startedAt, now)
    this.journal.endReached(startedAt ?? now)
    if (startedAt !== undefined) this.#confirm(startedAt, startedAt)
  }

  async #readTip(chain: Chain, caller: Caller): Promise<void> {
    try {
      await this.#undated.append(chain, caller)
      const since = await this.#ways.readNews(chain, caller)
      const now = this.parts.clock.now()
      this.#confirm(Math.min(since, now), now)
    } catch (error) {
      this.#failedAt = elapsedOf(this.parts.clock)
      throw error
    }
    await this.#writer.commit()
    this.#sweep.nudge(caller)
  }

  #confirm(since: number, at: number): void {
    if (!isProven(this.parts.clock)) this.journal.settleUnproven()
    this.journal.confirm(since, at)
  }

  /** What the last whole reading of the feed met. */
  get sweptIds(): SweptIds | undefined {
    return this.#sweep.ids
  }

  /**
   * No client can have been told of the end later than this (P-39): not by us, nor by a process before us, nor by
   * another on the same store, which may go on answering until `endValidUntil` without knowing what we add.
   */
  #floor(): AppendOptions['floor'] {
    const now = this.parts.clock.now()
    // What this process knows by itself it may know from a clock that was put right since.
    const ours = Math.min(now, Math.max(this.#openedAt, this.#endAnsweredAt))
    const { endValidUntil } = this.journal
    const told = this.parts.store.isShared ? endValidUntil : Math.min(now, endValidUntil)
    return { after: Math.max(told, ours), keepUpTo: Number.NEGATIVE_INFINITY }
  }

  #isRecent(instant: number): boolean {
    const age = this.parts.clock.now() - instant
    return age >= 0 && age < this.#tipMs
  }

  get #tipMs(): number {
    return this.parts.settings.tipSeconds * 1000
  }
}
