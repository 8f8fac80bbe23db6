import type { Coverage } from '../events/tally.ts'
import type { Publications } from './publications.ts'

/** A feed that is kept up to date for one key. */
interface KeptFeed {
  readonly feedId: string
  readonly space: string
}

/** What became of the indicators of one feed that are live at Sekoia. */
export interface FeedCoverage {
  readonly feed: string
  readonly counts: readonly FateCount[]
}

interface FateCount {
  readonly fate: string
  /** Why, where there are several reasons; else ''. */
  readonly reason: string
  readonly count: number
}

/**
 * The whole sum of each feed, the largest first. If several keys see a feed, that of the key that sees most of it
 * counts. Throws what the store does.
 */
export async function coverageOfFeeds(
  feeds: readonly KeptFeed[],
  publications: Pick<Publications, 'state'>
): Promise<FeedCoverage[]> {
  const largest = new Map<string, Coverage>()
  for (const { feedId, space } of feeds) {
    const coverage = (await publications.state(space))?.coverage
    if (coverage && coverage.live >= (largest.get(feedId)?.live ?? 0)) largest.set(feedId, coverage)
  }
  return [...largest]
    .toSorted(([, a], [, b]) => b.live - a.live)
    .map(([feed, coverage]) => ({ feed, counts: countsOf(coverage) }))
}

const countsOf = (coverage: Coverage): FateCount[] => [
  { fate: 'to_ids', reason: '', count: coverage.toIds },
  { fate: 'context', reason: '', count: coverage.context },
  { fate: 'outside_window', reason: '', count: coverage.outsideWindow },
  ...byReason('fallback', coverage.fallback),
  ...byReason('skipped', coverage.skipped)
]

const byReason = (fate: string, counts: Coverage['fallback']): FateCount[] =>
  Object.entries(counts).map(([reason, count]) => ({ fate, reason, count }))
