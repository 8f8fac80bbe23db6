export interface Cut {
  /** How many of the collected records the page holds. */
  readonly count: number
  /** True when the page ends before what was collected. */
  readonly more: boolean
}

/**
 * Where a page ends (P-8, P-10, P-12). `dates` are those of the matching records collected so far, ascending:
 * up to `limit`, and beyond it at least one more (if there is one) and the rest of a group of equal dates
 * that the cut would split, as far as `limit / 2` members. `mayGoOn` tells that more records of the last date
 * could follow what was collected, because the collecting was cut short: then that group is not begun, and
 * `count` is 0 when there is nothing but that group.
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

/** How many records beyond `limit` have to be looked at before {@link cutPage} can decide. */
export function isEnough(dates: readonly number[], limit: number): boolean {
  if (dates.length <= limit) return false
  const boundary = dates[limit - 1]
  if (dates.at(-1) !== boundary) return true
  return dates.length - dates.indexOf(boundary!) > limit / 2
}
