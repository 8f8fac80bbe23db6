import t, { type Test } from 'tap'
import { type Simulator, startSimulator } from '../../src/demo/simulator.ts'
import { type GatewayProcess, startGateway } from '../support/gateway-process.ts'
import { bodyText, type FetchFeed } from '../support/misp/feed-client.ts'
import { type Ask, asking, download, fetching, uuidsOf } from '../support/misp/http.ts'
import { MispInstance } from '../support/misp/instance.ts'
import { OpenCti } from '../support/misp/opencti.ts'
import { refused } from '../support/misp/refusal.ts'
import { liveUpstream } from '../support/misp-sync.ts'
import { type RedisServer, startRedis, until } from '../support/redis.ts'

/** Gateway processes that build and serve the MISP events of one feed on one Redis. */

t.setTimeout(400_000)
t.jobs = 4

interface Group {
  readonly simulator: Simulator
  readonly gateways: readonly GatewayProcess[]
  /** Requests to each of them. */
  readonly asks: readonly Ask[]
}

async function start(
  t: Test,
  redis: RedisServer,
  { count = 2, objects = 600 }: { readonly count?: number; readonly objects?: number } = {}
): Promise<Group> {
  const simulator = await startSimulator({ objects, historyDays: 30, bloat: false })
  t.teardown(() => simulator.close())
  const env = {
    SEKOIA_URL: simulator.url,
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    REDIS_TIMEOUT_MS: '1000',
    ACCESS_SECRET: 'the same on every gateway of the group',
    FEED_LOG_TIP_SECONDS: '1',
    MISP_PUBLISH_SECONDS: '5',
    MISP_WALK_SECONDS: '0'
  }
  const gateways = await Promise.all(Array.from({ length: count }, () => startGateway(t, env)))
  return { simulator, gateways, asks: gateways.map(({ url }) => asking(t, url, simulator.key)) }
}

/** How often each of them has published. */
const publications = (group: Group): Promise<number[]> =>
  Promise.all(
    group.asks.map(async ask => {
      const { text } = await ask('/metrics')
      return Number(/misp_publications_total (\d+)/.exec(text)?.[1] ?? 0)
    })
  )

const seconds = () => Math.floor(Date.now() / 1000)

/** Requests as through a balancer: each one goes to another gateway. */
function balanced(asks: readonly Ask[]): Ask {
  let requests = 0
  return (path, options) => asks[requests++ % asks.length]!(path, options)
}

/** Epoch seconds by uuid. */
const timesOf = (manifest: string): Map<string, number> =>
  new Map(
    Object.entries<{ timestamp: string }>(JSON.parse(manifest)).map(([uuid, { timestamp }]) => [
      uuid,
      Number(timestamp)
    ])
  )

/**
 * Looks at what is fetched, and notes what is not as a client may rely on it: a timestamp is of one event for all
 * time, and an event is there and no older than the manifest said that was fetched before it, whoever answers
 * (INV-4, INV-5 and INV-12).
 */
function audited(fetch: FetchFeed): { readonly fetch: FetchFeed; readonly problems: string[] } {
  const problems: string[] = []
  const owners = new Map<number, string>()
  let listed = new Map<string, number>()
  const note = (text: string) => {
    listed = timesOf(text)
    for (const [uuid, timestamp] of listed) {
      const owner = owners.get(timestamp) ?? uuid
      if (owner !== uuid) problems.push(`${uuid} and ${owner} have the timestamp ${timestamp}`)
      owners.set(timestamp, owner)
    }
  }
  return {
    problems,
    async fetch(path, headers) {
      const answer = await fetch(path, headers)
      if (answer.status === 304) return answer
      if (answer.status !== 200) problems.push(`${path}: ${answer.status}`)
      else if (path === '/manifest.json') note(bodyText(answer))
      else {
        const { uuid, timestamp } = JSON.parse(bodyText(answer)).Event
        const wanted = listed.get(uuid) ?? 0
        if (Number(timestamp) < wanted) problems.push(`${path}: ${timestamp} is before ${wanted}`)
      }
      return answer
    }
  }
}

const differs = (misp: MispInstance, simulator: Simulator): boolean => {
  const upstream = liveUpstream(simulator)
  const local = misp.liveToIds()
  return upstream.size !== local.size || [...upstream].some(value => !local.has(value))
}

t.test('one of two builds; both serve the same bytes under the same tags', async t => {
  const group = await start(t, await startRedis(t))
  const [one, other] = group.asks as [Ask, Ask]
  const manifests = await Promise.all(group.asks.map(ask => ask('/misp/manifest.json')))
  for (const manifest of manifests) t.ok(uuidsOf(manifest).length > 20)
  t.strictSame((await publications(group)).sort(), [0, 1])
  const paths = [...(await download(one, '/misp')).keys()].map(file => `/misp/${file}`)
  for (const path of paths) {
    const [a, b] = await Promise.all([one(path), other(path)])
    t.ok(a.body.equals(b.body), path)
    t.equal(a.headers['etag'], b.headers['etag'], path)
    const held = { 'if-none-match': a.headers['etag'] }
    t.equal((await other(path, { headers: held })).status, 304)
  }
})

t.test('one that was never asked for the feed serves it as well', async t => {
  const group = await start(t, await startRedis(t))
  const [one, other] = group.asks as [Ask, Ask]
  const files = await download(one, '/misp')
  await group.simulator.refuse()
  t.strictSame(await download(other, '/misp'), files)
})

t.test('a MISP and an OpenCTI that ask them in turn miss nothing, whoever builds', async t => {
  const group = await start(t, await startRedis(t), { count: 3, objects: 100 })
  const { simulator, asks } = group
  const { fetch, problems } = audited(fetching(balanced(asks), '/misp'))
  const misp = new MispInstance({ fetch, now: seconds })
  const openCti = new OpenCti({ fetch, now: seconds, importFrom: 0 })
  for (let round = 0; round < 4; round++) {
    await until(async () => {
      await misp.pull()
      await openCti.run()
      return !differs(misp, simulator) && openCti.lost.length === 0
    })
    t.strictSame(problems, [])
    t.strictSame(openCti.collisions, [])
    const indicators = simulator.visible().filter(({ type }) => type === 'indicator')
    for (const { id } of indicators.slice(-2)) simulator.revoke(id)
    simulator.add(20)
  }
})

t.test('the death of the builder in a first build lets another one take over', async t => {
  const group = await start(t, await startRedis(t), { objects: 9000 })
  const { simulator, gateways } = group
  const [one, other] = group.asks as [Ask, Ask]
  simulator.faults.rate({ kind: 'slow', delayMs: 3000, match: 'cursor' })
  const lost = one('/misp/manifest.json')
  await until(() => simulator.calls.some(({ query }) => 'cursor' in query))
  const [, killed] = await Promise.all([t.rejects(lost), gateways[0]!.kill()])
  t.equal(killed.code, null)
  simulator.faults.clear()
  await other('/misp/manifest.json')
  await until(async () => /"status":"in sync"/.test((await other('/misp/')).text))
  const misp = new MispInstance({ fetch: fetching(other, '/misp'), now: seconds })
  await misp.pull()
  t.notOk(differs(misp, simulator))
})

t.test(
  'one that dies in a later round leaves what is published, and another one goes on',
  async t => {
    const group = await start(t, await startRedis(t), { objects: 3000 })
    const { simulator, gateways } = group
    const [one, other] = group.asks as [Ask, Ask]
    const files = await download(one, '/misp')
    const pages = () => simulator.calls.filter(({ path }) => path.endsWith('/objects')).length
    simulator.add(200)
    simulator.faults.rate({ kind: 'slow', delayMs: 5000, match: 'cursor' })
    const before = pages()
    await until(() => pages() > before)
    await gateways[0]!.kill()
    t.strictSame(await download(other, '/misp'), files)
    simulator.faults.clear()
    const misp = new MispInstance({ fetch: fetching(other, '/misp'), now: seconds })
    await until(async () => {
      await misp.pull()
      return !differs(misp, simulator)
    })
    t.notOk(differs(misp, simulator))
    const past = timesOf(files.get('manifest.json')!)
    const newest = Math.max(...past.values())
    const issued = [...timesOf((await other('/misp/manifest.json')).text)].filter(
      ([uuid, timestamp]) => past.get(uuid) !== timestamp
    )
    t.ok(issued.length > 0)
    for (const [uuid, timestamp] of issued) t.ok(timestamp > newest, `${uuid} is newer than all`)
  }
)

t.test(
  'with Redis down, what was asked for before is served; it comes back from Sekoia',
  async t => {
    const redis = await startRedis(t)
    const { asks, simulator } = await start(t, redis, { count: 1 })
    const [ask] = asks as [Ask]
    const [asked, never] = uuidsOf(await ask('/misp/manifest.json'))
    const paths = ['/misp/manifest.json', '/misp/hashes.csv', `/misp/${asked}.json`]
    const before = await Promise.all(paths.map(path => ask(path)))
    await redis.kill()
    for (const [n, path] of paths.entries()) {
      const answer = await ask(path)
      t.equal(answer.status, 200, path)
      t.ok(answer.body.equals(before[n]!.body), path)
    }
    const text = refused(t, await ask(`/misp/${never}.json`), 503, {
      name: 'an event that nobody asked for',
      key: simulator.key
    })
    t.match(text, /store/)
    await redis.start()
    await until(async () => (await ask(`/misp/${never}.json`)).status === 200)
    const misp = new MispInstance({ fetch: fetching(ask, '/misp'), now: seconds })
    await until(async () => {
      await misp.pull()
      return !differs(misp, simulator)
    })
    t.notOk(differs(misp, simulator))
  }
)
