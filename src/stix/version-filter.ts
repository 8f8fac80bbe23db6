import type { FeedRecord, RecordFilter } from '../kernel/records.ts'
import { toInstant } from './timestamp.ts'

/** Whether a version is the last or the first of its object that is held. */
export interface VersionPlace {
  readonly isLast: boolean
  readonly isFirst: boolean
}

/** What a filter looks at. */
export type FilteredVersion = Pick<FeedRecord, 'version' | 'specVersion'>

/**
 * True when a version of an object is among those asked for (TAXII 2.1 §3.4.1, D-20). `read` is called only by filters
 * for which its place does not decide.
 */
export function isWanted(
  { versions, specVersions }: RecordFilter,
  { isLast, isFirst }: VersionPlace,
  read: () => FilteredVersion
): boolean {
  if (specVersions && !specVersions.has(read().specVersion)) return false
  const { last, first, all, at } = versions
  if (all || (last && isLast) || (first && isFirst)) return true
  if (at.length === 0) return false
  const own = toInstant(read().version)
  return own !== undefined && at.includes(own)
}
