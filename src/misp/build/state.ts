import type { Position } from '../../kernel/records.ts'
import type { Head, Totals } from '../events/head.ts'
import { rowFormat } from '../events/source-row.ts'
import type { Coverage, Tally } from '../events/tally.ts'

/** How far the building of a feed has come. */
export interface FeedState {
  /** Of the rows, see source-row.ts `rowFormat`. */
  format: number
  /** Of the rows, see stix/repair.ts. */
  repairRules: string
  /** The fingerprint of derivation.ts; if it differs now, all events are made again. */
  derivation: string
  /** See bucket.ts `layoutOf`. */
  layout: number
  /** What the feed was called when its first event was made. */
  title: string
  /** Indicators created before this day (`YYYY-MM-DD`) are left out; '' leaves out none. */
  since: string
  /** The window that {@link since} was taken from, days; null is all. */
  windowDays: number | null
  /** Where reading continues in the feed log: after a place, or after a date (ms since the epoch). */
  position?: Position | undefined
  addedAfter?: number | undefined
  /** True once the end of the feed was reached. */
  isFilled: boolean
  /** True while events of an older layout are still published, until the new ones are complete. */
  hasOldLayout?: boolean
  /** True while the rows are read again from the feed log: nothing is published before they are all there. */
  isRefilling?: boolean
  /** True once what was there by then was published. */
  isBuilt: boolean
  /** The newest timestamp given to an event, epoch seconds. */
  lastIssued: number
  /** Instants, ms since the epoch; 0 is never. */
  startedAt: number
  publishedAt: number
  /** Publications made so far. */
  publications: number
  walkedAt: number
  /** Objects read so far. */
  objectsRead: number
  /** The time of the first of them, ms since the epoch. */
  readFrom?: number
  /** True when the manifest says what the heads say. */
  isManifestCurrent: boolean
  /** Indicators that the last walk missed, when they were too many to be believed at once. */
  missed: number
  /** What is published, summed over its events. */
  totals: Totals
  /** What becomes of the indicators that are live at Sekoia; undefined before the first publication. */
  coverage?: Coverage
}

/** What the builder remembers of a feed between publications. */
export interface Published {
  readonly state: FeedState
  /** By uuid of the event. */
  readonly heads: Map<string, Head>
  /** What became of the indicators of each bucket, by its name. */
  readonly tallies: Map<string, Tally>
  /** Names of buckets whose events have to be made again. */
  readonly dirty: Set<string>
  /** What a meter was told of buckets since the last publication, by name. */
  readonly counted: Map<string, readonly MadeCount[]>
}

/** For a meter. */
export interface MadeCount {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly by: number
}

export const newState = (
  now: number,
  settings: Pick<
    FeedState,
    'derivation' | 'layout' | 'repairRules' | 'since' | 'title' | 'windowDays'
  >
): FeedState => ({
  format: rowFormat,
  ...settings,
  isFilled: false,
  isBuilt: false,
  lastIssued: 0,
  startedAt: now,
  publishedAt: 0,
  publications: 0,
  walkedAt: 0,
  objectsRead: 0,
  isManifestCurrent: false,
  missed: 0,
  totals: { events: 0, attributes: 0, live: 0, indicators: 0, merged: 0 }
})

/**
 * The time from which a feed with this {@link FeedState.since} is read, ms since the epoch; undefined means from its
 * start.
 */
export const startOf = (since: string): number | undefined =>
  since === '' ? undefined : Date.parse(since) - 1000

/** The next timestamp of an event, epoch seconds: pairwise distinct and growing over the feed (INV-4). */
export function issueTimestamp(
  state: Pick<FeedState, 'lastIssued'>,
  now: number,
  marginSeconds: number
): number {
  state.lastIssued = Math.max(state.lastIssued + 1, Math.floor(now / 1000) + marginSeconds)
  return state.lastIssued
}

/** Where an indicator is, and what other objects say of it. */
export interface Link {
  bucket?: string
  /** Ids of reports that name it. */
  reports?: string[]
  /** Ids of what relationships say it indicates. */
  subjects?: string[]
  /** While a feed is read again: the version that had vanished, and when that was noticed. */
  vanished?: { readonly version: string; readonly at: number }
}
