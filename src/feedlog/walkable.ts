import { GatewayError } from '../kernel/errors.ts'
import type { Feed, Page } from '../kernel/ports.ts'
import { toMillis } from '../stix/timestamp.ts'

export const orderAdvice =
  'The feed is sorted newest first, so it cannot be followed without losing objects. ' +
  'In Sekoia, edit the feed and set its sort order to oldest first (asc).'

export const formatAdvice =
  'The feed does not give JSON. In Sekoia, edit the feed and set its format to JSON.'

/** What stands in the way of walking a feed, in words for whoever can change it; undefined when nothing does. */
export function obstacleOf(feed: Pick<Feed, 'sortOrder' | 'format'>): string | undefined {
  if (feed.format !== 'json') return formatAdvice
  return feed.sortOrder === 'desc' ? orderAdvice : undefined
}

/**
 * Throws `unwalkable` when the first page of a feed falls instead of rising: the only sign there is when the
 * key may not read the feed's description. Neighbours within a second may stand in text order.
 */
export function assertAscending(page: Page): void {
  const times = page.entries.flatMap(entry => (entry.time ? [toMillis(entry.time) ?? 0] : []))
  let falls = 0
  for (let i = 1; i < times.length; i++) falls += Math.sign(times[i - 1]! - times[i]!)
  if (falls > 0 && times[0]! - times.at(-1)! > 1000)
    throw new GatewayError('unwalkable', { detail: orderAdvice })
}
