import type { Outcome } from '../kernel/records.ts'

/**
 * How an answer came about, for the header `X-Cache` of all dialects: from what is held, after Sekoia was asked, after
 * it was asked in vain, or passed on.
 */
export type CacheUse = 'hit' | 'miss' | 'stale' | 'pass'

/** The same of a read of a feed's log. */
export const cacheUseOf: Readonly<Record<Outcome, CacheUse>> = {
  held: 'hit',
  fetched: 'miss',
  stale: 'stale'
}
