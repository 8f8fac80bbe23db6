import { randomUUID } from 'node:crypto'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { IdSet, takeIds } from '../../kernel/id-set.ts'
import type { Fetched } from '../../kernel/leading-on.ts'
import type { Page } from '../../kernel/ports.ts'
import type { SweptIds } from '../../kernel/records.ts'
import type { Chain } from '../journal/chain.ts'
import { StaleLogError } from '../journal/log-deps.ts'
import { placesOf, readUpTo } from '../journal/place.ts'
import type { Body } from '../journal/segment.ts'
import type { Source } from '../journal/segment-head.ts'
import { type Span, tipParts } from './append.ts'
import { ascending } from './descent.ts'
import type { KnownEntries } from './known-entries.ts'
import { sourceAt, startOf } from './resume-point.ts'
import type { SegmentLoader } from './segment-loader.ts'
import { SweepProgress, type SweepState } from './sweep-progress.ts'
import type { TipDeps } from './tip.ts'
import { Unseen } from './unseen.ts'

export interface SweepDeps extends Omit<TipDeps, 'known'> {
  readonly known: Pick<KnownEntries, 'remember'>
  readonly segments: SegmentLoader
  /** Runs work that appends, while nothing else does. False when another gateway was first: nothing was done. */
  inTurn(work: () => Promise<void>): Promise<boolean>
}

/** The lease of a gateway that died while it read a page ends after this time. */
const leaseMs = 120_000
/** A gateway goes on with another one's sweep once that one is so much behind. */
const graceMs = 60_000
/** After trouble nothing is read for so long. */
const restMs = 60_000
const longestRestMs = 3_600_000
/** How often a cursor that leads back is asked for again. */
const patience = 2
/** How often Sekoia may refuse the cursor of one sweep. */
const maxRestarts = 10

/**
 * Reads a whole feed again, page by page, spread over `sweepSeconds`, for what the reading of its end cannot find:
 * objects that appear far behind it, because the feed's filters were widened or because their own time is old. Only a
 * log that clients read is swept. Nothing is concluded from what a page lacks.
 */
export class Sweep {
  readonly #with: SweepDeps
  readonly #progress: SweepProgress
  readonly #unseen: Unseen
  readonly #owner = randomUUID()
  #running: Promise<void> | undefined
  #isStopped = false
  #notBefore = Number.NEGATIVE_INFINITY
  #failures = 0
  /** Cursors that the sweep under way was read from, by this process. */
  readonly #followed = new Set<string>()
  /** The ids met, as long as this process has read every page, and somebody wants them. */
  #ids:
    | { readonly set: IdSet; readonly startedAt: number; readonly since: number; pages: number }
    | undefined
  #areIdsWanted = false
  #last: SweptIds | undefined

  constructor(deps: SweepDeps) {
    const { journal, parts, segments } = deps
    this.#with = deps
    this.#progress = new SweepProgress(parts.store, parts.identity.name)
    this.#unseen = new Unseen(journal, segments)
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** What the last whole reading by this process met; begins to take note of ids with the first call. */
  get ids(): SweptIds | undefined {
    this.#areIdsWanted = true
    return this.#last
  }

  /** Reads the pages that are due, in the background, with the key of somebody who reads the feed. */
  nudge(caller: Caller): void {
    const { journal, parts } = this.#with
    const isWanted = parts.settings.sweepSeconds > 0 && journal.isFilled
    // Where ids were forgotten, what is known cannot be told from what is not.
    if (this.#isStopped || this.#running || !isWanted || !journal.versions.knowsAllIds) return
    if (parts.clock.now() < this.#notBefore) return
    const run = this.#run({ ...caller, continues: false, isInBackground: true })
    this.#running = run.finally(() => {
      this.#running = undefined
    })
  }

  /** No further page is read; resolves when the one under way is done with. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  /** Resolves when nothing is being read. */
  async settle(): Promise<void> {
    await this.#running
  }

  async #run(caller: Caller): Promise<void> {
    const { parts } = this.#with
    try {
      while (!this.#isStopped && (await this.#turn(caller))) this.#failures = 0
    } catch (error) {
      this.#tellFailure(error)
      this.#notBefore = parts.clock.now() + Math.min(longestRestMs, restMs * 2 ** this.#failures++)
    }
  }

  /** That another writer was first is no failure of Sekoia. */
  #tellFailure(error: unknown): void {
    const { meter, watch, identity } = this.#with.parts
    meter.count('sweep_pages', { outcome: 'failed' })
    if (!(error instanceof StaleLogError)) watch?.sweepFailed(identity, error)
  }

  /** True when a page was read, so that another may be due. */
  async #turn(caller: Caller): Promise<boolean> {
    if (!(await this.#progress.lease(this.#owner, leaseMs))) return false
    try {
      const state = await this.#load()
      if (!this.#isDue(state)) return false
      const next = await this.#step(state, caller)
      if (!next) return false
      return await this.#progress.save(next)
    } finally {
      await this.#progress.release(this.#owner).catch(() => {})
    }
  }

  /** A sweep of a journal that is no more, or that began later than now, is begun anew. */
  async #load(): Promise<SweepState> {
    const state = await this.#progress.load()
    const isUsable =
      state?.epoch === this.#with.journal.epoch && state.startedAt <= this.#with.parts.clock.now()
    if (isUsable) return state
    const first = this.#begin()
    await this.#progress.save(first)
    return first
  }

  #begin(restarts = 0): SweepState {
    const { journal, parts } = this.#with
    this.#followed.clear()
    return {
      format: 1,
      epoch: journal.epoch,
      owner: this.#owner,
      startedAt: parts.clock.now(),
      pages: 0,
      cursor: null,
      readUpTo: 0,
      restarts
    }
  }

  /** Pages are due at equal distances; once a cursor was refused, the rest at once, before the next one is. */
  #isDue({ startedAt, pages, restarts, owner }: SweepState): boolean {
    const { sweepSeconds } = this.#with.parts.settings
    const share = (pages + 1) / this.#expectedPages
    const dueAt = restarts > 0 ? startedAt : startedAt + share * sweepSeconds * 1000
    this.#notBefore = owner === this.#owner ? dueAt : dueAt + graceMs
    return this.#with.parts.clock.now() >= this.#notBefore
  }

  /** With the last one, whose cursor shows that it was the last. */
  get #expectedPages(): number {
    const { journal, parts } = this.#with
    const { chains } = journal
    const held = chains.slice(chains.indexOf(this.#first)).flatMap(({ heads }) => heads)
    const objects = held.reduce((sum, { count }) => sum + count, 0)
    return Math.ceil(objects / parts.settings.pageLimit) + 1
  }

  /** The first of the chains that are one up to the end of the feed: what lies before it was never read. */
  get #first(): Chain {
    const { chains } = this.#with.journal
    let at = chains.length - 1
    while (at > 0 && chains[at - 1]!.isLinked) at--
    return chains[at]!
  }

  /** Reads one page and appends what is new on it. Undefined when the page has to be read again. */
  async #step(state: SweepState, caller: Caller): Promise<SweepState | undefined> {
    const { parts } = this.#with
    const top = startOf(this.#first)
    const source = state.cursor === null ? top : { cursor: state.cursor }
    const fetched = await this.#fetch(source, this.#restartOf(state, top), caller)
    const isOver = state.pages > 4 * this.#expectedPages + 1000 || state.restarts > maxRestarts
    if (!fetched || isOver) return this.#giveUp()
    const { page, isRestart, from } = fetched
    if (!(await this.#take(page, from, caller))) return undefined
    parts.meter.count('sweep_pages', { outcome: 'read' })
    parts.watch?.swept(parts.identity)
    const before = isRestart ? this.#restarted(state) : state
    this.#noteIds(before, page)
    const { nextCursor: cursor } = page
    if (cursor === null || cursor === from.cursor) return this.#finish(before)
    if (from.cursor !== undefined) this.#followed.add(from.cursor)
    const upTo = readUpTo(page.entries, parts.clock.now()) ?? 0
    return {
      ...before,
      owner: this.#owner,
      pages: before.pages + 1,
      cursor,
      readUpTo: Math.max(before.readUpTo, upTo)
    }
  }

  /** Only oldest first, there is a way back to a place that does not begin at the top. */
  #restartOf({ readUpTo }: SweepState, top: Source): Source {
    const { journal } = this.#with
    const { start } = this.#first
    return journal.sortOrder !== 'asc' || readUpTo <= start ? top : sourceAt(readUpTo)
  }

  #restarted(state: SweepState): SweepState {
    const restarts = state.restarts + 1
    this.#followed.clear()
    return this.#with.journal.sortOrder !== 'asc'
      ? { ...this.#begin(restarts), startedAt: state.startedAt }
      : { ...state, restarts }
  }

  /** Undefined when the cursor leads back again and again. An answer that leads nowhere is the end when it comes twice. */
  async #fetch(source: Source, restart: Source, caller: Caller): Promise<Fetched | undefined> {
    let hasAskedAgain = false
    for (let refused = 0; refused <= patience; ) {
      const fetched = await this.#with.fetcher.fetch(caller, source, restart)
      const cursor = fetched.page.nextCursor
      const isStuck = cursor === null || cursor === fetched.from.cursor
      if (isStuck ? hasAskedAgain : !this.#followed.has(cursor) || fetched.isRestart) return fetched
      if (isStuck) hasAskedAgain = true
      else refused++
    }
    return undefined
  }

  /** False when another gateway was first. */
  async #take(page: Page, source: Source, caller: Caller): Promise<boolean> {
    const body = await this.#unseen.of(page, this.#tip, caller)
    if (body.entries.length === 0) return true
    const sweptFrom = spanOf(page, this.#with.parts.clock.now())
    // The log may have grown since.
    return this.#with.inTurn(async () => {
      const unseen = await this.#unseen.of(body, this.#tip, caller)
      await this.#append(unseen, { source, sweptFrom })
    })
  }

  async #append(
    unseen: Body,
    from: { readonly source: Source; readonly sweptFrom: Span }
  ): Promise<void> {
    const { journal, appender, known, parts, floor } = this.#with
    const body = journal.sortOrder === 'desc' ? ascending(unseen) : unseen
    for (const part of tipParts(body)) {
      const addition = { ...from, body: part, floor, advance: () => {} }
      const no = await appender.append(journal.lastChain, addition)
      if (no !== undefined) known.remember(part, no)
    }
    parts.meter.count('late_arrivals', { delay: 'swept' }, body.entries.length)
  }

  /** What each reading of the tip reads again. */
  get #tip(): Span {
    const { journal, parts } = this.#with
    const low = journal.lastReadAt - parts.settings.relookSeconds * 1000
    return { low, high: parts.clock.now() }
  }

  #noteIds({ startedAt, pages }: SweepState, page: Page): void {
    if (pages === 0 && this.#areIdsWanted)
      this.#ids = { set: new IdSet(), startedAt, since: this.#first.start, pages }
    const ids = this.#ids
    if (!ids || ids.startedAt !== startedAt || ids.pages !== pages) {
      this.#ids = undefined
      return
    }
    takeIds(page, ids.set)
    ids.pages++
  }

  #finish({ startedAt }: SweepState): SweepState {
    const { clock } = this.#with.parts
    if (this.#ids) {
      const { set: ids, since } = this.#ids
      this.#last = { ids, begunAt: startedAt, endedAt: clock.now(), since }
    }
    this.#ids = undefined
    return this.#begin()
  }

  #giveUp(): SweepState {
    this.#tellFailure(new GatewayError('bad-answer'))
    this.#ids = undefined
    return this.#begin()
  }
}

/** Where a page lies; anywhere when none of its times tells. */
function spanOf({ entries }: Page, now: number): Span {
  const places = placesOf(entries, now)
  if (places.length === 0) return { low: 0, high: now }
  return {
    low: Math.min(...places.map(({ earliest }) => earliest)),
    high: Math.max(...places.map(({ latest }) => latest))
  }
}
