import type { Caller } from '../../kernel/caller.ts'
import type { Chain, Journal } from '../journal/journal.ts'
import { type FeedLogDeps, type FeedLogIdentity, StaleLogError } from '../journal/log-deps.ts'
import type { Segment } from '../journal/segment.ts'
import type { SegmentHead } from '../journal/segment-head.ts'
import { JournalWriter } from '../journal/writer.ts'
import type { AppendOptions } from './append.ts'
import { Appender } from './appender.ts'
import { History } from './backfill.ts'
import { Fetcher } from './fetcher.ts'
import { Known } from './known-entries.ts'
import { Bodies } from './segment-loader.ts'
import { SyncLease } from './sync-lease.ts'
import { Tip } from './tip.ts'

/**
 * One feed as an ordered, growing list of segments. Here: who extends it, and what is promised to clients about
 * its end. How it is read for a client is in reader.ts.
 */
export class FeedLog {
  readonly journal: Journal
  readonly parts: FeedLogDeps
  readonly #writer: JournalWriter
  readonly #bodies: Bodies
  readonly #appender: Appender
  readonly #known: Known
  readonly #history: History
  readonly #tip: Tip
  readonly #turns: SyncLease
  readonly #extensions = new Map<Chain, Promise<void>>()
  readonly #openedAt: number
  /** True once another writer was first. */
  isStale = false
  /** When the tip was last asked for in vain. */
  #failedAt = Number.NEGATIVE_INFINITY
  /** The latest instant at which this process answered the end. */
  #endAnsweredAt = 0

  constructor(journal: Journal, parts: FeedLogDeps) {
    this.journal = journal
    this.parts = parts
    this.#openedAt = parts.clock.now()
    this.#writer = new JournalWriter(journal, parts)
    const fetcher = new Fetcher(journal, parts)
    this.#bodies = new Bodies(journal, parts, fetcher)
    this.#appender = new Appender(journal, parts, this.#writer)
    this.#known = new Known(this.#bodies)
    this.#turns = new SyncLease(parts)
    const shared = { journal, parts, fetcher, known: this.#known, appender: this.#appender }
    this.#history = new History(shared)
    this.#tip = new Tip({ ...shared, floor: () => this.#floor() })
  }

  get identity(): FeedLogIdentity {
    return this.parts.identity
  }

  /** True while work is under way, or the store has not taken everything. */
  get isBusy(): boolean {
    return !this.isStale && (this.#extensions.size > 0 || !this.#writer.isClean)
  }

  /** True when the end of the feed was reached once, and the chain is the one that grows there. */
  isAtTip(chain: Chain): boolean {
    return this.journal.isLast(chain) && this.journal.state.filled
  }

  /** True while the end of the feed is confirmed recently enough to be answered without asking. */
  get isEndFresh(): boolean {
    return this.journal.state.filled && this.#isRecent(this.journal.state.confirmedAt)
  }

  /** True when Sekoia was asked for what is new so recently, in vain, that clients need not wait again. */
  get isTipResting(): boolean {
    return this.#isRecent(this.#failedAt)
  }

  /**
   * Declares that the end of the log is answered to a client now (P-39). Resolves when the journal says so, with
   * false when records are being added whose dates are already decided: then the end is not the end any more.
   */
  async declareEnd(): Promise<boolean> {
    if (this.#appender.isBusy) return false
    const now = this.parts.clock.now()
    this.#endAnsweredAt = Math.max(this.#endAnsweredAt, now)
    if (this.journal.state.endValidUntil >= now) return true
    this.journal.state.endValidUntil = now + this.parts.settings.tipSeconds * 1000
    const isFirst = await this.#orRefresh(() => this.#writer.commit())
    return isFirst && !this.#appender.isBusy
  }

  /** Declares the end as {@link declareEnd} does, where nothing has to be waited for; false: something has. */
  declareEndAgain(): boolean {
    const now = this.parts.clock.now()
    if (this.#appender.isBusy || !this.isEndFresh || this.journal.state.endValidUntil < now)
      return false
    this.#endAnsweredAt = Math.max(this.#endAnsweredAt, now)
    return true
  }

  /**
   * Reads on from the end of a chain: one page of history, or all that is new at the tip. Callers share one
   * flight per chain, gateways on one store take turns. Throws GatewayError as the upstream does, StaleLogError
   * when the store holds another journal by now.
   */
  extend(chain: Chain, caller: Caller): Promise<void> {
    const running = this.#extensions.get(chain)
    if (running) return running
    const flight = this.#takeTurn(chain, caller).finally(() => this.#extensions.delete(chain))
    this.#extensions.set(chain, flight)
    return flight
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
    if ((await store.version(identity.name)) === this.journal.version) return false
    const stored = await store.load(identity.name, this.journal.version)
    if (!stored || stored.version < this.journal.version || !this.journal.update(stored))
      throw new StaleLogError()
    this.#appender.forget()
    this.#known.forget()
    this.#history.forget()
    return true
  }

  /** The segment of a head, if it is in memory. */
  held(head: SegmentHead): Segment | undefined {
    return this.#bodies.held(head)
  }

  /** True while a segment is on its way. */
  isLoading(head: SegmentHead): boolean {
    return this.#bodies.isLoading(head)
  }

  /** The segment of a head, wherever it has to come from. */
  load(head: SegmentHead, caller: Caller): Promise<Segment> {
    return this.#bodies.load(head, caller)
  }

  /** While a client reads the segment at `index` of a chain, what it will ask for next is fetched. */
  readAhead(chain: Chain, index: number, caller: Caller): void {
    const next = chain.heads[index + 1]
    if (next) {
      if (!this.held(next)) this.load(next, caller).catch(() => {})
    } else if (!chain.state.linked && !this.isAtTip(chain))
      this.extend(chain, caller).catch(() => {})
  }

  /** Resolves when the records being added now are there. */
  whenAppended(): Promise<void> {
    return this.#appender.settle()
  }

  /** Resolves when nothing is under way any more; what the store did not take is offered once more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#extensions.values())
    if (!this.#writer.isClean) await this.#writer.commit().catch(() => {})
    await this.#writer.settle()
  }

  /** When it is another gateway's turn, what that one reads is taken over. */
  async #takeTurn(chain: Chain, caller: Caller): Promise<void> {
    const read = () =>
      this.isAtTip(chain) ? this.#readTip(chain, caller) : this.#readHistory(chain, caller)
    if (!this.parts.store.isShared) return read()
    if (!this.journal.chains.includes(chain)) throw new StaleLogError()
    const isMine = await this.#turns.take(async () => (await this.#tryRefresh()) === true)
    if (!isMine) return
    try {
      const hasNews = (await this.#tryRefresh()) === true
      if (!this.journal.chains.includes(chain)) throw new StaleLogError()
      if (hasNews || (this.isAtTip(chain) && this.isEndFresh)) return
      await this.#orRefresh(read)
    } finally {
      await this.#turns.end()
    }
  }

  /** Runs what commits; false when another writer was first, whose work is then taken over. */
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
      return undefined
    }
  }

  async #readHistory(chain: Chain, caller: Caller): Promise<void> {
    const isAtEnd = await this.#history.readOn(chain, caller)
    if (!isAtEnd) return
    if (this.journal.isLast(chain)) {
      this.journal.state.filled = true
      this.journal.state.confirmedAt = this.parts.clock.now()
    } else chain.state.linked = true
    await this.#writer.commit()
  }

  async #readTip(chain: Chain, caller: Caller): Promise<void> {
    try {
      await this.#tip.read(chain, caller)
    } catch (error) {
      this.#failedAt = this.parts.clock.now()
      throw error
    }
    this.journal.state.confirmedAt = this.parts.clock.now()
    await this.#writer.commit()
  }

  /**
   * No client can have been told of the end later than this (P-39): not by us, nor by a process before us, nor by
   * another on the same store, which may go on answering until `endValidUntil` without knowing what we add.
   */
  #floor(): AppendOptions['floor'] {
    const until = Math.max(this.journal.state.endValidUntil, this.#openedAt)
    const told = this.parts.store.isShared ? until : Math.min(this.parts.clock.now(), until)
    return { after: Math.max(told, this.#endAnsweredAt), keepUpTo: Number.NEGATIVE_INFINITY }
  }

  #isRecent(instant: number): boolean {
    const age = this.parts.clock.now() - instant
    return age >= 0 && age < this.parts.settings.tipSeconds * 1000
  }
}
