import type { Caller } from '../../kernel/caller.ts'
import type { GatewayError } from '../../kernel/errors.ts'
import type { CatalogFeed } from '../../kernel/records.ts'

/** The feeds that clients ask for; the scheduler keeps them up to date. */
export interface WantedFeeds {
  /** The feed is kept up to date from here on. */
  want(caller: Caller, feed: CatalogFeed): WantedFeed
  /** The feed, if it is kept up to date here. */
  find(caller: Caller, feed: CatalogFeed): WantedFeed | undefined
}

export interface WantedFeed {
  /** Why the last round failed; undefined if it did not. */
  readonly failure: GatewayError | undefined
  /** When this gateway last brought its events up to date, ms since the epoch; undefined if it has not yet. */
  readonly currentAt?: number | undefined
  /**
   * Resolves at the next publication, after `ms` milliseconds, or when `signal` aborts. Throws the GatewayError of a
   * round that failed.
   */
  nextPublication(ms: number, signal: AbortSignal): Promise<void>
}
