import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startSimulator } from '../../src/demo/simulator.ts'
import { startGateway } from '../support/gateway-process.ts'
import { HttpWalker } from '../support/http-walker.ts'
import { type RedisServer, startRedis, until } from '../support/redis.ts'

/**
 * One trouble of Redis each, in the middle of walks: a walker throws on every answer but 200, and on none within
 * its time limit.
 */

t.setTimeout(300_000)

const durable = ['--appendonly', 'yes', '--appendfsync', 'always']

async function start(t: Test, redis: RedisServer) {
  const simulator = await startSimulator({ objects: 3000, bloat: false })
  t.teardown(() => simulator.close())
  const { url } = await startGateway(t, {
    SEKOIA_URL: simulator.url,
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    REDIS_TIMEOUT_MS: '300',
    FEED_LOG_PAGE_LIMIT: '100',
    FEED_LOG_TIP_SECONDS: '1'
  })
  // Limits of their own keep them at different places of the feed.
  const walkers = [70, 110, 150, 190, 230].map(
    limit => new HttpWalker({ key: simulator.key, limit })
  )
  const steps = async (count: number) => {
    for (let i = 0; i < count; i++) await Promise.all(walkers.map(walker => walker.step(url)))
  }
  const lacks = () => walkers.map(walker => walker.lacks(simulator))
  return {
    steps,
    /** Every walker reads to the end, and then polls until it has what is new. */
    async receiveAll(t: Test) {
      await Promise.all(walkers.map(walker => walker.walk(() => url)))
      simulator.add(20)
      // What has not come after so many polls, a second and more each twenty of them, does not come at all.
      for (let polls = 0; polls < 1000 && lacks().some(count => count > 0); polls++) {
        await steps(1)
        await sleep(50)
      }
      t.same(lacks(), [0, 0, 0, 0, 0])
    },
    repeats: () => walkers.reduce((sum, { count, received }) => sum + count - received.size, 0),
    async storeState(): Promise<string> {
      const { checks } = (await (await fetch(`${url}/readyz`)).json()) as {
        checks: { store: string }
      }
      return checks.store
    }
  }
}

type Scene = Awaited<ReturnType<typeof start>>

const inTrouble = (scene: Scene) => until(async () => (await scene.storeState()) !== 'ok')
const wellAgain = (scene: Scene) => until(async () => (await scene.storeState()) === 'ok')

t.test('down at start: everything is served, and stored once Redis is there', async t => {
  const redis = await startRedis(t)
  await redis.kill()
  const scene = await start(t, redis)
  t.equal(await scene.storeState(), 'connecting failed: no connection')
  await scene.steps(5)
  await redis.start()
  await wellAgain(scene)
  await scene.receiveAll(t)
  t.match(await redis.call('KEYS', '*:journal'), [/./])
})

t.test('down all the time: everything is served', async t => {
  const redis = await startRedis(t)
  await redis.kill()
  const scene = await start(t, redis)
  await scene.receiveAll(t)
  t.equal(scene.repeats(), 0)
  t.not(await scene.storeState(), 'ok')
})

t.test('killed in the middle, for good: the walks go on', async t => {
  const redis = await startRedis(t)
  const scene = await start(t, redis)
  await scene.steps(5)
  await redis.kill()
  await inTrouble(scene)
  await scene.receiveAll(t)
  t.equal(scene.repeats(), 0)
})

t.test('killed in the middle, and back with what it had', async t => {
  const redis = await startRedis(t, durable)
  const scene = await start(t, redis)
  await scene.steps(3)
  await redis.kill()
  await inTrouble(scene)
  await scene.steps(3)
  await redis.start()
  await wellAgain(scene)
  await scene.receiveAll(t)
  t.equal(scene.repeats(), 0)
})

t.test('killed in the middle, and back with nothing: repeats, no loss', async t => {
  const redis = await startRedis(t)
  const scene = await start(t, redis)
  await scene.steps(3)
  await redis.kill()
  await inTrouble(scene)
  await scene.steps(3)
  await redis.start()
  await wellAgain(scene)
  await scene.receiveAll(t)
})

t.test('stopped in the middle, and going on later: answers come all the time', async t => {
  const redis = await startRedis(t)
  const scene = await start(t, redis)
  await scene.steps(3)
  redis.pause()
  await scene.steps(3)
  t.not(await scene.storeState(), 'ok')
  redis.resume()
  await wellAgain(scene)
  await scene.receiveAll(t)
})

t.test('emptied in the middle: repeats, no loss', async t => {
  const redis = await startRedis(t)
  const scene = await start(t, redis)
  await scene.steps(3)
  await redis.call('FLUSHALL')
  await scene.steps(3)
  await redis.call('FLUSHALL')
  await scene.receiveAll(t)
  t.match(await redis.call('KEYS', '*:journal'), [/./])
})

t.test('emptied after the walks: what is new arrives', async t => {
  const redis = await startRedis(t)
  const scene = await start(t, redis)
  await scene.receiveAll(t)
  await redis.call('FLUSHALL')
  await scene.receiveAll(t)
})
