import t, { type Test } from 'tap'
import { FeedLogs } from '../../src/feedlog/logs.ts'
import { type Clock, silentMeter } from '../../src/kernel/ports.ts'
import { newestVersions, type ReadRequest } from '../../src/kernel/records.ts'
import { buildGateway } from '../support/app.ts'
import { failure } from '../support/failure.ts'
import { defaultFeed, logSettings, rightsOf } from '../support/gateway.ts'
import { callerOf, clientOf } from '../support/sekoia-client.ts'
import { queryText, stepOf, truth } from '../support/walks.ts'
import { onPageCalls, pageCalls, storeWith, worldOf } from '../support/worlds.ts'

/** N clients that ask for the same cause one upstream call, and none can take it from the others (G8). */

const clients = 64
const many = <T>(make: () => Promise<T>) => Promise.all(Array.from({ length: clients }, make))

const queries = [
  {},
  { limit: 10 },
  { 'match[type]': 'indicator' },
  { added_after: '2025-12-20T00:00:00Z' },
  { limit: 30, 'match[version]': 'all' }
]

for (const query of queries) {
  const path = `objects/?${queryText(query)}`
  t.test(`${clients} first requests for ${path} cause as many page calls as one`, async t => {
    const alone = await worldOf(t, { logs: { pageLimit: 7 } })
    const expected = stepOf(await alone.get(path))
    const together = await worldOf(t, { logs: { pageLimit: 7 } })
    for (const answer of await many(() => together.get(path)))
      t.same(stepOf(answer).keys, expected.keys)
    await Promise.all([alone.restart(), together.restart()])
    t.equal(pageCalls(together), pageCalls(alone))
  })
}

t.test(`${clients} first requests cause as many calls of any kind as one`, async t => {
  const callsOf = async (requests: number): Promise<number> => {
    const world = await worldOf(t)
    await Promise.all(Array.from({ length: requests }, () => world.get('objects/')))
    return world.simulator.calls.length
  }
  t.equal(await callsOf(clients), await callsOf(1))
})

t.test(`${clients} polls at a tip that is due cause one page call`, async t => {
  const world = await worldOf(t)
  const { lastDate } = stepOf(await world.get('objects/'))
  const added = world.simulator.add(3)
  world.simulator.clock.advance(11_000)
  pageCalls(world)
  const answers = await many(() => world.get(`objects/?added_after=${lastDate}`))
  const calls = pageCalls(world)
  await world.get(`objects/?added_after=${lastDate}`)
  for (const answer of answers) t.same(stepOf(answer).ids, added)
  t.ok(calls <= 2, 'the page, and the one that confirms the end')
})

t.test(`${clients} requests for a body that was evicted read it again once`, async t => {
  const world = await worldOf(t, { store: storeWith({ bodyMaxBytes: 1 }) })
  await world.get('objects/')
  await world.restart()
  world.simulator.calls.length = 0
  const answers = await many(() => world.get('objects/?limit=50'))
  for (const answer of answers) t.equal(stepOf(answer).ids.length, 50)
  const asked = world.simulator.calls
    .filter(({ path }) => path.endsWith('/objects'))
    .map(({ query }) => JSON.stringify(query))
  t.same(asked, [...new Set(asked)], 'no call is made twice')
  t.equal(asked.length, 3, 'the key’s rights, the page, and the one that confirms its end')
})

t.test(`a key that is due for a check is checked once for ${clients} requests`, async t => {
  const world = await worldOf(t)
  await world.get('objects/')
  world.simulator.clock.advance(600_000)
  await world.restart()
  pageCalls(world)
  await many(() => world.get('objects/?limit=1'))
  t.ok(pageCalls(world) <= 2)
})

t.test(
  'a shared call that fails, fails for all who wait for it, and the next request starts anew',
  async t => {
    const world = await worldOf(t)
    world.simulator.faults.once({ kind: 'status', status: 503, match: '/objects' }, 1)
    const answers = await many(() => world.get('objects/'))
    t.ok(answers.every(({ status }) => status === 503 || status === 200))
    t.same(stepOf(await world.get('objects/')).keys, truth(world))
  }
)

/** Feed logs over a simulator that takes a moment for the first page; `asked` resolves when it was asked for. */
async function slowLogs(t: Test) {
  const world = await worldOf(t)
  const clock: Clock = { now: () => world.clock.now(), sleep: async () => {} }
  const asked = Promise.withResolvers<void>()
  onPageCalls(world, call => {
    asked.resolve()
    return call === 1 ? { kind: 'slow', delayMs: 30 } : undefined
  })
  const store = storeWith()
  const upstream = clientOf(t, world.simulator.url, { clock })
  const rights = rightsOf({ upstream, clock, store, meter: silentMeter }, logSettings)
  const logs = new FeedLogs({
    upstream: rights.upstream,
    store,
    clock,
    meter: silentMeter,
    settings: logSettings
  })
  t.teardown(() => logs.close())
  const caller = callerOf('one')
  world.simulator.putKey(caller.key.reveal())
  const request = (signal?: AbortSignal): ReadRequest => ({
    caller,
    feedId: defaultFeed,
    types: [],
    addedAfter: undefined,
    position: undefined,
    filter: newestVersions,
    limit: 100,
    maxBytes: 16_000_000,
    continues: false,
    ...(signal && { signal })
  })
  return { world, logs: rights.guard(logs), request, asked: asked.promise }
}

t.test('a client that goes away does not cancel the work that others wait for', async t => {
  const { world, logs, request, asked } = await slowLogs(t)
  const leaving = new AbortController()
  const gone = logs.read(request(leaving.signal))
  const staying = [logs.read(request()), logs.read(request(new AbortController().signal))]
  await asked
  leaving.abort()
  await t.rejects(gone, failure('unavailable'))
  for (const { records } of await Promise.all(staying)) t.equal(records.length, 60)
  t.ok(pageCalls(world) <= 2)
})

t.test('the work of a client that went away is there for the next one', async t => {
  const { world, logs, request, asked } = await slowLogs(t)
  const leaving = new AbortController()
  const gone = logs.read(request(leaving.signal))
  await asked
  leaving.abort()
  await t.rejects(gone, failure('unavailable'))
  const { records } = await logs.read(request())
  t.equal(records.length, 60)
  const whole = world.simulator.calls.filter(({ query }) => query['limit'] === '2000')
  t.equal(whole.length, 2, 'the page, and the one that confirms the end')
})

t.test('a client that has gone before its work began is not waited for', async t => {
  const { logs, request } = await slowLogs(t)
  await t.rejects(logs.read(request(AbortSignal.abort())), failure('unavailable'))
})

t.test(
  'over a real connection: who hangs up leaves the others their answer, and is logged as gone',
  async t => {
    const gateway = await buildGateway(t)
    const url = `${await gateway.listen()}/sekoia/collections/${defaultFeed}/objects/`
    const headers = { authorization: `Bearer ${gateway.simulator.key}` }
    gateway.simulator.faults.rate({ kind: 'slow', delayMs: 50, match: '/objects' })
    const leaving = new AbortController()
    const gone = fetch(url, { headers, signal: leaving.signal })
    const staying = fetch(url, { headers })
    setTimeout(() => leaving.abort(), 20)
    await t.rejects(gone, { name: 'AbortError' })
    const answer = await staying
    t.equal(((await answer.json()) as { objects: unknown[] }).objects.length, 60)
    t.ok(gateway.lines.some(({ status }) => status === 499))
  }
)
