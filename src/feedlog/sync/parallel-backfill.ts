import type { Caller } from '../../kernel/caller.ts'
import { elapsedOf, isProven } from '../../kernel/ports.ts'
import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import type { Backfill } from './backfill.ts'
import { Pace } from './pace.ts'
import { nextCut } from './stretches.ts'

export interface ParallelBackfillDeps {
  readonly journal: Journal
  readonly parts: FeedLogDeps
  readonly backfill: Pick<Backfill, 'seekSoundly' | 'isAdding'>
  /** Reads a chain on by one page. */
  extend(chain: Chain, caller: Caller): Promise<void>
  isExtending(chain: Chain): boolean
  /** True for a chain that has nothing left to read of history. */
  isAtTip(chain: Chain): boolean
  /** A chain that starts at this time; where none may, the one before. */
  begin(start: number): Chain
  /** True while no other gateway can begin chains, too. */
  mayBegin(): boolean
  /** False once nothing of the log is to be read any more. */
  isOpen(): boolean
}

/** Without a client for so long nothing is read ahead. */
const awayMs = 120_000
/** After trouble nothing is read ahead for so long; doubled each time, up to the longest. */
const restMs = 1000
const longestRestMs = 60_000
const dayMs = 86_400_000
/** What the calls of one walk may grow by; a little of the 1.05 that is promised is left for what cannot be foreseen. */
const defaultShare = 0.045
const defaultMinPages = 4
/** Chains more than pages on their way: what has come of one is added while the next page of another is asked for. */
const spareChains = 1

/**
 * Reads the history that lies ahead of a client, by several chains at once: each is read until it meets the next. All
 * of it in the background and with the key of that client; the first trouble ends it until a client asks again.
 */
export class ParallelBackfill {
  readonly #with: ParallelBackfillDeps
  readonly #pace: Pace
  readonly #running = new Map<Chain, Promise<void>>()
  /** When the pages on their way were asked for, by {@link elapsedOf}. */
  readonly #askedAt = new Map<Chain, number>()
  #reader: { readonly front: Chain; readonly caller: Caller; readonly seenAt: number } | undefined
  #restsUntil = Number.NEGATIVE_INFINITY
  #troubles = 0

  constructor(deps: ParallelBackfillDeps) {
    this.#with = deps
    this.#pace = new Pace(deps.parts.settings.backfillParallel)
  }

  get isRunning(): boolean {
    return this.#running.size > 0
  }

  /** Resolves when nothing is being read. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  /** A client reads in this chain: what lies ahead is read for it. */
  attend(chain: Chain, caller: Caller): void {
    const { settings } = this.#with.parts
    if (settings.backfillParallel < 2) return
    const front =
      this.#isAttended && this.#isKnown(this.#reader!.front) ? this.#reader!.front : chain
    this.#reader = {
      front: front.start < chain.start ? front : chain,
      caller,
      seenAt: this.#elapsed
    }
    this.#pump()
  }

  /** A page of the chain has come, and is to be added: Sekoia may be asked for another one. */
  pageCame(chain: Chain): void {
    const askedAt = this.#askedAt.get(chain)
    this.#askedAt.delete(chain)
    if (askedAt !== undefined) this.#pace.answered(this.#elapsed - askedAt)
    this.#pump()
  }

  /** Asks for as many pages as may be on their way. */
  #pump(): void {
    while (this.#mayRead) {
      const chain = this.#pick()
      if (!chain) return
      this.#askedAt.set(chain, this.#elapsed)
      this.#running.set(chain, this.#read(chain))
    }
  }

  get #mayRead(): boolean {
    const { journal, parts, isOpen } = this.#with
    return (
      this.#isAttended &&
      isOpen() &&
      journal.sortOrder === 'asc' &&
      isProven(parts.clock) &&
      this.#elapsed >= this.#restsUntil &&
      this.#isKnown(this.#reader!.front) &&
      this.#reader!.front.heads.length > 0 &&
      this.#underWay < this.#pace.level
    )
  }

  get #isAttended(): boolean {
    return this.#reader !== undefined && this.#elapsed - this.#reader.seenAt < awayMs
  }

  #isKnown(chain: Chain): boolean {
    return this.#with.journal.chains.includes(chain)
  }

  /** Those that clients wait for included. */
  get #underWay(): number {
    const { backfill } = this.#with
    return this.#ahead.filter(chain => this.#isBusy(chain) && !backfill.isAdding(chain)).length
  }

  get #ahead(): readonly Chain[] {
    const { chains } = this.#with.journal
    return chains.slice(chains.indexOf(this.#reader!.front))
  }

  #isBusy(chain: Chain): boolean {
    return this.#running.has(chain) || this.#with.isExtending(chain)
  }

  /** The chain to read next: what a client comes to first, first; one more where each is being read. */
  #pick(): Chain | undefined {
    const open = this.#ahead.filter(chain => !chain.isLinked && !this.#with.isAtTip(chain))
    if (open.length === 0) return undefined
    const mayBegin = open.length < this.#pace.level + spareChains && this.#with.mayBegin()
    const begun = mayBegin ? this.#begin() : undefined
    return begun ?? open.find(chain => !this.#isBusy(chain))
  }

  #begin(): Chain | undefined {
    const { journal, parts, backfill } = this.#with
    const { settings, clock } = parts
    const now = clock.now()
    const cut = nextCut({
      journal,
      front: this.#reader!.front,
      latest: Math.min(journal.horizon(settings.rebuildHorizonSeconds, now), now - dayMs),
      now,
      pageLimit: settings.pageLimit,
      share: settings.backfillShare ?? defaultShare,
      minPages: settings.backfillMinPages ?? defaultMinPages,
      isBusy: chain => this.#isBusy(chain)
    })
    if (!cut) return undefined
    const chain = this.#with.begin(cut.start)
    if (chain.start !== cut.start) return undefined
    if (cut.isSound) backfill.seekSoundly(chain)
    parts.meter.count('backfill_chains')
    return chain
  }

  async #read(chain: Chain): Promise<void> {
    const { caller, front } = this.#reader!
    const isFront = chain === front
    const before = stateOf(chain)
    try {
      await this.#with.extend(chain, {
        ...caller,
        givesUp: true,
        ...(!isFront && { continues: false, isInBackground: true })
      })
      // Another gateway reads the log, or nothing new comes.
      if (stateOf(chain) === before && !this.#with.isAtTip(chain)) this.#rest()
      else this.#troubles = 0
    } catch {
      this.#with.parts.meter.count('backfill_troubles')
      this.#pace.troubled()
      this.#rest()
    } finally {
      this.#running.delete(chain)
      this.#askedAt.delete(chain)
      this.#pump()
    }
  }

  #rest(): void {
    const ms = Math.min(longestRestMs, restMs * 2 ** Math.min(10, this.#troubles++))
    this.#restsUntil = this.#elapsed + ms
  }

  get #elapsed(): number {
    return elapsedOf(this.#with.parts.clock)
  }
}

/** A cursor alone is no news: it may lead in a circle. */
const stateOf = ({ heads, isLinked }: Chain): string =>
  `${heads.length} ${heads.at(-1)?.count} ${isLinked}`
