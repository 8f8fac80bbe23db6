import t from 'tap'
import { play as playClocks } from '../support/histories/clocks.ts'
import { play } from '../support/histories/play.ts'
import { play as playSweeps } from '../support/histories/sweep.ts'

/** Histories of which clients once got too much or too little, as small as they could be made (npm run histories). */

const plain = {
  seed: 0,
  objects: 10,
  historyMs: 3_600_000,
  order: 'text',
  pageLimit: 5,
  assumeTies: false,
  epoch: '2000',
  cacheMaxBytes: 1,
  newestFirst: true,
  processes: 1,
  limits: [1, 1, 1, 1, 1, 1],
  switches: { nullAtTip: false, modifiedAfterOrder: 'instant', cursorMode: 'A' },
  odd: []
} as const

const usual = {
  ...plain,
  pageLimit: 7,
  assumeTies: true,
  limits: [1, 1, 1, 1, 1, 1, 1, 1],
  maxBodyBytes: 16_000,
  stranger: false,
  patienceMs: 20_000,
  store: 'memory',
  apart: false
} as const

/** Sekoia tells no time before the end. */
const ofClocks = {
  seed: 0,
  objects: 0,
  gateways: 1,
  newestFirst: false,
  pageLimit: 5,
  cursorMode: 'A',
  limits: [1, 1, 1, 1, 1, 1],
  tellsTime: false
} as const

const switches = {
  cursorMode: 'A',
  cursorLifetimeMs: 0,
  modifiedAfterOrder: 'instant',
  gzip: false
} as const

t.test('a gateway that was overtaken before it could write takes nothing of its own along', t =>
  play({
    ...usual,
    newestFirst: false,
    processes: 2,
    limits: [2, 5, 12, 10, 1, 3, 1, 1],
    switches: { ...switches, nullAtTip: false },
    items: [],
    operations: [
      { kind: 'step', client: 6, times: 2 },
      { kind: 'edit', which: 0 },
      { kind: 'backup' },
      { kind: 'fault', fault: { kind: 'status', match: '/objects' }, times: 1 },
      { kind: 'store-fails', calls: 1 }
    ]
  }).then(() => t.pass('every client has everything, once'))
)

t.test('an oldest object that cannot be had does not hide the newest of a feed newest first', t =>
  play({
    ...usual,
    switches: { ...switches, nullAtTip: 'last-page' },
    items: [{ item: 'huge', at: 0 }],
    operations: [
      { kind: 'edit', which: 0 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'together', meanwhile: 'add' },
      { kind: 'step', client: 0, times: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('an object that cannot be had does not keep a key from its rights', t =>
  play({
    ...usual,
    objects: 11,
    processes: 2,
    limits: [4, 1, 1, 8, 2, 15, 6, 7],
    switches: { ...switches, nullAtTip: false },
    items: [{ item: 'nan', at: 0.569 }],
    operations: [
      { kind: 'step', client: 0, times: 3 },
      { kind: 'tick', ms: 299_000 },
      { kind: 'step', client: 7, times: 2 },
      { kind: 'together', meanwhile: 'nothing' },
      { kind: 'step', client: 7, times: 3 },
      { kind: 'fault', fault: { kind: 'loop-cursor', match: '/objects' }, times: 3 },
      { kind: 'revoked' },
      { kind: 'step', client: 1, times: 1 },
      { kind: 'tick', ms: 11_000 },
      { kind: 'unreadable', item: 'huge' },
      { kind: 'together', meanwhile: 'nothing' },
      { kind: 'crash' },
      { kind: 'step', client: 2, times: 2 },
      { kind: 'ties', count: 3 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('an object without a time is found again after its copy is gone, wherever it stands', t =>
  play({
    ...plain,
    limits: [1, 1, 2, 1, 1, 1],
    odd: [{ time: 'null', byOwnTime: false, at: 0 }],
    operations: [
      { kind: 'step', client: 0, times: 1 },
      { kind: 'tick', ms: 299_000 },
      { kind: 'fault', fault: { kind: 'status', match: '/objects' }, times: 1 },
      { kind: 'step', client: 2, times: 6 },
      { kind: 'evict' },
      { kind: 'step', client: 0, times: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test(
  'a reading that begins again, because its cursor was refused, gives nothing again later',
  t =>
    playSweeps({
      seed: 0,
      objects: 14,
      historyMs: 3_600_000,
      order: 'text',
      switches: {
        cursorMode: 'A',
        cursorLifetimeMs: 600_000,
        nullAtTip: false,
        modifiedAfterOrder: 'instant'
      },
      newestFirst: false,
      pageLimit: 4,
      processes: 1,
      limits: [1, 1, 1, 1, 1, 1],
      operations: [
        { kind: 'step', client: 0, times: 1 },
        { kind: 'restart' },
        { kind: 'step', client: 4, times: 1 },
        { kind: 'appear', count: 1, at: 0 },
        { kind: 'tick', ms: 1 }
      ]
    }).then(() => t.pass('every client has everything, once'))
)

t.test('a full page that leads nowhere, twice, is not the end of a feed newest first', t =>
  play({
    ...plain,
    historyMs: 86_400_000,
    operations: [
      { kind: 'fault', fault: { kind: 'loop-cursor', match: '/objects' }, times: 3 },
      { kind: 'add', count: 3 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'restart' },
      { kind: 'tick', ms: 1 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'outage', ms: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('an item that takes its neighbours along does not make a full page the last one', t =>
  play({
    ...usual,
    seed: 498_889,
    objects: 13,
    newestFirst: false,
    pageLimit: 9,
    stranger: true,
    switches: { ...switches, nullAtTip: false },
    items: [
      { item: 'unfinished-string', at: 0 },
      { item: 'nan', at: 0 }
    ],
    operations: [
      { kind: 'step', client: 7, times: 1 },
      { kind: 'together', meanwhile: 'nothing' },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'add', count: 1 },
      { kind: 'add', count: 1 },
      { kind: 'late', count: 1, hiddenForMs: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('another version that stands where a segment lay, whose copy is gone, is new', t =>
  playClocks({
    ...ofClocks,
    skewsMs: [259_200_000, 0],
    operations: [
      { kind: 'add', count: 1 },
      { kind: 'edit', which: 0 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'edit', which: 0 },
      { kind: 'evict' },
      { kind: 'tick', ms: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('what a clock that was ahead had dated, and one that was behind withheld, comes again', t =>
  playClocks({
    ...ofClocks,
    skewsMs: [90_000, 0],
    operations: [
      { kind: 'add', count: 1 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'tick', ms: 1_000_000 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'clock', gateway: 0, skewMs: -3_600_000 },
      { kind: 'step', client: 2, times: 1 },
      { kind: 'add', count: 1 },
      { kind: 'restart' },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'tick', ms: 1 },
      { kind: 'step', client: 0, times: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('equal times behind items that cannot be read are not cut apart by the end of a page', t =>
  play({
    ...usual,
    switches: { ...switches, nullAtTip: false },
    items: [],
    operations: [
      { kind: 'unreadable', item: 'nan' },
      { kind: 'unreadable', item: 'nan' },
      { kind: 'ties', count: 6 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'tick', ms: 1 },
      { kind: 'together', meanwhile: 'nothing' },
      { kind: 'wipe' }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('a full page that lacks its cursor once is not the end of a feed', t =>
  play({
    seed: 0,
    objects: 2,
    historyMs: 40 * 86_400_000,
    order: 'text',
    pageLimit: 1,
    assumeTies: false,
    epoch: '2000',
    cacheMaxBytes: 1,
    newestFirst: false,
    processes: 1,
    limits: [1, 1, 1, 1, 1, 1],
    switches: { nullAtTip: false, modifiedAfterOrder: 'instant', cursorMode: 'A' },
    odd: [],
    operations: [
      { kind: 'fault', fault: { kind: 'null-cursor', match: '/objects' }, times: 1 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'fault', fault: { kind: 'status', match: '/objects' }, times: 1 },
      { kind: 'wipe' },
      { kind: 'tick', ms: 1 },
      { kind: 'tick', ms: 1 },
      { kind: 'tick', ms: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('what a cursor that leads back shows again is not taken for new by another gateway', t =>
  play({
    seed: 0,
    objects: 9,
    historyMs: 3_600_000,
    order: 'text',
    pageLimit: 3,
    assumeTies: false,
    epoch: '2000',
    cacheMaxBytes: 1,
    newestFirst: false,
    processes: 2,
    limits: [1, 1, 1, 1, 1, 5],
    switches: { nullAtTip: false, modifiedAfterOrder: 'instant', cursorMode: 'A' },
    odd: [],
    operations: [
      { kind: 'add', count: 4 },
      { kind: 'step', client: 5, times: 2 },
      { kind: 'fault', fault: { kind: 'loop-cursor', match: '/objects' }, times: 1 },
      { kind: 'add', count: 1 },
      { kind: 'step', client: 5, times: 1 },
      { kind: 'evict' },
      { kind: 'edit', which: 0 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'edit', which: 0 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('equal times that move up while the end of a page is looked for are not cut apart', t =>
  play({
    ...usual,
    objects: 46,
    pageLimit: 9,
    newestFirst: false,
    processes: 2,
    limits: [1, 1, 1, 1, 1, 17, 1, 1],
    switches: { ...switches, nullAtTip: false },
    odd: [{ time: 'future', byOwnTime: false, at: 0 }],
    items: [],
    operations: [
      { kind: 'ties', count: 6 },
      { kind: 'tick', ms: 1_000_000 },
      { kind: 'remove', which: 0 },
      { kind: 'add', count: 5 },
      { kind: 'restart' },
      { kind: 'tick', ms: 1 },
      { kind: 'step', client: 5, times: 2 },
      { kind: 'late', count: 3, hiddenForMs: 1 },
      { kind: 'edit', which: 781 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('a page newest first that comes with fewer objects the second time leaves no hole', t =>
  play({
    ...usual,
    newestFirst: true,
    processes: 1,
    limits: [1, 1, 1, 1, 1, 1, 1, 1],
    switches: { ...switches, nullAtTip: 'last-page' },
    items: [{ item: 'huge', at: 0 }],
    operations: [
      { kind: 'step', client: 0, times: 1 },
      { kind: 'tick', ms: 1 },
      { kind: 'evict' },
      { kind: 'unreadable', item: 'nan' },
      { kind: 'edit', which: 0 },
      { kind: 'late', count: 1, hiddenForMs: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('what is read again reaches further down than the page of a later chain did', t =>
  play({
    ...usual,
    seed: 17,
    objects: 15,
    historyMs: 40 * 86_400_000,
    order: 'instant',
    pageLimit: 9,
    cacheMaxBytes: 20_000,
    limits: [4, 3, 19, 20, 6, 3, 2, 5],
    switches: {},
    odd: [
      { time: 'leap-second', byOwnTime: true, at: 0.28 },
      { time: 'over-precise', byOwnTime: false, at: 0.406 }
    ],
    operations: [
      { kind: 'unreadable', item: 'array-item' },
      { kind: 'late', count: 1, hiddenForMs: 16 },
      { kind: 'together', meanwhile: 'add' },
      { kind: 'restart' },
      { kind: 'odd', time: 'before-1970', byOwnTime: true }
    ],
    processes: 2,
    apart: true,
    maxBodyBytes: 0,
    patienceMs: 0
  }).then(() => t.pass('every client has everything'))
)

t.test('a place in a log without an order is none in another log', t =>
  play({
    ...usual,
    seed: 767_179,
    objects: 11,
    historyMs: 40 * 86_400_000,
    pageLimit: 50,
    assumeTies: false,
    cacheMaxBytes: 16_000_000,
    limits: [6, 9, 20, 20, 5, 4, 17, 18],
    switches: { describedOrder: 'none' },
    operations: [
      { kind: 'together', meanwhile: 'add' },
      { kind: 'add', count: 6 },
      { kind: 'late', count: 1, hiddenForMs: 116_862 },
      { kind: 'late', count: 2, hiddenForMs: 168_648 },
      { kind: 'late', count: 3, hiddenForMs: 238_624 },
      { kind: 'ties', count: 2 },
      { kind: 'tick', ms: 299_000 },
      { kind: 'step', client: 0, times: 4 },
      { kind: 'odd', time: 'offset', byOwnTime: true }
    ],
    processes: 2,
    apart: true,
    maxBodyBytes: 0,
    patienceMs: 0
  }).then(() => t.pass('every client has everything'))
)

t.test('history is dated behind what a process before told and could not write down', t =>
  play({
    ...usual,
    newestFirst: false,
    cacheMaxBytes: 20_000,
    limits: [1, 1, 4, 1, 1, 1, 1, 1],
    switches: { ...switches, nullAtTip: false },
    operations: [
      { kind: 'late', count: 1, hiddenForMs: 60_003 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'store-fails', calls: 3 },
      { kind: 'tick', ms: 60_000 },
      { kind: 'step', client: 2, times: 3 },
      { kind: 'step', client: 0, times: 1 },
      { kind: 'burst', fault: { kind: 'status', status: 503, match: '/objects' }, ms: 1 },
      { kind: 'crash' },
      { kind: 'late', count: 1, hiddenForMs: 1 },
      { kind: 'tick', ms: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

t.test('a place that a chain has dated is read in that chain, whatever time a gateway has', t =>
  playClocks({
    ...ofClocks,
    seed: 636_272,
    objects: 40,
    gateways: 2,
    limits: [20, 1, 5, 16, 7, 20],
    skewsMs: [400 * 86_400_000, 3 * 86_400_000],
    operations: [
      { kind: 'step', client: 5, times: 1 },
      { kind: 'date', date: 'clock' },
      { kind: 'add', count: 1 },
      { kind: 'step', client: 3, times: 2 },
      { kind: 'date', date: 'none' },
      { kind: 'clock', gateway: 0, skewMs: 90_000 },
      { kind: 'step', client: 3, times: 1 }
    ]
  }).then(() => t.pass('every client has everything'))
)

const dayMs = 86_400_000

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
