import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../kernel/caller.ts'
import { withDeadline } from '../kernel/deadline.ts'
import { asGatewayError, type GatewayError, isRefusal, OvertakenError } from '../kernel/errors.ts'
import type { LogState } from '../kernel/log-state.ts'
import {
  type Clock,
  elapsedOf,
  type Feed,
  type FeedWatch,
  type LogStore,
  type Meter,
  type StoredJournal,
  type Upstream
} from '../kernel/ports.ts'
import type {
  LookupRequest,
  ObjectVersion,
  ReadRequest,
  ReadResult,
  Sweeps,
  SweptIds,
  UnguardedRecords
} from '../kernel/records.ts'
import { SingleFlight } from '../kernel/single-flight.ts'
import { IdleLogs } from './idle-logs.ts'
import { dateAnew } from './journal/date-anew.ts'
import { Journal } from './journal/journal.ts'
import { decodeState, type SortOrder } from './journal/journal-state.ts'
import { type FeedLogIdentity, type FeedLogSettings, StaleLogError } from './journal/log-deps.ts'
import { SegmentCache } from './journal/segment-cache.ts'
import { stateOf } from './log-state.ts'
import { Lookup } from './read/lookup.ts'
import { preparing, Reading } from './read/reader.ts'
import type { Misdating } from './sync/clock-watch.ts'
import { FeedLog } from './sync/feed-log.ts'
import { storedNames } from './sync/segment-loader.ts'

export interface FeedLogsSettings extends FeedLogSettings {
  /** Time a request has for its work before it answers with what was found. */
  readonly readBudgetMs: number
  /** Journals kept in memory at once. */
  readonly maxOpenLogs: number
  /** Ids that the index of newest versions knows per log. */
  readonly maxIndexedIds: number
  /** How long a feed's description is relied upon. */
  readonly feedSeconds: number
  /** Logs of combinations of types that nobody read for so many days are removed; 0: none is. */
  readonly idleDays: number
}

export interface FeedLogsDeps {
  readonly upstream: Upstream
  readonly store: LogStore
  readonly clock: Clock
  readonly meter: Meter
  readonly watch?: FeedWatch | undefined
  /** Told of each journal in which a clock that was wrong had dated objects, and which was dated anew. */
  readonly onRedated?:
    | ((told: Pick<FeedLogIdentity, 'name' | 'feedId'> & Misdating) => void)
    | undefined
  readonly settings: FeedLogsSettings
}

/** What of a feed one log holds. */
type Selection = Omit<FeedLogIdentity, 'name'>

interface Description {
  readonly feed: Promise<Feed | undefined>
  /** By {@link elapsedOf}. */
  readonly at: number
}

/** How often a read starts again because another writer overtook it. */
const maxRestarts = 5

/**
 * All feed logs of this process: opens them from the store, keeps the busiest in memory, and answers reads and
 * look-ups.
 */
export class FeedLogs implements UnguardedRecords, Sweeps {
  readonly #parts: FeedLogsDeps
  readonly #cache: SegmentCache
  readonly #logs: LRUCache<string, Promise<FeedLog>>
  readonly #feeds: LRUCache<string, Description>
  readonly #lookup: Lookup
  readonly #idle: IdleLogs
  readonly #redatings = new SingleFlight<string, FeedLog>()
  /** Logs with work under way, or with what the store did not take. */
  readonly #busy = new Map<string, FeedLog>()

  constructor(parts: FeedLogsDeps) {
    const { settings } = parts
    this.#parts = parts
    this.#cache = new SegmentCache(settings.cacheMaxBytes)
    this.#logs = new LRUCache({
      max: settings.maxOpenLogs,
      dispose: opening => void opening.then(markClosed, () => {})
    })
    this.#feeds = new LRUCache({ max: 10_000 })
    this.#idle = new IdleLogs(parts)
    this.#lookup = new Lookup({
      upstream: parts.upstream,
      clock: parts.clock,
      waitMs: settings.tipWaitMs,
      openIfHeld: (caller, feedId) => this.#openIfHeld(caller, feedId),
      describe: (caller, feedId) => this.#describe(caller, feedId)
    })
  }

  async read(asked: ReadRequest, admit: () => Promise<void>): Promise<ReadResult> {
    const { continues } = asked
    const caller = continues ? { ...asked.caller, continues } : asked.caller
    const request = { ...asked, caller }
    const deadline = elapsedOf(this.#parts.clock) + this.#parts.settings.readBudgetMs
    for (let restarts = 0; ; restarts++) {
      const log = await this.#open(caller, await this.#selectionOf(request))
      try {
        if (log.journal.isBegun) await admit()
        else await this.#learnOrder(log, request, deadline)
        this.#noteRead(log)
        const terms = { deadline, isReloaded: restarts > 0 }
        return await new Reading(log, request, terms).run()
      } catch (error) {
        if (!(error instanceof StaleLogError)) throw asGatewayError(error)
        if (restarts >= maxRestarts) throw new OvertakenError()
        await this.#renew(log)
      } finally {
        this.#noteBusy(log)
      }
    }
  }

  /** In vain where Sekoia is in trouble: the reading that follows tells it. */
  async #learnOrder(
    log: FeedLog,
    { caller, signal }: ReadRequest,
    deadline: number
  ): Promise<void> {
    const left = deadline - elapsedOf(this.#parts.clock)
    await withDeadline(log.learnOrder(caller), left, signal).catch(() => {})
  }

  async lookup(request: LookupRequest): Promise<ObjectVersion[]> {
    try {
      return await this.#lookup.find(request)
    } catch (error) {
      throw asGatewayError(error)
    }
  }

  async swept(caller: Caller, feedId: string): Promise<SweptIds | undefined> {
    const selection = await this.#selectionOf({ caller, feedId, types: [], all: true })
    return (await this.#open(caller, selection)).sweptIds
  }

  /** Resolves when nothing is under way; journals that could not be written are tried once more. */
  async close(): Promise<void> {
    const logs = await Promise.allSettled(this.#logs.values())
    const open = logs.flatMap(log => (log.status === 'fulfilled' ? [log.value] : []))
    await Promise.all([...new Set([...open, ...this.#busy.values()])].map(log => log.close()))
    await this.#idle.settle()
  }

  /** Of those that are removed one day when nobody reads them. */
  #noteRead({ identity }: FeedLog): void {
    if (identity.types.length > 0) this.#idle.noteRead(identity.name)
    this.#idle.removeUnread()
  }

  /**
   * Begins to read a feed of which nothing may be held, and waits for it no longer than `waitMs`. Resolves with what
   * keeps clients from reading it; undefined once they can. Reading goes on meanwhile.
   */
  async prepare(caller: Caller, feedId: string, waitMs: number): Promise<GatewayError | undefined> {
    const log = await this.#open(caller, { feedId, types: [], all: false })
    const { journal } = log
    const first = journal.chains[0]?.start === 0 ? journal.chains[0] : journal.addChain(0)
    try {
      if (!log.isReadable(first)) await withDeadline(log.finishPass(first, caller), waitMs)
      return undefined
    } catch (error) {
      const failure = asGatewayError(error)
      return failure.kind === 'timeout' && log.isPreparing(first) ? preparing(first) : failure
    } finally {
      this.#noteBusy(log)
    }
  }

  /** The feed's description; undefined when the key may not read it, or Sekoia is in trouble. */
  #describe(caller: Caller, feedId: string): Promise<Feed | undefined> {
    const name = `${caller.scope}:${feedId}`
    const known = this.#feeds.get(name)
    const { clock, settings, upstream } = this.#parts
    if (known && elapsedOf(clock) - known.at < settings.feedSeconds * 1000) return known.feed
    const feed = upstream.feed(caller, feedId).catch(error => {
      this.#feeds.delete(name)
      if (isRefusal(error)) throw error
      return known?.feed
    })
    this.#feeds.set(name, { feed, at: elapsedOf(clock) })
    return feed
  }

  async #sortOrder(caller: Caller, feedId: string, doubt: boolean): Promise<SortOrder | undefined> {
    if (doubt) this.#feeds.delete(`${caller.scope}:${feedId}`)
    return (await this.#describe(caller, feedId))?.sortOrder
  }

  /** A feed that gives revoked and expired objects by itself has one log for all who read it. */
  async #selectionOf({
    caller,
    feedId,
    types,
    all = false
  }: Pick<ReadRequest, 'caller' | 'feedId' | 'types' | 'all'>): Promise<Selection> {
    const feed = all ? await this.#describe(caller, feedId) : undefined
    return { feedId, types, all: all && !feed?.givesAll }
  }

  async #open(caller: Caller, selection: Selection): Promise<FeedLog> {
    const identity = { name: logName(caller, selection), ...selection }
    const log = await this.#opened(identity)
    const misdating = log.misdating ?? (await this.#misdatingAfterAsking(log, caller))
    return misdating ? this.#redatings.run(identity.name, () => this.#redated(log, misdating)) : log
  }

  async #misdatingAfterAsking(log: FeedLog, caller: Caller): Promise<Misdating | undefined> {
    if (!log.isTimeWanted) return undefined
    await withDeadline(log.askTime(caller), this.#parts.settings.tipWaitMs).catch(() => {})
    return log.misdating
  }

  #opened(identity: FeedLogIdentity): Promise<FeedLog> {
    const known = this.#logs.get(identity.name) ?? this.#busy.get(identity.name)
    if (known) return Promise.resolve(known)
    const opening = this.#load(identity).catch(error => {
      this.#logs.delete(identity.name)
      throw error
    })
    this.#logs.set(identity.name, opening)
    return opening
  }

  /**
   * The log, opened anew after what a wrong clock had dated was dated anew in the store; the log as it is when the
   * store fails or another writer was first.
   */
  async #redated(log: FeedLog, misdating: Misdating): Promise<FeedLog> {
    const { store, meter } = this.#parts
    try {
      const stored = await store.load(log.identity.name)
      if (!stored) return log
      if (decodeState(stored).epoch === log.journal.epoch)
        await this.#redate(log, stored, misdating)
    } catch {
      meter.count('store_errors', { operation: 'load' })
      return log
    }
    this.#forget(log)
    return this.#opened(log.identity)
  }

  async #redate(log: FeedLog, stored: StoredJournal, misdating: Misdating): Promise<void> {
    const { store, clock, settings, meter, onRedated } = this.#parts
    const { name, feedId } = log.identity
    const { state, heads } = await dateAnew(stored, {
      now: clock.now(),
      since: misdating.since,
      withheldSince: misdating.withheldSince,
      promisedMs: store.isShared ? settings.tipSeconds * 1000 : 0,
      entriesOf: head => storedNames(store, name, head)
    })
    const expectedVersion = stored.version
    const isFirst = await store.commit(name, { expectedVersion, state, heads, bodies: [] })
    if (!isFirst) return
    meter.count('journals_redated')
    onRedated?.({ name, feedId, ...misdating })
  }

  async #load(identity: FeedLogIdentity): Promise<FeedLog> {
    const journal = await this.#loadJournal(identity)
    return new FeedLog(journal, {
      ...this.#parts,
      sortOrder: (caller, doubt) => this.#sortOrder(caller, identity.feedId, doubt),
      identity,
      cache: this.#cache
    })
  }

  /** The journal of the store; a new one where there is none, it cannot be read, or the store is in trouble. */
  async #loadJournal({ name, types }: FeedLogIdentity): Promise<Journal> {
    const { store, clock, settings } = this.#parts
    let wasRemoved = false
    try {
      const stored = await store.load(name)
      if (stored) return await this.#decode(name, stored)
      // What cannot be read may have been: then clients get everything again.
      wasRemoved = types.length > 0
      if (wasRemoved) wasRemoved = await this.#idle.wasRemoved(name)
    } catch {
      this.#parts.meter.count('store_errors', { operation: 'load' })
    }
    return Journal.create(clock.now(), settings.maxIndexedIds, wasRemoved)
  }

  /** What cannot be read is set aside in the store, and begun anew with a higher version. */
  async #decode(name: string, stored: StoredJournal): Promise<Journal> {
    const { store, clock, settings, meter } = this.#parts
    try {
      return Journal.decode(stored, settings.maxIndexedIds)
    } catch {
      meter.count('store_errors', { operation: 'load' })
      const aside = `${name}:aside`
      const expectedVersion = await store.version(aside)
      await store.commit(aside, { ...stored, expectedVersion, bodies: [] })
      return Journal.inPlaceOf(stored, clock.now(), settings.maxIndexedIds)
    }
  }

  async #openIfHeld(caller: Caller, feedId: string): Promise<FeedLog | undefined> {
    const log = await this.#open(caller, { feedId, types: [], all: false })
    return log.journal.isBegun ? log : undefined
  }

  /** A busy log outlives its place among the open ones. */
  #noteBusy(log: FeedLog): void {
    const { name } = log.identity
    if (!log.isBusy) this.#busy.delete(name)
    else if (this.#busy.get(name) !== log) {
      this.#busy.set(name, log)
      void log.whenIdle().then(() => this.#release(log))
    }
  }

  /** Work that outlived its request has ended, such as reading ahead. */
  #release(log: FeedLog): void {
    const { name } = log.identity
    if (!log.isBusy && this.#busy.get(name) === log) this.#busy.delete(name)
  }

  /** What is known of each log in memory. */
  async states(): Promise<LogState[]> {
    const now = this.#parts.clock.now()
    const opened = await Promise.allSettled(this.#logs.values())
    const logs = opened.flatMap(log => (log.status === 'fulfilled' ? [log.value] : []))
    return [...new Set([...logs, ...this.#busy.values()])].map(
      ({ identity, journal, isReadAhead }) => stateOf(identity, journal, now, isReadAhead)
    )
  }

  /** How many logs are in memory: the ones used last, and those with work under way. */
  get held(): number {
    return new Set([...this.#logs.keys(), ...this.#busy.keys()]).size
  }

  /** An overtaken log takes over what others wrote, or is opened anew. */
  async #renew(log: FeedLog): Promise<void> {
    try {
      await log.refresh()
    } catch (error) {
      // A store in trouble is no reason to forget what is known.
      if (error instanceof StaleLogError) this.#forget(log)
    }
  }

  /** A log that another journal has taken the place of is of no more use, whatever it still has to do. */
  #forget(log: FeedLog): void {
    log.isStale = true
    this.#logs.delete(log.identity.name)
    this.#busy.delete(log.identity.name)
  }
}

function markClosed(log: FeedLog): void {
  log.isOpen = false
}

/** The name of a log in the store: the scope and a digest of the rest, so nothing of a URL gets into it. */
export function logName(caller: Caller, { feedId, types, all }: Selection): string {
  const what = createHash('sha256')
    .update(JSON.stringify(all ? [feedId, types, 'all'] : [feedId, types]))
    .digest('hex')
  return `v1:${caller.scope}:${what.slice(0, 32)}`
}
