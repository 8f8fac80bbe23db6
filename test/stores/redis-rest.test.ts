import t, { type Test } from 'tap'
import { createNodeRest } from '../../src/stores/redis-rest.ts'
import { firstCommit } from '../contract/log-store.ts'
import { startDelayingProxy } from '../support/delaying-proxy.ts'
import { openRedis, redisOptions, startRedis, startRedisCluster, until } from '../support/redis.ts'

/**
 * A store that is slow or away is left alone after the first time-out (K7). Were it not, the operations of each test
 * would take longer than the test may.
 */

t.setTimeout(120_000)

const timeoutMs = 1000
const many = 300
const logs = Array.from({ length: 20 }, (_, i) => `log${i}`)

/** One after the other, as requests that come in one after the other. */
async function loadMany(load: () => Promise<unknown>): Promise<number> {
  let failures = 0
  for (let i = 0; i < many; i++) await load().catch(() => failures++)
  return failures
}

async function openCluster(t: Test) {
  const nodes = await startRedisCluster(t)
  const { log: store } = await openRedis(
    t,
    redisOptions(
      nodes.map(({ port }) => port),
      { mode: 'cluster', timeoutMs }
    )
  )
  for (const log of logs) await store.commit(log, firstCommit())
  return { nodes, store }
}

type OpenCluster = Awaited<ReturnType<typeof openCluster>>

async function awayAndBack(
  t: Test,
  { store }: OpenCluster,
  leave: () => Promise<void> | void,
  comeBack: () => Promise<void> | void
): Promise<void> {
  await leave()
  const loads = await Promise.allSettled(logs.map(log => store.load(log)))
  const away = logs.filter((_, i) => loads[i]!.status === 'rejected')
  const there = logs.filter(log => !away.includes(log))
  t.ok(away.length > 0 && there.length > 0, `${away.length} of ${logs.length} are away`)
  t.equal(await loadMany(() => store.load(away[0]!)), many)
  t.equal(await loadMany(() => store.load(there[0]!)), 0, 'the others are served')
  await comeBack()
  await until(async () => {
    const again = await Promise.allSettled(logs.map(log => store.load(log)))
    return again.every(({ status }) => status === 'fulfilled')
  })
}

t.test(
  'a node of a Cluster that is killed is left alone, and used again once it is back',
  async t => {
    const cluster = await openCluster(t)
    const node = cluster.nodes[2]!
    await awayAndBack(t, cluster, node.kill, node.start)
  }
)

t.test('a node of a Cluster that hangs is left alone, and used again once it goes on', async t => {
  const cluster = await openCluster(t)
  const node = cluster.nodes[1]!
  t.teardown(() => node.resume())
  await awayAndBack(t, cluster, node.pause, node.resume)
})

for (const delayMs of [timeoutMs * 0.6, timeoutMs * 5])
  t.test(
    `a Redis that answers ${delayMs} ms late is left alone until it is quick again`,
    async t => {
      const server = await startRedis(t)
      const proxy = await startDelayingProxy(t, server.port)
      const { log: store } = await openRedis(t, redisOptions(proxy.port, { timeoutMs }))
      await store.commit('log', firstCommit())
      proxy.delayMs = delayMs
      t.ok((await loadMany(() => store.load('log'))) > many - 5)
      await until(() => store.trouble() !== undefined)
      proxy.delayMs = 0
      await until(() => store.load('log').then(journal => journal?.version === 1))
      await until(() => store.trouble() === undefined)
    }
  )

t.test('a large answer that takes long is no reason to leave a node alone', async t => {
  const rest = createNodeRest({
    timeoutMs: 40,
    nodeOf: () => 'node',
    probe: async () => {},
    onVain: () => t.fail('nothing is tried in vain')
  })
  t.teardown(() => rest.close())
  const late = () => new Promise(resolve => setTimeout(resolve, 30))
  await rest.run('tag', late, () => true)
  await late()
  t.doesNotThrow(() => rest.assertAwake('tag'))
})

t.test('an answer that says no is an answer: the node is not left alone', async t => {
  const rest = createNodeRest({
    timeoutMs: 40,
    nodeOf: tag => tag,
    probe: () => Promise.reject(new Error('away')),
    onVain: () => {}
  })
  t.teardown(() => rest.close())
  const fails = () => Promise.reject(new Error('no'))
  await t.rejects(rest.run('a', fails, () => false))
  t.doesNotThrow(() => rest.assertAwake('a'))
  await t.rejects(rest.run('a', fails, () => true))
  t.throws(() => rest.assertAwake('a'), { message: 'no' })
  t.doesNotThrow(() => rest.assertAwake('b'), 'each node by itself')
  rest.wake()
  t.doesNotThrow(() => rest.assertAwake('a'))
})
