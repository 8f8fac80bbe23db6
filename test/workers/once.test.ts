import t from 'tap'
import { startSimulator } from '../../src/demo/simulator.ts'
import { defaultFeed } from '../support/gateway.ts'
import { startGateway } from '../support/gateway-process.ts'
import { startRedis, until } from '../support/redis.ts'
import { get, pidsOf } from '../support/workers.ts'

/** What one of several workers does for all, on a Redis that they share. */

t.setTimeout(180_000)

t.test(
  'one that dies while it builds a MISP feed is followed by another, and all serve what was built',
  async t => {
    const redis = await startRedis(t)
    const simulator = await startSimulator({ objects: 3000, historyDays: 30, bloat: false })
    t.teardown(() => simulator.close())
    simulator.faults.rate({ kind: 'slow', delayMs: 1000, match: '/objects' })
    const gateway = await startGateway(t, {
      WORKERS: '2',
      SEKOIA_URL: simulator.url,
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      ACCESS_SECRET: 'the same in each process on this Redis',
      MISP_BUILD_KEYS: `${defaultFeed}=${simulator.key}`,
      MISP_PUBLISH_SECONDS: '5',
      FEED_LOG_PAGE_LIMIT: '100'
    })
    const pids = await pidsOf(gateway, 2)
    await until(() => simulator.calls.length > 3)
    process.kill(pids.get(1)!, 'SIGKILL')
    await gateway.told(/"no":1,.*"signal":"SIGKILL".*a worker ended/)
    simulator.faults.clear()

    await until(async () => {
      const { feeds } = JSON.parse(await get(`${gateway.url}/misp/`, simulator.key))
      return feeds.length === 1 && feeds[0].status === 'in sync'
    })
    const manifests = [1, 2, 3, 4].map(() =>
      get(`${gateway.url}/misp/${defaultFeed}/manifest.json`, simulator.key)
    )
    const [first, ...others] = await Promise.all(manifests)
    t.ok(Object.keys(JSON.parse(first!)).length > 1)
    for (const other of others) t.equal(other, first)
    t.equal((await gateway.stop()).code, 0)
  }
)
