import type { BaseLogger } from 'pino'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { CatalogFeed } from '../../kernel/records.ts'
import { withAbort } from './abortable.ts'
import { Builder } from './builder.ts'
import type { BuilderSettings, SharedDeps } from './deps.ts'
import { ScheduledFeed, type ScheduleSettings } from './scheduled-feed.ts'
import { spaceOf } from './tables.ts'

export interface BuildSchedulerSettings
  extends Omit<BuilderSettings, 'shardBits'>,
    ScheduleSettings {
  /** Bits of the shard of a feed. */
  readonly shardBitsOf: (feedId: string) => number
  /** Feeds kept up to date at a time. */
  readonly maxFeeds: number
}

export interface BuildSchedulerDeps extends SharedDeps {
  readonly logger: Pick<BaseLogger, 'info' | 'warn'>
  readonly settings: BuildSchedulerSettings
}

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
      feedId,
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

  /** The feeds that are kept up to date, with the spaces of the keys they are kept for. */
  get kept(): { readonly feedId: string; readonly space: string }[] {
    return [...this.#kept].map(([space, { feedId }]) => ({ feedId, space }))
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
