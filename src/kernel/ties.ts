import type { Entry, Page } from './ports.ts'

/** Objects of one time, which a cursor that is no more than a time cannot tell apart (U-4). */

export const isTie = (a: Entry, b: Entry): boolean => a.time !== undefined && a.time === b.time

export const hasTies = (entries: readonly Entry[]): boolean =>
  entries.some((entry, i) => i > 0 && isTie(entry, entries[i - 1]!))

/** Where the objects of the time of the last one begin; -1 where that has none. */
export const firstOfLastGroup = ({ entries }: Pick<Page, 'entries'>): number =>
  entries.findIndex(entry => isTie(entry, entries.at(-1)!))

/**
 * With so many objects a page ends before its last group; undefined where nothing lies before it. What cannot be read
 * counts as standing before the group; if it does not, the last object is one of the group.
 */
export function limitBeforeLastGroup(page: Page): number | undefined {
  const first = firstOfLastGroup(page)
  const limit = page.itemCount - (page.entries.length - first)
  return first >= 0 && limit > 0 ? limit : undefined
}
