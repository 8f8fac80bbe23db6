import type { VersionFilter } from './records.ts'

/** Whether a version is the last or the first of its object that is held. */
export interface VersionPlace {
  readonly isLast: boolean
  readonly isFirst: boolean
}

/**
 * True when a version is among those asked for (TAXII 2.1 §3.4.1, D-20). `instant` gives its own instant in the form of
 * {@link VersionFilter.at}, and is asked only where exact versions are wanted.
 */
export function isWanted(
  { last, first, all, at }: VersionFilter,
  { isLast, isFirst }: VersionPlace,
  instant: () => string | undefined
): boolean {
  if (all || (last && isLast) || (first && isFirst)) return true
  if (at.length === 0) return false
  const own = instant()
  return own !== undefined && at.includes(own)
}
