import type { Outcome } from '../kernel/records.ts'

/**
 * How an answer came about, for the header `X-Cache` of all dialects: from what is held, after Sekoia was asked, after
 * it was asked in vain, or passed on.
 */
export type CacheUse = 'hit' | 'miss' | 'stale' | 'pass'

/** {@link CacheUse} of one answer. */
export interface CacheNote {
  readonly use: CacheUse
  /** Milliseconds since Sekoia gave or confirmed the content; undefined where that is now, or not known. */
  readonly ageMs?: number | undefined
}

/** `X-Cache` and `Age` (RFC 9111 §5.1) of an answer of any dialect. */
export const cacheHeaders = ({ use, ageMs }: CacheNote): Record<string, string> => ({
  'x-cache': use,
  ...(ageMs !== undefined && { age: String(Math.max(0, Math.floor(ageMs / 1000))) })
})

/** The same of a read of a feed's log. */
export const cacheUseOf: Readonly<Record<Outcome, CacheUse>> = {
  held: 'hit',
  fetched: 'miss',
  stale: 'stale'
}
