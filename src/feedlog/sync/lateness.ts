import type { Entry, Page } from '../../kernel/ports.ts'
import { entryKey } from '../journal/packed-index.ts'
import type { Body } from '../journal/segment.ts'

/**
 * The entries of a page read again that came late: what is new of it and stands before what was there already,
 * so that it became visible after objects with later times (P-32, P-42). Those at the end of a page, or alone on
 * one, cannot be told from what is simply new.
 */
export function lateArrivals(page: Page, fresh: Body): Entry[] {
  const freshKeys = new Set(Array.from(fresh.entries, entryKey))
  const lastHeld = page.entries.findLastIndex(entry => !freshKeys.has(entryKey(entry)))
  return page.entries
    .slice(0, Math.max(0, lastHeld))
    .filter(entry => freshKeys.has(entryKey(entry)))
}
