import { unwalkableReason } from '../../feeds/unwalkable.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Page } from '../../kernel/ports.ts'
import { toMillis } from '../../stix/timestamp.ts'

const newestFirst = unwalkableReason({ sortOrder: 'desc', format: 'json' })!

/**
 * Throws `unwalkable` when the first page of a feed falls instead of rising: the only sign there is when the
 * key may not read the feed's description. Neighbours within a second may stand in text order.
 */
export function assertAscending(page: Page): void {
  const times = page.entries.flatMap(entry => (entry.time ? [toMillis(entry.time) ?? 0] : []))
  let falls = 0
  for (let i = 1; i < times.length; i++) falls += Math.sign(times[i - 1]! - times[i]!)
  if (falls > 0 && times[0]! - times.at(-1)! > 1000)
    throw new GatewayError('unwalkable', { detail: newestFirst })
}
