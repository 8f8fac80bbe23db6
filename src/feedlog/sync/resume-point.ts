import { toWholeSeconds } from '../../stix/timestamp.ts'
import type { Chain } from '../journal/chain.ts'
import type { SegmentHead, Source } from '../journal/segment-head.ts'

/** Where reading starts: a cursor Sekoia gave or, on the first call of a walk, a time (G4, U-3). */

/**
 * Times are sought this much earlier: the order of Sekoia's text may be off by just under a second (U-1), and by a
 * zone's offset where a time has one.
 */
export const slackMs = 15 * 3_600_000

export const startOf = (chain: Chain): Source =>
  chain.start === 0 ? {} : { modifiedAfter: toWholeSeconds(chain.start - 1000) }

export const nextSource = (chain: Chain): Source =>
  chain.cursor === null ? startOf(chain) : { cursor: chain.cursor }

/** A time from which everything after `millis` can be read. */
export const sourceAt = (millis: number): Source =>
  millis <= slackMs ? {} : { modifiedAfter: toWholeSeconds(millis - slackMs) }

/** A time from which all of a segment can be read again. */
export const sourceBefore = (head: SegmentHead): Source => sourceAt(head.minNatural)
