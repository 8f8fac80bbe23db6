/** How long does a request for a page take while Redis is slow, hangs or is away, and how soon is it used again? */
import { startDelayingProxy } from '../test/support/delaying-proxy.ts'
import { type RedisServer, startRedis, startRedisCluster } from '../test/support/redis.ts'
import { getPage, key, readCounter } from './support/clients.ts'
import { type Running, startGateway, startSimulator, temporaryDir } from './support/processes.ts'
import { percentile, publish, type Row, round } from './support/report.ts'

const [objects, limit, requests, timeoutMs] = [10_000, 200, 100, 2000]

const ends: (() => Promise<void>)[] = []
const scope = { teardown: (end: () => Promise<void>) => void ends.unshift(end) }
const simulator = await startSimulator(objects, key)

/** Some requests, one after the other, each for a page at another place. */
async function ask({ url }: Running, count: number): Promise<number[]> {
  const taken: number[] = []
  for (let i = 0; i < count; i++) {
    const year = 2019 + (i % 7)
    const month = String(1 + (i % 12)).padStart(2, '0')
    const query = `limit=${limit}&added_after=${year}-${month}-01T00:00:00Z`
    taken.push((await getPage(url, query)).ms)
  }
  return taken
}

async function measure(
  name: string,
  env: Readonly<Record<string, string>>,
  trouble: { begin(): unknown; end(): unknown }
): Promise<Row> {
  const gateway = await startGateway({
    upstream: simulator,
    dataDir: temporaryDir(),
    env: {
      ...env,
      ACCESS_SECRET: 'the same at every start of this bench',
      REDIS_TIMEOUT_MS: String(timeoutMs),
      CACHE_MAX_BYTES: String(1024 * 1024),
      FEED_LOG_TIP_SECONDS: '3600'
    }
  })
  await getPage(gateway.url, 'limit=10000')
  const calm = await ask(gateway, requests)
  await trouble.begin()
  const [first, ...others] = await ask(gateway, requests)
  await trouble.end()
  const endedAt = performance.now()
  const before = await readCounter(gateway.url, 'segments_loaded', 'from="store"')
  while ((await readCounter(gateway.url, 'segments_loaded', 'from="store"')) === before) {
    await ask(gateway, 12)
  }
  const backMs = performance.now() - endedAt
  await gateway.stop()
  return {
    trouble: name,
    'p50 calm': round(percentile(calm, 0.5), 1),
    'p99 calm': round(percentile(calm, 0.99), 1),
    'first request': round(first!),
    'p50 of the others': round(percentile(others, 0.5), 1),
    'p99 of the others': round(percentile(others, 0.99), 1),
    'used again after': round(backMs)
  }
}

async function single(
  name: string,
  trouble: (redis: RedisServer, proxy: { delayMs: number }) => { begin(): unknown; end(): unknown }
): Promise<Row> {
  const redis = await startRedis(scope, ['--appendonly', 'yes', '--appendfsync', 'always'])
  const proxy = await startDelayingProxy(scope, redis.port)
  return measure(name, { REDIS_URL: `redis://127.0.0.1:${proxy.port}` }, trouble(redis, proxy))
}

/** A Cluster of which the node with the log's pages gets into trouble. */
async function cluster(
  name: string,
  begin: 'kill' | 'pause',
  end: 'start' | 'resume'
): Promise<Row> {
  const nodes = await startRedisCluster(scope)
  const url = `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`)}`
  let holder: RedisServer | undefined
  return measure(
    name,
    { REDIS_URL: url, REDIS_MODE: 'cluster' },
    {
      async begin() {
        holder = await nodeWithPages(nodes)
        await holder[begin]()
      },
      end: () => holder?.[end]()
    }
  )
}

async function nodeWithPages(nodes: readonly RedisServer[]): Promise<RedisServer> {
  for (const node of nodes)
    if (((await node.call('KEYS', '*:body:*')) as string[]).length > 0) return node
  throw new Error('no node has a page')
}

const late = (proxy: { delayMs: number }, ms: number) => ({
  begin: () => {
    proxy.delayMs = ms
  },
  end: () => {
    proxy.delayMs = 0
  }
})

const rows = [
  await single('one server, killed', redis => ({ begin: redis.kill, end: redis.start })),
  await single('one server, hangs', redis => ({ begin: redis.pause, end: redis.resume })),
  await single('one server, 1.5 s late', (_, proxy) => late(proxy, 1500)),
  await single('one server, 5 s late', (_, proxy) => late(proxy, 5000)),
  await cluster('the node of a Cluster that has the log, killed', 'kill', 'start'),
  await cluster('the node of a Cluster that has the log, hangs', 'pause', 'resume')
]
for (const end of ends) await end()
await simulator.stop()

const worst = Math.max(...rows.map(row => Number(row['first request'])))
publish({
  question: `Requests for pages that Redis holds and memory does not, while Redis is in trouble: the first may take twice \`REDIS_TIMEOUT_MS\` (${timeoutMs} ms) at most, the others are answered as without Redis.`,
  tables: {
    [`${worst <= 2 * timeoutMs ? 'Held' : 'NOT HELD'}: the slowest first request took ${worst} ms`]:
      rows
  },
  notes: [
    `${requests} requests one after the other for ${limit} of ${objects.toLocaleString('en')} objects, in memory no more than 1 MiB: what Redis does not give is read from Sekoia again. Milliseconds.`,
    'Used again: from the end of the trouble until a page came from Redis.',
    'The node of the Cluster that was killed comes back with nothing: then it is used again once a page was stored anew.'
  ]
})
