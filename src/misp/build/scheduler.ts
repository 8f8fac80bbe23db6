import type { BaseLogger } from 'pino'
import type { Caller } from '../../kernel/caller.ts'
import { asGatewayError, GatewayError, isRefusal } from '../../kernel/errors.ts'
import type { Clock, DocumentStore, Meter, Upstream } from '../../kernel/ports.ts'
import type { CatalogFeed, Records, Sweeps } from '../../kernel/records.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { withAbort } from './abortable.ts'
import { Builder, type BuilderSettings } from './builder.ts'
import { spaceOf } from './tables.ts'

export interface BuildSchedulerSettings extends Omit<BuilderSettings, 'shardBits'> {
  /** Bits of the shard of a feed. */
  readonly shardBitsOf: (feedId: string) => number
  /** Between rounds, ms. */
  readonly publishMs: number
  /** How long a feed is kept up to date after it was last asked for, ms. */
  readonly idleMs: number
  /** Feeds kept up to date at a time. */
  readonly maxFeeds: number
}

export interface BuildSchedulerDeps {
  readonly records: Pick<Records, 'read'>
  readonly sweeps?: Sweeps
  readonly upstream: Pick<Upstream, 'page' | 'objects'>
  readonly store: DocumentStore
  readonly clock: Clock
  readonly meter: Meter
  readonly logger: Pick<BaseLogger, 'info' | 'warn'>
  readonly mapping: Mapping
  readonly settings: BuildSchedulerSettings
}

/** When a round is tried again that failed, or for which another gateway held the lease. */
const retryMs = 15_000

const isStopping = new GatewayError('unavailable', {
  detail: 'The gateway is about to stop: ask again in a moment'
})

/**
 * Keeps the feeds that clients ask for up to date, in rounds, with the key of the last client that asked. Keys are in
 * memory only: after a restart a feed is built again once somebody asks for it. One round runs at a time.
 */
export class BuildScheduler {
  readonly #parts: BuildSchedulerDeps
  readonly #kept = new Map<string, ScheduledFeed>()
  readonly #end = new AbortController()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: BuildSchedulerDeps) {
    this.#parts = parts
  }

  /** Keeps the feed up to date from now on, for a while. */
  want(caller: Caller, { feedId, title }: CatalogFeed): ScheduledFeed {
    const { settings, clock } = this.#parts
    const space = spaceOf(caller, feedId)
    const known = this.#kept.get(space)
    if (known) {
      this.#kept.delete(space)
      this.#kept.set(space, known)
      known.want(caller)
      return known
    }
    const builder = new Builder({
      ...this.#parts,
      ...withAbort(this.#end.signal, this.#parts),
      feedId,
      title,
      space,
      settings: { ...settings, shardBits: settings.shardBitsOf(feedId) },
      onPublished: () => feed.published()
    })
    const feed: ScheduledFeed = new ScheduledFeed({
      builder,
      clock,
      settings,
      caller,
      inTurn: work => this.#inTurn(work),
      onFailure: error => this.#report(feedId, error),
      onRetired: () => this.#kept.delete(space)
    })
    this.#kept.set(space, feed)
    this.#retireOldest()
    if (this.#end.signal.aborted) feed.end(isStopping)
    else feed.start()
    return feed
  }

  /** The feed, if it is kept up to date. */
  find(caller: Caller, { feedId }: CatalogFeed): ScheduledFeed | undefined {
    return this.#kept.get(spaceOf(caller, feedId))
  }

  /**
   * Stops building. Requests that wait for a publication fail, and the running round ends at its next step; the next
   * gateway continues from what was committed.
   */
  end(): void {
    this.#end.abort(isStopping)
    for (const feed of this.#kept.values()) feed.end(isStopping)
  }

  /** Resolves when the round under way has ended. */
  async close(): Promise<void> {
    this.end()
    await this.#turn
  }

  /** Rounds cost memory: they come one after the other. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(() => (this.#end.signal.aborted ? undefined : work()))
    this.#turn = turn.catch(() => {})
    return turn
  }

  #retireOldest(): void {
    const [oldest] = this.#kept.values()
    if (this.#kept.size > this.#parts.settings.maxFeeds) oldest?.retire()
  }

  #report(feedId: string, error: GatewayError): void {
    const { logger, meter } = this.#parts
    if (this.#end.signal.aborted) return
    meter.count('misp_rounds_failed', { kind: error.kind })
    logger.warn(
      { err: error, feed: feedId },
      'the MISP events of a feed could not be brought up to date'
    )
  }
}

interface ScheduledFeedDeps {
  readonly builder: Builder
  readonly clock: Clock
  readonly settings: BuildSchedulerSettings
  readonly caller: Caller
  readonly inTurn: (work: () => Promise<void>) => Promise<void>
  readonly onFailure: (error: GatewayError) => void
  readonly onRetired: () => void
}

/** A feed that is kept up to date. */
export class ScheduledFeed {
  readonly #parts: ScheduledFeedDeps
  #caller: Caller
  #wantedAt: number
  #timer: NodeJS.Timeout | undefined
  #isRetired = false
  /** Settled by the next publication or failure. */
  #next = Promise.withResolvers<void>()
  /** Why the last round failed; undefined when it did not. */
  failure: GatewayError | undefined
  /** True if the last round did nothing because another gateway held the lease. */
  #isOvertaken = false

  constructor(parts: ScheduledFeedDeps) {
    this.#parts = parts
    this.#caller = parts.caller
    this.#wantedAt = parts.clock.now()
    this.#next.promise.catch(() => {})
  }

  want(caller: Caller): void {
    this.#caller = caller
    this.#wantedAt = this.#parts.clock.now()
  }

  start(): void {
    this.#parts
      .inTurn(() => this.#round())
      .catch(() => {})
      .finally(() => this.#schedule())
  }

  published(): void {
    this.#settle(undefined)
  }

  /**
   * Resolves at the next publication, after `ms` milliseconds, or when `signal` aborts. Throws the GatewayError of a
   * round that failed.
   */
  async nextPublication(ms: number, signal: AbortSignal): Promise<void> {
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, ms)
    const stop = () => late.resolve()
    signal.addEventListener('abort', stop)
    try {
      await Promise.race([this.#next.promise, late.promise])
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }

  /** Ends the feed: those who wait get this failure. */
  end(failure: GatewayError): void {
    this.failure = failure
    this.#settle(failure)
    this.retire()
  }

  retire(): void {
    this.#isRetired = true
    clearTimeout(this.#timer)
    this.#parts.onRetired()
  }

  async #round(): Promise<void> {
    if (this.#isRetired) return
    try {
      this.#isOvertaken = !(await this.#parts.builder.round(this.#caller))
      this.failure = undefined
    } catch (error) {
      const failure = asGatewayError(error)
      this.failure = failure
      this.#settle(failure)
      this.#parts.onFailure(failure)
    }
  }

  #settle(failure: GatewayError | undefined): void {
    if (failure) this.#next.reject(failure)
    else this.#next.resolve()
    this.#next = Promise.withResolvers()
    this.#next.promise.catch(() => {})
  }

  /** Schedules the next round. A feed that nobody asks for, or that Sekoia refuses to the key, is dropped. */
  #schedule(): void {
    const { clock, settings } = this.#parts
    if (this.#isRetired) return
    const isIdle = clock.now() - this.#wantedAt >= settings.idleMs
    if (isIdle || (this.failure && isRefusal(this.failure))) {
      this.retire()
      return
    }
    const pause =
      this.failure || this.#isOvertaken ? Math.min(retryMs, settings.publishMs) : settings.publishMs
    this.#timer = setTimeout(() => this.start(), pause).unref()
  }
}
