import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Access, anyFeed } from '../auth/access.ts'
import { unwalkableReason } from '../feeds/unwalkable.ts'
import type { Caller } from '../kernel/caller.ts'
import { withDeadline } from '../kernel/deadline.ts'
import { asGatewayError, GatewayError, isRefusal, OvertakenError } from '../kernel/errors.ts'
import type { Clock, Feed, FeedWatch, LogStore, Meter, Upstream } from '../kernel/ports.ts'
import type {
  LookupRequest,
  ObjectVersion,
  ReadRequest,
  ReadResult,
  Records
} from '../kernel/records.ts'
import { Journal } from './journal/journal.ts'
import { type FeedLogIdentity, type FeedLogSettings, StaleLogError } from './journal/log-deps.ts'
import { SegmentCache } from './journal/segment-cache.ts'
import { Lookup } from './read/lookup.ts'
import { Reading } from './read/reader.ts'
import { FeedLog } from './sync/feed-log.ts'

export interface FeedLogsSettings extends FeedLogSettings {
  /** Time a request has for its work before it answers with what was found. */
  readonly readBudgetMs: number
  /** Journals kept in memory at once. */
  readonly maxOpenLogs: number
  /** Ids that the index of newest versions knows per log. */
  readonly maxIndexedIds: number
  readonly cacheMaxBytes: number
  /** How long a feed's description is relied upon. */
  readonly feedSeconds: number
}

export interface FeedLogsDeps {
  /** Notes in `access` what its answers say about rights. */
  readonly upstream: Upstream
  readonly access: Access
  readonly store: LogStore
  readonly clock: Clock
  readonly meter: Meter
  readonly watch?: FeedWatch | undefined
  readonly settings: FeedLogsSettings
}

/** What of a feed one log holds. */
type Selection = Omit<FeedLogIdentity, 'name'>

interface Description {
  readonly feed: Promise<Feed | undefined>
  readonly at: number
}

/** How often a read starts again because another writer overtook it. */
const maxRestarts = 5

/**
 * All feed logs of this process: opens them from the store, keeps the busiest in memory, holds each key to its
 * rights, and answers the dialects' reads and look-ups.
 */
export class FeedLogs implements Records {
  readonly #parts: FeedLogsDeps
  readonly #cache: SegmentCache
  readonly #logs: LRUCache<string, Promise<FeedLog>>
  readonly #feeds: LRUCache<string, Description>
  readonly #lookup: Lookup
  /** Logs with work under way, or with what the store did not take. */
  readonly #busy = new Map<string, FeedLog>()

  constructor(parts: FeedLogsDeps) {
    const { settings } = parts
    this.#parts = parts
    this.#cache = new SegmentCache(settings.cacheMaxBytes)
    this.#logs = new LRUCache({ max: settings.maxOpenLogs })
    this.#feeds = new LRUCache({ max: 10_000 })
    this.#lookup = new Lookup({
      upstream: parts.upstream,
      clock: parts.clock,
      waitMs: settings.tipWaitMs,
      openIfHeld: (caller, feedId) => this.#openIfHeld(caller, feedId),
      describe: (caller, feedId) => this.#describe(caller, feedId)
    })
  }

  async read(asked: ReadRequest): Promise<ReadResult> {
    const { feedId, all = false, continues } = asked
    const caller = continues ? { ...asked.caller, continues } : asked.caller
    const request = { ...asked, caller }
    const deadline = this.#parts.clock.now() + this.#parts.settings.readBudgetMs
    for (let restarts = 0; ; restarts++) {
      this.#parts.access.assertNotRefused(caller, feedId)
      const opening = this.#open(caller, await this.#selectionOf(request))
      const log = await opening
      try {
        if (log.journal.isBegun) await this.#assertFeedRights(caller, feedId, true)
        else
          await withDeadline(
            this.#assertWalkable(caller, feedId),
            deadline - this.#parts.clock.now()
          )
        const isOpen = () => this.#isOpen({ caller, feedId, all }, opening, log)
        const terms = { deadline, isReloaded: restarts > 0, isOpen }
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

  /**
   * Resolves when what is held of the feed may be shown to the caller: Sekoia's yes is recent, or was its last word
   * and it cannot be asked (G6). Throws GatewayError: the refusal, or Sekoia's trouble where it never said anything.
   */
  async authorize(caller: Caller, feedId: string): Promise<void> {
    await this.#assertFeedRights(caller, feedId, false)
  }

  /** True when {@link authorize} would resolve without anybody being asked. */
  isAuthorized(caller: Caller, feedId: string): boolean {
    return this.#parts.access.isRecent(caller, feedId)
  }

  async lookup(request: LookupRequest): Promise<ObjectVersion[]> {
    await this.#assertFeedRights(request.caller, request.feedId, true)
    try {
      return await this.#lookup.find(request)
    } catch (error) {
      throw asGatewayError(error)
    }
  }

  /**
   * Resolves when Sekoia accepts the key, now or within `rightsSeconds`, or accepted it once and cannot be asked.
   * Throws GatewayError `unauthorized` when it does not.
   */
  async verify(caller: Caller): Promise<void> {
    await this.#assertRights(caller, anyFeed, false, () => this.#parts.upstream.verifyKey(caller))
  }

  /** Resolves when nothing is under way; journals that could not be written are tried once more. */
  async close(): Promise<void> {
    const logs = await Promise.allSettled(this.#logs.values())
    const open = logs.flatMap(log => (log.status === 'fulfilled' ? [log.value] : []))
    await Promise.all([...new Set([...open, ...this.#busy.values()])].map(log => log.close()))
    await this.#parts.access.settle()
  }

  /** What is held of a feed is shown to a key that Sekoia accepts for it. */
  #assertFeedRights(caller: Caller, feedId: string, isHeld: boolean): Promise<void> {
    const { upstream } = this.#parts
    const ask = () => upstream.page(caller, { feedId, types: [], limit: 1 })
    return this.#assertRights(caller, feedId, isHeld, ask)
  }

  /**
   * Resolves while Sekoia's yes is recent; otherwise Sekoia is asked again (G6). It may be late, or in trouble: then
   * its last word counts, and nobody waits long, or asks again at once (G7). Where there was no word at all,
   * `isHeld` decides: what is held was once given to the key.
   */
  async #assertRights(
    caller: Caller,
    feedId: string,
    isHeld: boolean,
    ask: () => Promise<unknown>
  ): Promise<void> {
    const { access } = this.#parts
    access.assertNotRefused(caller, feedId)
    if (access.isRecent(caller, feedId)) return
    const word = await access.lastVerdict(caller, feedId)
    const isTrusted = word === 'yes' || (word === undefined && isHeld)
    try {
      if (access.isResting(caller, feedId)) throw new GatewayError('unavailable')
      const check = access.check(caller, feedId, ask)
      await (isTrusted ? withDeadline(check, this.#parts.settings.tipWaitMs) : check)
    } catch (error) {
      if (isRefusal(error)) throw error
      if (!isTrusted) throw word ? new GatewayError(word) : asGatewayError(error)
      this.#parts.meter.count('rights_unconfirmed')
    }
  }

  /** True while a read would be given this log, and nobody need be asked for the rights of its caller. */
  #isOpen(
    { caller, feedId, all }: Required<Pick<ReadRequest, 'caller' | 'feedId' | 'all'>>,
    opening: Promise<FeedLog>,
    log: FeedLog
  ): boolean {
    const isInUse = !log.isStale && this.#logs.get(log.identity.name) === opening
    return isInUse && !all && this.#parts.access.isRecent(caller, feedId)
  }

  /** A new log begins only where the feed can be followed; the first page is looked at as well. */
  async #assertWalkable(caller: Caller, feedId: string): Promise<void> {
    const feed = await this.#describe(caller, feedId)
    const unwalkable = feed && unwalkableReason(feed)
    if (unwalkable) throw new GatewayError('unwalkable', { detail: unwalkable })
  }

  /** The feed's description; undefined when the key may not read it, or Sekoia is in trouble. */
  #describe(caller: Caller, feedId: string): Promise<Feed | undefined> {
    const name = `${caller.scope}:${feedId}`
    const known = this.#feeds.get(name)
    const { clock, settings, upstream } = this.#parts
    if (known && clock.now() - known.at < settings.feedSeconds * 1000) return known.feed
    const feed = upstream.feed(caller, feedId).catch(error => {
      this.#feeds.delete(name)
      if (isRefusal(error)) throw error
      return known?.feed
    })
    this.#feeds.set(name, { feed, at: clock.now() })
    return feed
  }

  /** A feed that gives revoked and expired objects by itself has one log for all who read it. */
  async #selectionOf({ caller, feedId, types, all = false }: ReadRequest): Promise<Selection> {
    const feed = all ? await this.#describe(caller, feedId) : undefined
    return { feedId, types, all: all && !feed?.givesAll }
  }

  #open(caller: Caller, selection: Selection): Promise<FeedLog> {
    const identity = { name: logName(caller, selection), ...selection }
    const known = this.#logs.get(identity.name) ?? this.#busy.get(identity.name)
    if (known) return Promise.resolve(known)
    const opening = this.#load(identity).catch(error => {
      this.#logs.delete(identity.name)
      throw error
    })
    this.#logs.set(identity.name, opening)
    return opening
  }

  async #load(identity: FeedLogIdentity): Promise<FeedLog> {
    const journal = (await this.#loadJournal(identity.name)) ?? this.#newJournal()
    return new FeedLog(journal, {
      ...this.#parts,
      identity,
      cache: this.#cache
    })
  }

  async #loadJournal(name: string): Promise<Journal | undefined> {
    try {
      const stored = await this.#parts.store.load(name)
      return stored && Journal.decode(stored, this.#parts.settings.maxIndexedIds)
    } catch {
      this.#parts.meter.count('store_errors', { operation: 'load' })
      return undefined
    }
  }

  #newJournal(): Journal {
    return Journal.create(this.#parts.clock.now(), this.#parts.settings.maxIndexedIds)
  }

  async #openIfHeld(caller: Caller, feedId: string): Promise<FeedLog | undefined> {
    const log = await this.#open(caller, { feedId, types: [], all: false })
    return log.journal.isBegun ? log : undefined
  }

  /** A busy log outlives its place among the open ones. */
  #noteBusy(log: FeedLog): void {
    if (log.isBusy) this.#busy.set(log.identity.name, log)
    else this.#busy.delete(log.identity.name)
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

/** The name of a log in the store: the scope and a digest of the rest, so nothing of a URL gets into it. */
export function logName(caller: Caller, { feedId, types, all }: Selection): string {
  const what = createHash('sha256')
    .update(JSON.stringify(all ? [feedId, types, 'all'] : [feedId, types]))
    .digest('hex')
  return `v1:${caller.scope}:${what.slice(0, 32)}`
}
