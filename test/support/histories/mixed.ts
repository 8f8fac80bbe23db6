import fc from 'fast-check'
import { oddItems } from '../../../src/demo/corpus/odd.ts'
import type { Fault } from '../../../src/demo/faults.ts'
import {
  at,
  begin,
  faultKinds,
  type History,
  type Operation,
  odd,
  parallel,
  relookSeconds,
  shifted
} from './history.ts'
import { hasRedis } from './stores.ts'

/** Histories in which everything happens: all times, items, faults, stores, orders and ways to end a process. */

const match = '/objects'

/** What clients that give up a run are promised to be spared, for as long as a burst lasts (CLIENT-7, R1 and R2). */
const passingFaults: readonly Fault[] = [
  { kind: 'status', status: 503, match },
  { kind: 'status', status: 500, match },
  { kind: 'status', status: 429, match },
  { kind: 'status', status: 429, retryAfterSeconds: 4, match },
  { kind: 'reset', afterBytes: 0, match },
  { kind: 'reset', match }
]

const otherFaults: readonly Fault[] = [
  ...faultKinds.map(kind => ({ kind, match })),
  { kind: 'stall', match },
  { kind: 'status', status: 302, location: 'http://127.0.0.1:1/login', match },
  { kind: 'null', match }
]

/** Sekoia refuses cursors that it gave. */
const refusedCursors = [400, 404, 410, 422].map(
  status => ({ kind: 'status', status, match: 'cursor=' }) as const
)

/** What is large is so by the size of answers, below. */
const brokenItems = oddItems.filter(item => item !== 'huge')

type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<unknown> }

const of = (
  weight: number,
  kinds: readonly Operation['kind'][],
  members: Record<string, fc.Arbitrary<unknown>> = {}
): Weighted => ({
  weight,
  arbitrary: fc.record({ kind: fc.constantFrom(...kinds), ...members })
})

const count = (max: number) => fc.integer({ min: 1, max })

const upstream: readonly Weighted[] = [
  of(4, ['edit', 'edit', 'revoke', 'remove'], { which: fc.nat(1000) }),
  of(3, ['add', 'ties'], { count: count(6) }),
  of(2, ['late'], { count: count(3), hiddenForMs: count((relookSeconds - 1) * 1000) }),
  of(2, ['odd'], odd),
  of(1, ['shifted'], shifted),
  of(2, ['unreadable'], { item: fc.constantFrom(...brokenItems, 'huge', 'huge') })
]

const troubles: readonly Weighted[] = [
  of(2, ['fault'], { fault: fc.constantFrom(...otherFaults), times: count(3) }),
  of(1, ['fault'], { fault: fc.constantFrom(...refusedCursors), times: count(9) }),
  of(2, ['burst'], { fault: fc.constantFrom(...passingFaults), ms: count(15_000) }),
  of(1, ['outage'], { ms: count(400_000) }),
  of(1, ['revoked', 'trespass']),
  of(1, ['store-fails'], { calls: count(8) })
]

const ends: readonly Weighted[] = [
  of(3, ['restart', 'crash', 'evict']),
  of(1, ['wipe', 'forget']),
  of(1, ['backup', 'restore'])
]

const clients: readonly Weighted[] = [
  of(10, ['step'], { client: fc.nat(7), times: count(4) }),
  of(1, ['begin'], begin),
  of(3, ['together'], {
    meanwhile: fc.constantFrom('nothing', 'edit', 'add', 'restart', 'crash')
  }),
  of(4, ['tick'], {
    ms: fc.constantFrom(1, 999, 2000, 11_000, 60_000, 299_000, 301_000, 1_000_000)
  })
]

const operation = fc.oneof(...clients, ...upstream, ...troubles, ...ends) as fc.Arbitrary<Operation>

const places = (stores: readonly NonNullable<History['store']>[]) =>
  fc.constantFrom(
    ...stores.flatMap(store => [1, 2].map(processes => ({ store, processes, apart: false }))),
    { store: 'memory' as const, processes: 2, apart: true }
  )

const common = {
  ...{ seed: fc.nat(1_000_000), objects: fc.integer({ min: 10, max: 50 }) },
  historyMs: fc.constantFrom(3_600_000, 86_400_000, 40 * 86_400_000, 40 * 86_400_000),
  order: fc.constantFrom('text', 'instant'),
  newestFirst: fc.boolean(),
  /** Longer than a group of equal times. */
  pageLimit: fc.constantFrom(7, 9, 50),
  assumeTies: fc.constant(true),
  epoch: fc.constant('2000'),
  parallel,
  cacheMaxBytes: fc.constantFrom(1, 20_000, 16_000_000),
  /** The smallest still holds a group of equal times. */
  maxBodyBytes: fc.constantFrom(16_000, 200_000),
  stranger: fc.boolean(),
  patienceMs: fc.constant(20_000),
  limits: fc.array(count(20), { minLength: 8, maxLength: 8 }),
  switches: fc.record({
    cursorMode: fc.constantFrom('A', 'B'),
    cursorLifetimeMs: fc.constantFrom(0, 0, 600_000),
    nullAtTip: fc.constantFrom(false, 'empty-page', 'last-page'),
    modifiedAfterOrder: fc.constantFrom('instant', 'text'),
    describedOrder: fc.constantFrom('right', 'right', 'none'),
    gzip: fc.boolean()
  }),
  odd: fc.array(fc.record({ ...odd, at }), { maxLength: 4 }),
  shifted: fc.array(fc.record({ ...shifted, at }), { maxLength: 3 }),
  items: fc.array(fc.record({ item: fc.constantFrom(...brokenItems, 'huge'), at }), {
    maxLength: 3
  }),
  operations: fc.array(operation, { minLength: 5, maxLength: 40 })
}

/** On stores of these kinds, and on gateways that share none. */
export const mixedOf = (stores: readonly NonNullable<History['store']>[]): fc.Arbitrary<History> =>
  fc
    .record({ ...common, place: places(stores) })
    .map(({ place, ...history }) => ({ ...history, ...place }) as unknown as History)

/** SQLite and Redis cost more than memory. */
export const mixedHistories = mixedOf([
  'memory',
  'memory',
  'sqlite',
  ...(hasRedis ? (['redis'] as const) : [])
])
