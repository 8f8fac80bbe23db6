import type { Caller } from '../../kernel/caller.ts'
import type { Clock, FeedWatch, LogStore, Meter, Upstream } from '../../kernel/ports.ts'
import type { SortOrder } from './journal-state.ts'
import type { SegmentCache } from './segment-cache.ts'

/** What one feed log is made of and told: shared by the parts of a log. */

export interface FeedLogSettings {
  /** How long a confirmed end is answered without asking Sekoia again. */
  readonly tipSeconds: number
  /** How long a request at the end waits for Sekoia before the end is answered as it was last known. */
  readonly tipWaitMs: number
  /** How late an object may become visible at Sekoia and still be found (P-42). */
  readonly relookSeconds: number
  /** The time in which a whole feed is read again, for objects that appear later than that; 0: it is not. */
  readonly sweepSeconds: number
  /** How much of the newest history a new journal dates at its own creation (P-43). */
  readonly rebuildHorizonSeconds: number
  /** Objects per upstream call, at most 2,000. */
  readonly pageLimit: number
  /** What segments in memory may cost, in bytes. */
  readonly cacheMaxBytes: number
  /** How many chains of a feed's history are read at once at most; 1: one after the other, as clients ask. */
  readonly backfillParallel: number
  /** What reading at once may add to the calls of one walk, as a part of them; default 0.045. */
  readonly backfillShare?: number | undefined
  /** Pages of the smallest stretch that is divided; default 4. */
  readonly backfillMinPages?: number | undefined
  /** True: the end of every full page is checked for a cut tie, not only once ties were seen in the feed. */
  readonly assumeTies: boolean
  /** Names the rules under which objects are repaired (stix/repair.ts); stored bodies of other rules are read again. */
  readonly repairRules: string
}

export interface FeedLogIdentity {
  /** Its name in the store. */
  readonly name: string
  readonly feedId: string
  readonly types: readonly string[]
  /** True when revoked and expired objects are asked for explicitly. */
  readonly all: boolean
}

export interface FeedLogDeps {
  readonly identity: FeedLogIdentity
  readonly upstream: Upstream
  readonly store: LogStore
  readonly cache: SegmentCache
  readonly clock: Clock
  readonly meter: Meter
  /** The order that the feed's description names; undefined: it cannot be read. It is asked anew by who is in `doubt`. */
  sortOrder(caller: Caller, doubt: boolean): Promise<SortOrder | undefined>
  /** Left out: nobody is told how reading on goes. */
  readonly watch?: FeedWatch | undefined
  readonly settings: FeedLogSettings
}

/** Another writer was first: this log's memory is out of date. */
export class StaleLogError extends Error {
  override readonly name = 'StaleLogError'
}
