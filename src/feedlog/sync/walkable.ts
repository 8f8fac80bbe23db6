import { newestFirstAdvice } from '../../feeds/unwalkable.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Page } from '../../kernel/ports.ts'
import { placesOf } from '../journal/place.ts'

/** No feed of today has objects from before; a time before is a fault. */
const year2000 = Date.UTC(2000)

/**
 * Throws `unwalkable` when the first page of a feed falls instead of rising: the only sign there is when the key may
 * not read the feed's description. Times that are none, lie ahead of `now` or before the year 2000, or may stand in
 * two places say nothing; neighbours within a second may stand in text order.
 */
export function assertAscending(page: Page, now: number): void {
  const places = placesOf(page.entries, now).filter(({ earliest }) => earliest >= year2000)
  let falls = 0
  for (let i = 1; i < places.length; i++) {
    if (places[i - 1]!.earliest > places[i]!.latest) falls++
    else if (places[i - 1]!.latest < places[i]!.earliest) falls--
  }
  if (falls > 0 && places[0]!.earliest - places.at(-1)!.latest > 1000)
    throw new GatewayError('unwalkable', { detail: newestFirstAdvice })
}
