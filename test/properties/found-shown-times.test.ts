import t from 'tap'
import { play as playClocks } from '../support/histories/clocks.ts'
import { dayMs, ofClocks, plain, switches, usual } from '../support/histories/found-bases.ts'
import { play } from '../support/histories/play.ts'

/** As found-histories.test.ts: of objects that show times of elsewhere, and what stands beside them. */

t.test('an object that shows a later time than its place has does not end a pass newest first', t =>
  play({
    ...plain,
    seed: 876_922,
    historyMs: 40 * dayMs,
    shifted: [{ byMs: 20 * dayMs, at: 0 }],
    operations: [
      { kind: 'begin', at: 0.038, pages: 1 },
      { kind: 'edit', which: 1 },
      { kind: 'late', count: 1, hiddenForMs: 1 },
      { kind: 'tick', ms: 1 },
      { kind: 'fault', fault: { kind: 'status', match: '/objects' }, times: 1 },
      { kind: 'fault', fault: { kind: 'status', match: '/objects' }, times: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('nor is it lost with its copy, where it is the oldest of its page', t =>
  play({
    ...plain,
    seed: 31_087,
    historyMs: 40 * dayMs,
    pageLimit: 50,
    switches: { ...plain.switches, nullAtTip: 'last-page' },
    shifted: [{ byMs: 3 * dayMs, at: 0 }],
    operations: [{ kind: 'step', client: 0, times: 1 }, { kind: 'evict' }]
  }).then(() => t.pass('every client has everything'))
)

t.test(
  'the newest object of all does not hide a feed whose order nobody tells, if it cannot be had',
  t =>
    play({
      ...usual,
      switches: { ...switches, nullAtTip: false, describedOrder: 'none' },
      operations: [
        { kind: 'unreadable', item: 'huge' },
        { kind: 'step', client: 6, times: 2 }
      ]
    }).then(() => t.pass('every client has everything'))
)

t.test('a page of one object that shows a time of last year does not end a pass newest first', t =>
  play({
    ...usual,
    historyMs: 3_600_000,
    cacheMaxBytes: 20_000,
    switches: { ...switches, nullAtTip: false },
    operations: [
      { kind: 'shifted', byMs: -400 * dayMs },
      { kind: 'edit', which: 146 },
      { kind: 'unreadable', item: 'huge' },
      { kind: 'begin', at: 0.985, pages: 3 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test(
  'an object of the first page that shows a time of today is dated behind all chains, not before',
  t =>
    play({
      ...plain,
      seed: 1,
      objects: 30,
      historyMs: 40 * dayMs,
      limits: [20, 20, 20, 20, 20, 20],
      shifted: [{ byMs: 40 * dayMs - 3_600_000, at: 0 }],
      operations: [
        { kind: 'begin', at: 0.5, pages: 2 },
        { kind: 'step', client: 0, times: 4 }
      ]
    }).then(() => t.pass('every client has everything'))
)

/** The last object of all shows a time from before the feed began: to each chain that comes to it it is older. */
const datedBefore = {
  ...plain,
  seed: 17,
  objects: 55,
  historyMs: 40 * dayMs,
  newestFirst: false,
  cacheMaxBytes: 16_000_000,
  limits: [19, 18, 3, 5, 4, 5],
  switches: { nullAtTip: 'last-page', modifiedAfterOrder: 'text', cursorMode: 'B' },
  shifted: [{ byMs: 3_600_000 - 40 * dayMs, at: 0.598 }]
} as const

t.test(
  'an object that two chains hold, dated before both, does not keep the first from its end',
  t =>
    play({
      ...datedBefore,
      operations: [
        { kind: 'begin', at: 0.5, pages: 5 },
        { kind: 'begin', at: 0.3, pages: 5 }
      ]
    }).then(() => t.pass('every client has everything'))
)

t.test('nor do several chains at once that hold it read on without end', t =>
  play({
    ...datedBefore,
    parallel: 4,
    shifted: [{ byMs: 40 * dayMs - 3_600_000, at: 0.136 }, ...datedBefore.shifted],
    operations: [
      { kind: 'begin', at: 0, pages: 3 },
      { kind: 'tick', ms: 11_000 },
      { kind: 'remove', which: 324 },
      { kind: 'begin', at: 0.95, pages: 2 },
      { kind: 'begin', at: 0.218, pages: 3 },
      { kind: 'remove', which: 8 },
      { kind: 'step', client: 1, times: 3 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('one object of long ago at the end of history hides none that Sekoia shows later', t =>
  play({
    ...usual,
    seed: 913_186,
    objects: 11,
    historyMs: dayMs,
    newestFirst: false,
    cacheMaxBytes: 16_000_000,
    limits: [6, 4, 2, 15, 19, 14, 8, 3],
    switches: {},
    items: [],
    operations: [
      { kind: 'late', count: 3, hiddenForMs: 137_265 },
      { kind: 'unreadable', item: 'array-item' },
      { kind: 'odd', time: 'year-1601', byOwnTime: false },
      { kind: 'step', client: 2, times: 2 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test(
  'a fraction of fewer digits does not turn a feed newest first whose oldest cannot be had',
  t =>
    play({
      ...usual,
      seed: 16,
      objects: 50,
      order: 'instant',
      pageLimit: 9,
      cacheMaxBytes: 16_000_000,
      maxBodyBytes: 200_000,
      limits: [3, 1, 5, 14, 6, 9, 15, 18],
      switches: { ...switches, cursorMode: 'B', nullAtTip: 'last-page', describedOrder: 'right' },
      items: [{ item: 'huge', at: 0.021 }],
      operations: []
    }).then(() => t.pass('every client has everything'))
)

t.test(
  'who changes between gateways is led past nothing by one object that shows a time to come',
  t =>
    play({
      ...usual,
      objects: 19,
      historyMs: 40 * dayMs,
      newestFirst: false,
      processes: 2,
      apart: true,
      limits: [1, 1, 2, 2, 1, 8, 2, 1],
      switches: { ...switches, nullAtTip: false },
      odd: [{ time: 'before-1970', byOwnTime: false, at: 0 }],
      shifted: [{ byMs: 20 * dayMs, at: 0 }],
      items: [],
      operations: [{ kind: 'begin', at: 0, pages: 2 }]
    }).then(() => t.pass('every client has everything'))
)

t.test(
  'what arrives at the end and shows a time of days ago is not left to a chain that is past it',
  t =>
    play({
      ...plain,
      seed: 5,
      historyMs: 40 * dayMs,
      newestFirst: false,
      pageLimit: 9,
      limits: [17, 3, 8, 2, 1, 17],
      switches: { ...plain.switches, nullAtTip: 'empty-page', describedOrder: 'right' },
      operations: [
        { kind: 'odd', time: 'unreadable-both', byOwnTime: false },
        { kind: 'evict' },
        { kind: 'begin', at: 0.976, pages: 5 },
        { kind: 'step', client: 0, times: 2 },
        { kind: 'odd', time: 'year-1601', byOwnTime: true },
        { kind: 'step', client: 3, times: 4 },
        { kind: 'fault', fault: { kind: 'truncated', match: '/objects' }, times: 1 },
        { kind: 'odd', time: 'year-1', byOwnTime: false },
        { kind: 'shifted', byMs: -3 * dayMs },
        { kind: 'odd', time: 'offset', byOwnTime: true }
      ]
    }).then(() => t.pass('every client has everything'))
)

t.test('a lost store leads past nothing behind a first object that shows a time to come', t =>
  play({
    ...usual,
    historyMs: 40 * dayMs,
    newestFirst: false,
    switches: { ...switches, nullAtTip: false },
    shifted: [{ byMs: 20 * dayMs, at: 0 }],
    items: [],
    operations: [
      { kind: 'step', client: 0, times: 1 },
      { kind: 'tick', ms: 1 },
      { kind: 'wipe' },
      { kind: 'step', client: 0, times: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('what cannot be read on a page does not take others of an equal time with it', t =>
  play({
    ...usual,
    seed: 17,
    objects: 1,
    historyMs: 40 * 86_400_000,
    order: 'instant',
    newestFirst: false,
    pageLimit: 7,
    cacheMaxBytes: 16_000_000,
    limits: [10, 4, 3, 4, 19, 5, 4, 5],
    switches: { cursorMode: 'A' },
    odd: [],
    items: [
      { item: 'unfinished-string', at: 0.845 },
      { item: 'no-type', at: 0.962 }
    ],
    operations: [
      { kind: 'edit', which: 920 },
      { kind: 'ties', count: 5 }
    ],
    processes: 1,
    maxBodyBytes: 0,
    patienceMs: 0
  }).then(() => t.pass('every client has everything'))
)

t.test('what is dated anew is later than an end that was told in the same millisecond', t =>
  playClocks({
    ...ofClocks,
    skewsMs: [259_200_000, -90_000],
    operations: [
      { kind: 'step', client: 2, times: 1 },
      { kind: 'ahead', count: 1 },
      { kind: 'clock', gateway: 0, skewMs: -90_000 },
      { kind: 'date', date: 'clock' },
      { kind: 'step', client: 0, times: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)
