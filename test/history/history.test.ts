import t, { type Test } from 'tap'
import { History } from '../../src/history/history.ts'
import type { HistoryStore } from '../../src/history/kept-history.ts'
import type { Totals } from '../../src/history/recorder.ts'
import { spans } from '../../src/history/spans.ts'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import { createMemoryDocuments } from '../../src/stores/memory-documents.ts'
import { openSqliteDocuments } from '../../src/stores/sqlite-documents.ts'
import { openRedis, redisOptions, startRedis } from '../support/redis.ts'

/** The history of 24 hours and 30 days: exact, shared, bounded, and no trouble to anybody. */

const minute = 60_000
const hour = 60 * minute
const noon = Date.UTC(2026, 0, 15, 12)

const clockAt = (start = noon) => {
  let now = start
  return {
    now: () => now,
    sleep: async () => {},
    advance(ms: number) {
      now += ms
    }
  }
}
type TestClock = ReturnType<typeof clockAt>

const memory = () => createMemoryDocuments({ maxBytes: 1e9 })

interface Options {
  readonly failing?: () => number
  readonly store?: HistoryStore
  readonly clock?: TestClock
  readonly lag?: () => number | undefined
}

function historyOf({
  store = memory(),
  clock = clockAt(),
  lag = () => undefined,
  failing = () => 0
}: Options = {}) {
  const totals = {
    read: 0,
    calls: 0,
    callsFailed: 0,
    callsLimited: 0,
    latency: new Array<number>(11).fill(0)
  } satisfies Totals
  const history = new History({
    store,
    clock,
    lag,
    failing,
    totals: async () => structuredClone(totals)
  })
  const served = (items = 0) => history.recorder.note({ dialect: 'taxii', status: 200, items })
  return { history, totals, served, clock }
}

async function countsOf(history: History, span: 'day' | 'month' = 'day') {
  const { slots, isComplete } = await history.past()
  const sum = (name: 'served' | 'given' | 'read') =>
    slots[span].reduce((all, { counts }) => all + counts[name], 0)
  return { served: sum('served'), given: sum('given'), read: sum('read'), isComplete }
}

t.test('requests count by what became of them; those about the gateway itself do not', async t => {
  const { history } = historyOf()
  const statuses = [200, 206, 304, 400, 404, 401, 403, 500, 503, 499]
  for (const status of statuses) history.recorder.note({ dialect: 'misp', status, items: 1 })
  history.recorder.note({ dialect: 'gateway', status: 200, items: 9 })
  history.recorder.note({ dialect: undefined, status: 200, items: 9 })
  const [slot] = (await history.past()).slots.day
  t.match(slot!.counts, { served: 3, rejected: 2, refused: 2, failed: 2, left: 1, given: 10 })
})

t.test('what the process counts from its start becomes what was counted in each slot', async t => {
  const { history, totals, clock } = historyOf()
  totals.read = 5
  await history.write()
  clock.advance(10 * minute)
  totals.read = 12
  totals.calls = 3
  totals.latency[2] = 3
  const { slots } = await history.past()
  const [first, second] = slots.day.toSorted((a, b) => a.no - b.no)
  t.equal(first!.counts.read, 5)
  t.match(second, { counts: { read: 7, calls: 3 }, latency: { 2: 3 } })
  t.equal(slots.month.length, 1)
  t.equal(slots.month[0]!.counts.read, 12)
})

t.test(
  'of lag and failing feeds the most of a slot counts; no lag where none is followed',
  async t => {
    const lags = [undefined, 3, 90, 4]
    const failing = [0, 1, 2, 0]
    const { history } = historyOf({ lag: () => lags.shift(), failing: () => failing.shift() ?? 0 })
    t.equal((await history.past()).slots.day[0]!.lag, null)
    for (let n = 0; n < 3; n++) await history.write()
    t.match((await history.past()).slots.day, [{ lag: 90, failing: 2 }])
  }
)

const redis = await startRedis(t)
const stores: Readonly<Record<string, (t: Test) => DocumentStore | Promise<DocumentStore>>> = {
  memory,
  async Redis(t) {
    return (await openRedis(t, redisOptions(redis.port))).documents
  },
  SQLite(t) {
    const store = openSqliteDocuments({ dataDir: t.testdir(), clock: clockAt() })
    t.teardown(() => store.close())
    return store
  }
}

for (const [kind, open] of Object.entries(stores))
  t.test(`${kind}: gateways that write at once add up, and none replaces another's`, async t => {
    const store = await open(t)
    const clock = clockAt()
    const gateways = [1, 2, 3].map(() => historyOf({ store, clock }))
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        gateways.map(async ({ history, served }, n) => {
          for (let i = 0; i <= n; i++) served(10)
          await history.write()
        })
      )
      clock.advance(hour)
    }
    for (let twice = 0; twice < 2; twice++)
      await Promise.all(gateways.map(({ history }) => history.write()))
    for (const { history } of gateways) {
      t.match(await countsOf(history), { served: 30, given: 300, isComplete: true })
      t.match(await countsOf(history, 'month'), { served: 30, given: 300 })
    }
    t.equal(gateways[0]!.history.replicas, 3)
    await gateways[2]!.history.close()
    await gateways[0]!.history.write()
    t.equal(gateways[0]!.history.replicas, 2, 'one that ended is no longer there')
    t.match(await countsOf(historyOf({ store, clock }).history), { served: 30 }, 'nor is lost')
  })

/** A store that is away while told so; in doubt it takes a commit and fails all the same. */
function troubled(inner: DocumentStore) {
  let state: 'well' | 'away' | 'in doubt' = 'well'
  const unlessAway = async <T>(work: () => Promise<T>) => {
    if (state === 'away') throw new Error('the store is away')
    return work()
  }
  return {
    become(next: typeof state) {
      state = next
    },
    version: (...args: Parameters<DocumentStore['version']>) =>
      unlessAway(() => inner.version(...args)),
    get: (...args: Parameters<DocumentStore['get']>) => unlessAway(() => inner.get(...args)),
    async *scan(space: string, table: string) {
      await unlessAway(async () => {})
      yield* inner.scan(space, table)
    },
    commit: (...args: Parameters<DocumentStore['commit']>) =>
      unlessAway(async () => {
        const isFirst = await inner.commit(...args)
        if (state === 'in doubt') throw new Error('the answer was lost')
        return isFirst
      })
  }
}

t.test('while the store is away nothing fails, and what was counted is written later', async t => {
  const store = troubled(memory())
  const { history, served, clock } = historyOf({ store })
  await history.past()
  served()
  await history.write()
  store.become('away')
  t.match(await countsOf(history), { served: 1 }, 'what it wrote is told')
  for (let n = 0; n < 3; n++) {
    served()
    await history.write()
    clock.advance(hour)
  }
  t.match(await countsOf(history), { isComplete: false })
  t.ok((await countsOf(history)).served >= 3, 'its own part is told')
  store.become('well')
  await history.write()
  t.match(await countsOf(history), { served: 4, isComplete: true })
  t.match(await countsOf(historyOf({ store, clock }).history), { served: 4 })
})

t.test('a write of which only the answer was lost counts once', async t => {
  const store = troubled(memory())
  const { history, served, clock } = historyOf({ store })
  store.become('in doubt')
  served()
  await history.write()
  t.match(await countsOf(history), { served: 1 })
  store.become('well')
  served()
  await history.write()
  t.match(await countsOf(history), { served: 2 })
  t.match(await countsOf(historyOf({ store, clock }).history), { served: 2 })
})

t.test('a clock that jumps a year ahead and back leaves what was counted before', async t => {
  const { history, served, clock } = historyOf()
  served()
  await history.write()
  const year = 365 * 24 * hour + 20 * minute
  clock.advance(year)
  served()
  await history.write()
  clock.advance(-year)
  served()
  await history.write()
  t.match(await countsOf(history), { served: 2 }, 'the future is not told')
  clock.advance(-3 * hour)
  served()
  t.match(await countsOf(history), { served: 1 }, 'nor what is ahead of a clock set back')
  clock.advance(3 * hour)
  await history.write()
  t.match(await countsOf(history), { served: 3 })
})

t.test('what is older than the span is not told, and makes room for what is new', async t => {
  const { history, served, clock } = historyOf()
  served()
  await history.write()
  clock.advance(24 * hour)
  t.match(await countsOf(history), { served: 0 })
  served(5)
  await history.write()
  t.match(await countsOf(history), { served: 1, given: 5 })
  t.match(await countsOf(history, 'month'), { served: 2, given: 5 })
})

t.test('after 60 days with the largest figures it takes less than 300 kB', async t => {
  const store = memory()
  const { history, totals, clock } = historyOf({ store, lag: () => 9_999_999 })
  for (let n = 0; n < 60 * 24; n++) {
    for (let tenth = 0; tenth < 6; tenth++) {
      history.recorder.note({ dialect: 'taxii', status: 200, items: 999_999_999 })
      totals.read += 999_999_999
      totals.calls += 999_999
      totals.latency = totals.latency.map(count => count + 999_999)
      await history.recorder.sample()
      clock.advance(10 * minute)
    }
    if (n % 24 === 0) await history.write()
  }
  await history.write()
  let bytes = 0
  const documents: Record<string, number> = {}
  for (const table of ['day', 'month', 'writers'])
    for await (const batch of store.scan('history', table))
      for (const { key, value } of batch) {
        bytes += key.length + value.length
        documents[table] = (documents[table] ?? 0) + 1
      }
  t.strictSame(documents, { day: spans.day.slots, month: spans.month.slots, writers: 1 })
  t.ok(bytes < 300_000, `${bytes} bytes`)
  t.comment(`${bytes} bytes`)
})

t.test('gateways that are started again and again leave few traces', async t => {
  const store = memory()
  const clock = clockAt()
  for (let n = 0; n < 150; n++) await historyOf({ store, clock }).history.write()
  let writers = 0
  for await (const batch of store.scan('history', 'writers')) writers += batch.length
  t.equal(writers, 100)
  clock.advance(2 * hour)
  const last = historyOf({ store, clock })
  await last.history.write()
  t.equal(last.history.replicas, 1)
})
