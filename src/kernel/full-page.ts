import type { Page } from './ports.ts'

/**
 * False for a page that surely holds fewer items than were asked for, so that no more follow it. Where an item cannot
 * be read its end is a guess: it may have taken others with it, which were not counted.
 */
export const mayBeFull = ({ itemCount, limit, unreadable = [] }: Page, asked: number): boolean =>
  itemCount >= (limit ?? asked) || unreadable.length > 0

/**
 * True for a page that may be full and is long enough to be asked for again with one object less: that must lead on,
 * even if the page begins with the object that its cursor names.
 */
export const canBeShortened = (page: Page, asked: number): boolean =>
  page.itemCount > 2 && mayBeFull(page, asked)
