import type { Head } from '../events/head.ts'
import { restampAt } from '../events/timestamps.ts'
import type { Published } from './state.ts'

/** So many events may be stamped anew in one publication, or one in fifty: after a pause all would be due. */
const minRestamped = 200

/** Uuids of the events to be stamped anew although they did not change; of too many those that have waited longest. */
export function eventsDue(
  heads: ReadonlyMap<string, Head>,
  periodMs: number,
  now: number
): Set<string> {
  const due = [...heads.values()].filter(head => restampAt(head, periodMs) <= now)
  const most = Math.max(minRestamped, heads.size / 50)
  if (due.length > most) due.sort((a, b) => Number(a.timestamp) - Number(b.timestamp))
  return new Set(due.slice(0, most).map(({ uuid }) => uuid))
}

/** Names of the buckets to be published, in a fixed order, so that timestamps are given out in one. */
export function bucketsDue(
  { heads, tallies, dirty }: Published,
  restamped: ReadonlySet<string>,
  now: number
): string[] {
  const due = new Set(dirty)
  const isDue = ({ changesAt }: Pick<Head, 'changesAt'>) => changesAt !== null && changesAt <= now
  for (const head of heads.values())
    if (isDue(head) || restamped.has(head.uuid)) due.add(head.bucket)
  for (const [name, tally] of tallies) if (isDue(tally)) due.add(name)
  return [...due].sort()
}
