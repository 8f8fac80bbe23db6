import fc from 'fast-check'
import { historiesOf } from './history.ts'

/** Histories with one kind of trouble each, which hold the other kinds away where those would hide it. */

const nullAtTip = fc.constantFrom(false, 'empty-page', 'last-page')
const modifiedAfterOrder = fc.constantFrom('instant', 'text')

/** Ties across page edges, both kinds of cursor, cursors that expire. */
export const tiedHistories = historiesOf({
  pageLimits: [7, 9, 50],
  ties: true,
  switches: {
    cursorMode: fc.constantFrom('A', 'B'),
    cursorLifetimeMs: fc.constantFrom(0, 0, 600_000),
    nullAtTip,
    modifiedAfterOrder
  }
})

/** Pages of one to three objects, and cursors that give their own object again. */
export const shortPageHistories = historiesOf({
  pageLimits: [1, 2, 3],
  ties: false,
  switches: { cursorMode: fc.constantFrom('A', 'B'), nullAtTip, modifiedAfterOrder }
})

export const inclusiveCursorHistories = historiesOf({
  pageLimits: [3, 5, 50],
  ties: false,
  switches: { inclusiveCursor: fc.constant(true), nullAtTip, modifiedAfterOrder }
})

export const repeatedPageHistories = historiesOf({
  pageLimits: [3, 7, 50],
  ties: false,
  switches: { cursorMode: fc.constantFrom('A', 'B'), nullAtTip, modifiedAfterOrder },
  repeatedPages: true
})

export const sharedStoreHistories = historiesOf({
  pageLimits: [3, 7, 50],
  ties: false,
  switches: { cursorMode: fc.constantFrom('A', 'B'), nullAtTip, modifiedAfterOrder },
  processes: 2
})

/** Times that are ahead of the clock, ancient, with an offset, without a zone, over-precise or no times. */
export const oddTimeHistories = historiesOf({
  pageLimits: [5, 9, 50],
  ties: false,
  switches: {
    cursorMode: fc.constantFrom('A', 'B'),
    cursorLifetimeMs: fc.constantFrom(0, 0, 600_000),
    nullAtTip,
    modifiedAfterOrder
  },
  oddTimes: true
})

/** Feeds as Sekoia makes them by itself, which are read in passes from the newest object down. */
export const newestFirstHistories = historiesOf({
  pageLimits: [7, 9, 50],
  ties: true,
  switches: {
    cursorMode: fc.constantFrom('A', 'B'),
    cursorLifetimeMs: fc.constantFrom(0, 0, 600_000),
    nullAtTip,
    modifiedAfterOrder
  },
  newestFirst: true
})

export const newestFirstShortHistories = historiesOf({
  pageLimits: [2, 3, 5],
  ties: false,
  switches: {
    cursorMode: fc.constantFrom('A', 'B'),
    inclusiveCursor: fc.boolean(),
    nullAtTip,
    modifiedAfterOrder
  },
  newestFirst: true,
  processes: 2
})

export const newestFirstOddHistories = historiesOf({
  pageLimits: [5, 9, 50],
  ties: false,
  switches: { cursorMode: fc.constantFrom('A', 'B'), nullAtTip, modifiedAfterOrder },
  newestFirst: true,
  oddTimes: true
})
