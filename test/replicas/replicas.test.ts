import t, { type Test } from 'tap'
import { type Simulator, startSimulator } from '../../src/demo/simulator.ts'
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts'
import { HttpWalker } from '../support/http-walker.ts'
import { startRedis, until } from '../support/redis.ts'

/** Four gateway processes on one Redis, as behind a balancer. */

t.setTimeout(300_000)

const objects = 6000
const pageLimit = 500
const redis = await startRedis(t)

/** Every group of gateways has a Redis of its own, as far as it can tell. */
let groups = 0
async function start(t: Test, count: number, more: Readonly<Record<string, string>> = {}) {
  const simulator = await startSimulator({ objects, bloat: false })
  t.teardown(() => simulator.close())
  const env = {
    SEKOIA_URL: simulator.url,
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    REDIS_KEY_PREFIX: `group${++groups}:`,
    ACCESS_SECRET: 'the same on every gateway of the group',
    FEED_LOG_PAGE_LIMIT: `${pageLimit}`,
    // The end is confirmed once, however long the walk takes.
    FEED_LOG_TIP_SECONDS: '3600',
    ...more
  }
  const gateways = await Promise.all(Array.from({ length: count }, () => startGateway(t, env)))
  return { simulator, gateways }
}

const walkers = (simulator: Simulator, count: number) =>
  Array.from({ length: count }, () => new HttpWalker({ key: simulator.key, limit: 300 }))

/** Calls for pages of the feed, and those that only ask whether the key may read it. */
function pageCalls({ calls }: Simulator) {
  const all = calls.filter(({ path }) => path.endsWith('/objects'))
  const checks = all.filter(({ query }) => query['limit'] === '1')
  return { pages: all.length - checks.length, checks: checks.length }
}

async function callsOfOneGateway(t: Test, more: Parameters<typeof start>[2] = {}): Promise<number> {
  const { simulator, gateways } = await start(t, 1, more)
  const [walker] = walkers(simulator, 1)
  await walker!.walk(() => gateways[0]!.url)
  t.equal(walker!.lacks(simulator), 0)
  const { pages } = pageCalls(simulator)
  t.ok(pages >= objects / pageLimit)
  return pages
}

async function allWalk(
  t: Test,
  choose: (gateways: readonly GatewayProcess[], walker: number, step: number) => GatewayProcess
) {
  const { simulator, gateways } = await start(t, 4)
  const clients = walkers(simulator, 64)
  await Promise.all(clients.map((walker, i) => walker.walk(step => choose(gateways, i, step).url)))
  t.ok(clients.every(walker => walker.lacks(simulator) === 0))
  t.ok(
    clients.every(walker => walker.count === objects),
    'nothing comes twice'
  )
  const { pages, checks } = pageCalls(simulator)
  t.equal(pages, await callsOfOneGateway(t), 'Sekoia is asked for no page more than by one')
  t.ok(checks <= gateways.length, 'each gateway checks the key at most once')
}

t.test('64 clients of four gateways cost Sekoia what one client of one gateway costs', t =>
  allWalk(t, (gateways, walker) => gateways[walker % gateways.length]!)
)

t.test('the same when each client changes the gateway with every page', t =>
  allWalk(t, (gateways, walker, step) => gateways[(walker + step) % gateways.length]!)
)

/** A walk of which one gateway reads a part, and is killed in the midst of it. Resolves with the calls for pages. */
async function walkWithKill(t: Test, more: Parameters<typeof start>[2] = {}) {
  const { simulator, gateways } = await start(t, 4, more)
  const [victim, ...others] = gateways
  const clients = walkers(simulator, 64)
  await Promise.all(clients.map(walker => walker.step(victim!.url)))
  await until(() => simulator.calls.every(({ status }) => status !== 0))
  simulator.faults.once({ kind: 'slow', delayMs: 600_000, match: '/objects' })
  const lost = Promise.allSettled(clients.map(walker => walker.walk(() => victim!.url)))
  await until(() => simulator.faults.waiting === 0)
  await victim!.kill()
  t.ok((await lost).some(({ status }) => status === 'rejected'))
  await Promise.all(
    clients.map((walker, i) => walker.walk(step => others[(i + step) % others.length]!.url))
  )
  t.ok(clients.every(walker => walker.lacks(simulator) === 0))
  return { simulator, pages: pageCalls(simulator).pages }
}

t.test('a gateway that is killed while it reads is waited for, then replaced', async t => {
  const { pages } = await walkWithKill(t)
  t.equal(pages, 1 + (await callsOfOneGateway(t)), 'one page is asked for again')
})

t.test(
  'of a gateway that is killed while it reads at several places, each costs a page at most',
  async t => {
    const small = { FEED_LOG_PAGE_LIMIT: '100', UPSTREAM_BACKFILL_PARALLEL: '4' }
    const { simulator, pages } = await walkWithKill(t, small)
    const asked = simulator.calls.filter(({ query }) => query['limit'] === '100')
    const starts = new Set(asked.flatMap(({ query }) => query['modified_after'] ?? []))
    t.ok(starts.size > 0, 'there was more than one place')
    const one = await callsOfOneGateway(t, { ...small, UPSTREAM_BACKFILL_PARALLEL: '1' })
    const places = 5
    t.ok(pages > one && pages <= one * 1.05 + places, `${pages} calls for ${one}`)
  }
)
