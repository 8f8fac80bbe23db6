import type { Position } from '../../kernel/records.ts'
import { marginSeconds } from '../events/timestamps.ts'
import type { TagBody } from '../events/wire.ts'
import type { Tlp } from '../mapping/model.ts'

/** Where the building of a feed stands. */
export interface FeedState {
  /** See bucket.ts `layoutOf`. */
  layout: number
  /** What the feed was called when its first event was made. */
  title: string
  /** Indicators created before this day (`YYYY-MM-DD`) are left out; '' leaves out none. */
  since: string
  /** Where in the feed log reading goes on: after a place, or after a date (ms since the epoch). */
  position?: Position | undefined
  addedAfter?: number | undefined
  /** True once the end of the feed was reached. */
  isFilled: boolean
  /** True while events of an older layout stand, until the new ones are all there. */
  hasOldLayout?: boolean
  /** True once what was there by then was published. */
  isBuilt: boolean
  /** The newest timestamp given to an event, epoch seconds. */
  lastIssued: number
  /** Instants, ms since the epoch; 0 is never. */
  startedAt: number
  publishedAt: number
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
}

export interface Totals {
  readonly events: number
  readonly attributes: number
  /** Attributes that are neither expired nor deleted. */
  readonly live: number
  readonly indicators: number
  /** Indicators whose values all stand under another one's name. */
  readonly merged: number
}

export const newState = (
  now: number,
  { layout, title, since }: Pick<FeedState, 'layout' | 'title' | 'since'>
): FeedState => ({
  layout,
  title,
  since,
  isFilled: false,
  isBuilt: false,
  lastIssued: 0,
  startedAt: now,
  publishedAt: 0,
  walkedAt: 0,
  objectsRead: 0,
  isManifestCurrent: false,
  missed: 0,
  totals: { events: 0, attributes: 0, live: 0, indicators: 0, merged: 0 }
})

/** The next timestamp of an event, epoch seconds: pairwise distinct and growing over the feed (INV-4). */
export function issueTimestamp(state: FeedState, now: number): number {
  state.lastIssued = Math.max(state.lastIssued + 1, Math.floor(now / 1000) + marginSeconds)
  return state.lastIssued
}

/** What is known of an event beside its file. */
export interface Head {
  readonly uuid: string
  readonly bucket: string
  readonly tlp: Tlp
  readonly part: number
  readonly info: string
  readonly date: string
  readonly tags: readonly TagBody[]
  readonly timestamp: string
  readonly attributes: number
  readonly live: number
  readonly indicators: number
  readonly merged: number
  /** The next instant at which time alone changes it, ms since the epoch; null when none does. */
  readonly changesAt: number | null
}

/** Where an indicator is, and what other objects say of it. */
export interface Link {
  bucket?: string
  /** Ids of reports that name it. */
  reports?: string[]
  /** Ids of what relationships say it indicates. */
  subjects?: string[]
}
