import t from 'tap'
import { play as playClocks } from '../support/histories/clocks.ts'
import { ofClocks, plain, switches, usual } from '../support/histories/found-bases.ts'
import { play } from '../support/histories/play.ts'
import { play as playSweeps } from '../support/histories/sweep.ts'

/** Histories of which clients once got too much or too little, as small as they could be made (npm run histories). */

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
