import type { Entry, Page } from '../../kernel/ports.ts'
import { entryKey } from '../journal/packed-index.ts'
import type { Body } from '../journal/segment.ts'

/**
 * Entries that arrived late: new ones that stand before known ones on a page read again, so that they became visible
 * after objects with later times (P-32, P-42). New entries at the end of a page cannot be told from late ones.
 */
export function lateArrivals(page: Page, fresh: Body): Entry[] {
  const freshKeys = new Set(Array.from(fresh.entries, entryKey))
  const lastHeld = page.entries.findLastIndex(entry => !freshKeys.has(entryKey(entry)))
  return page.entries
    .slice(0, Math.max(0, lastHeld))
    .filter(entry => freshKeys.has(entryKey(entry)))
}
