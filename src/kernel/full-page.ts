import type { Page } from './ports.ts'

/**
 * False for a page that surely holds fewer items than were asked for, so that no more follow it. Where an item cannot
 * be read its end is a guess: it may have taken others with it, which were not counted.
 */
export const mayBeFull = ({ itemCount, limit, unreadable = [] }: Page, asked: number): boolean =>
  itemCount >= (limit ?? asked) || unreadable.length > 0
