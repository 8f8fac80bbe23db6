import fc from 'fast-check'
import { historiesOf } from './history.ts'

/** Histories with one kind of trouble each, which hold the other kinds away where those would hide it. */

const ends = {
  nullAtTip: fc.constantFrom(false, 'empty-page', 'last-page'),
  modifiedAfterOrder: fc.constantFrom('instant', 'text'),
  describedOrder: fc.constantFrom('right', 'right', 'none')
}
const cursors = { ...ends, cursorMode: fc.constantFrom('A', 'B') }
const expiring = { ...cursors, cursorLifetimeMs: fc.constantFrom(0, 0, 600_000) }

/** Ties across page edges, both kinds of cursor, cursors that expire. */
export const tiedHistories = historiesOf({
  pageLimits: [7, 9, 50],
  ties: true,
  switches: expiring
})

/** Pages of one to three objects, and cursors that give their own object again. */
export const shortPageHistories = historiesOf({
  pageLimits: [1, 2, 3],
  ties: false,
  switches: cursors
})

export const inclusiveCursorHistories = historiesOf({
  pageLimits: [3, 5, 50],
  ties: false,
  switches: { ...ends, inclusiveCursor: fc.constant(true) }
})

export const repeatedPageHistories = historiesOf({
  pageLimits: [3, 7, 50],
  ties: false,
  switches: cursors,
  repeatedPages: true
})

export const sharedStoreHistories = historiesOf({
  pageLimits: [3, 7, 50],
  ties: false,
  switches: cursors,
  processes: 2
})

/** Times that are ahead of the clock, ancient, with an offset, without a zone, over-precise or no times. */
export const oddTimeHistories = historiesOf({
  pageLimits: [5, 9, 50],
  ties: false,
  switches: expiring,
  oddTimes: true
})

/** Feeds as Sekoia makes them by itself, which are read in passes from the newest object down. */
export const newestFirstHistories = historiesOf({
  pageLimits: [7, 9, 50],
  ties: true,
  switches: expiring,
  newestFirst: true
})

export const newestFirstShortHistories = historiesOf({
  pageLimits: [2, 3, 5],
  ties: false,
  switches: { ...cursors, inclusiveCursor: fc.boolean() },
  newestFirst: true,
  processes: 2
})

export const newestFirstOddHistories = historiesOf({
  pageLimits: [5, 9, 50],
  ties: false,
  switches: cursors,
  newestFirst: true,
  oddTimes: true
})

/** Chains that begin anywhere in feeds of which objects show times from elsewhere. */
export const shiftedHistories = historiesOf({
  pageLimits: [5, 9, 50],
  ties: false,
  switches: cursors,
  oddTimes: true
}).map(history => ({ ...history, historyMs: 40 * 86_400_000, odd: [] }))

export const newestFirstShiftedHistories = historiesOf({
  pageLimits: [5, 9, 50],
  ties: false,
  switches: cursors,
  newestFirst: true,
  oddTimes: true
}).map(history => ({ ...history, historyMs: 40 * 86_400_000, odd: [] }))
