import type { Page } from '../../src/kernel/ports.ts'

/** An answer of Sekoia with these items. */
export const bodyOf = (items: unknown, rest: object = { next_cursor: 'c' }): Buffer =>
  Buffer.from(JSON.stringify({ items, ...rest }))

/** The text of each object that a page holds. */
export const objectsOf = (page: Page): string[] =>
  page.entries.map(({ offset, length }) => page.bytes.toString('utf8', offset, offset + length))
