export interface Cut {
  /** How many of the collected records the page holds. */
  readonly count: number
  /** True when the page ends before what was collected. */
  readonly more: boolean
}

/**
 * Where a page ends (P-8, P-10, P-12). `dates` are the dates of the matching records collected so far, ascending: up
 * to `limit`, at least one more if there is one, and the rest of a group of equal dates that the cut would split, up
 * to `limit / 2` members. `mayGoOn` is true if collecting stopped early, so that more records of the last date may
 * follow: then that group is left for the next page, and `count` is 0 if there is nothing else.
 */
export function cutPage(dates: readonly number[], limit: number, mayGoOn: boolean): Cut {
  if (dates.length <= limit && !mayGoOn) return { count: dates.length, more: false }
  if (dates.length === 0) return { count: 0, more: true }
  const end = Math.min(limit, dates.length)
  const boundary = dates[end - 1]
  const splits = dates.length > limit ? dates[limit] === boundary : mayGoOn
  if (!splits) return { count: end, more: true }
  const groupStart = dates.indexOf(boundary!)
  const groupSize = dates.lastIndexOf(boundary!) - groupStart + 1
  const keepsGroup = dates.length > limit && (groupStart === 0 || groupSize > limit / 2)
  return { count: keepsGroup ? end : groupStart, more: true }
}

/** True if enough records beyond `limit` were collected for {@link cutPage} to decide. */
export function isEnough(dates: readonly number[], limit: number): boolean {
  if (dates.length <= limit) return false
  const boundary = dates[limit - 1]
  if (dates.at(-1) !== boundary) return true
  return dates.length - dates.indexOf(boundary!) > limit / 2
}
