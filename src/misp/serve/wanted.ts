import type { Caller } from '../../kernel/caller.ts'
import type { GatewayError } from '../../kernel/errors.ts'
import type { CatalogFeed } from '../../kernel/records.ts'

/** The feeds that are asked for, which the scheduler keeps up to date. */
export interface WantedFeeds {
  /** The feed is kept up to date from here on. */
  want(caller: Caller, feed: CatalogFeed): WantedFeed
  /** The feed, if it is kept up to date here. */
  find(caller: Caller, feed: CatalogFeed): WantedFeed | undefined
}

export interface WantedFeed {
  /** Why the feed could not be brought up to date last; undefined when it could. */
  readonly failure: GatewayError | undefined
  /**
   * Resolves with the next publication, or after `ms` milliseconds, or when `signal` says so. Throws the GatewayError
   * of a round that failed.
   */
  nextPublication(ms: number, signal: AbortSignal): Promise<void>
}
