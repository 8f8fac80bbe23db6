import fc from 'fast-check'
import t from 'tap'
import type { History } from '../support/histories/history.ts'
import { mixedOf } from '../support/histories/mixed.ts'
import {
  inclusiveCursorHistories,
  newestFirstHistories,
  newestFirstOddHistories,
  newestFirstShiftedHistories,
  newestFirstShortHistories,
  oddTimeHistories,
  repeatedPageHistories,
  sharedStoreHistories,
  shiftedHistories,
  shortPageHistories,
  tiedHistories
} from '../support/histories/one-kind.ts'
import { play } from '../support/histories/play.ts'

/**
 * G1 to G4 for all client classes CLASS-A to CLASS-D at once: whatever Sekoia, the network, the store and the
 * clients do, everybody ends up with the current version of every object, with nothing that Sekoia did not show, and
 * every answer on the way keeps what single answers promise (P-1, P-5, P-6, P-9, P-11, P-21, P-45). In the last kind
 * a client that gives up a run loses nothing either (CLIENT-7), and no key sees what belongs to another (G5).
 */
const variants: [title: string, arbitrary: fc.Arbitrary<History>, runs: number][] = [
  ['with ties across page edges, both cursor modes and expiring cursors', tiedHistories, 300],
  ['with pages of one to three objects', shortPageHistories, 150],
  ['with cursors that include their own object', inclusiveCursorHistories, 100],
  ['with pages that Sekoia gives again', repeatedPageHistories, 100],
  [
    'with objects dated in the future, before 1970, and with times that are none',
    oddTimeHistories,
    200
  ],
  ['of a feed that comes newest first', newestFirstHistories, 150],
  [
    'of a feed that comes newest first, with short pages, over two gateways',
    newestFirstShortHistories,
    100
  ],
  ['of a feed that comes newest first, with odd times', newestFirstOddHistories, 100],
  ['read from places in its middle, with times from elsewhere in the feed', shiftedHistories, 60],
  ['of a feed that comes newest first, with the same', newestFirstShiftedHistories, 60],
  ['with two gateways on one store, asked in turn (P-40)', sharedStoreHistories, 150],
  ['with all of this, and more, at once', mixedOf(['memory', 'memory', 'sqlite']), 40]
]

t.setTimeout(900_000)

for (const [title, arbitrary, numRuns] of variants) {
  t.test(`G1–G4: no client of any class misses an object, ${title}`, async t => {
    await fc.assert(fc.asyncProperty(arbitrary, play), { seed: 20_260_115, numRuns })
    t.pass(`${numRuns} histories`)
  })
}
