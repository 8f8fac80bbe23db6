import t, { type Test } from 'tap'
import type { RedisStoreOptions } from '../../src/stores/redis.ts'
import {
  documentStoreContract,
  firstDocuments,
  sharedDocumentsContract
} from '../contract/document-store.ts'
import { firstCommit, logStoreContract } from '../contract/log-store.ts'
import { openRedis, redisOptions, startRedisCluster, until } from '../support/redis.ts'

t.setTimeout(300_000)

const nodes = await startRedisCluster(t)

let opened = 0
const open = async (t: Test, options: Partial<RedisStoreOptions> = {}) => {
  const ports = nodes.map(node => node.port)
  const keyPrefix = `test${++opened}:`
  const all = redisOptions(ports, { mode: 'cluster', keyPrefix, ...options })
  const { log: store, documents } = await openRedis(t, all)
  return { store, documents, keyPrefix }
}

logStoreContract(t, async t => (await open(t)).store)
documentStoreContract(t, async t => (await open(t)).documents)
sharedDocumentsContract(
  t,
  async (t, keyPrefix) => (await open(t, { keyPrefix: `${keyPrefix}:` })).documents
)

t.test('logs spread over the nodes, each with all its keys on one', async t => {
  const { store, keyPrefix } = await open(t)
  const logs = Array.from({ length: 30 }, (_, i) => `log${i}`)
  for (const log of logs) {
    await store.commit(log, firstCommit())
    await store.writeBody(log, 2, Buffer.from('body 2'))
  }
  const perNode = await Promise.all(
    nodes.map(async node => (await node.call('KEYS', `${keyPrefix}1:*`)) as string[])
  )
  t.equal(perNode.flat().length, 4 * logs.length)
  for (const keys of perNode) {
    const tags = new Set(keys.map(key => /\{(.*)\}/.exec(key)?.[1]))
    t.ok(tags.size > 0)
    t.equal(keys.length, 4 * tags.size)
  }
})

t.test('spaces spread over the nodes, each with all its keys on one', async t => {
  const { documents, keyPrefix } = await open(t)
  const spaces = Array.from({ length: 30 }, (_, i) => `space${i}`)
  for (const space of spaces) {
    await documents.commit(space, firstDocuments())
    await documents.lease(space, 'owner', 60_000)
  }
  const perNode = await Promise.all(
    nodes.map(async node => (await node.call('KEYS', `${keyPrefix}1:*`)) as string[])
  )
  t.equal(perNode.flat().length, 3 * spaces.length)
  for (const keys of perNode) {
    const tags = new Set(keys.map(key => /\{(.*)\}/.exec(key)?.[1]))
    t.ok(tags.size > 0)
    t.equal(keys.length, 3 * tags.size)
  }
})

t.test('one node known at first is enough to find the others', async t => {
  const { store } = await open(t, { url: `redis://127.0.0.1:${nodes[0]!.port}` })
  for (let i = 0; i < 10; i++) t.equal(await store.commit(`log${i}`, firstCommit()), true)
})

t.test('a node that dies takes only its logs along; one change is told; it comes back', async t => {
  const changes: (string | undefined)[] = []
  const { store } = await open(t, { timeoutMs: 500, onTrouble: trouble => changes.push(trouble) })
  const logs = Array.from({ length: 20 }, (_, i) => `log${i}`)
  const node = nodes[2]!
  await node.kill()
  const attempts = await Promise.allSettled(logs.map(log => store.commit(log, firstCommit())))
  const failed = attempts.filter(({ status }) => status === 'rejected').length
  t.ok(failed > 0 && failed < logs.length, `${failed} of ${logs.length} failed`)
  t.match(store.trouble(), /^(reading|writing|connecting) failed: /)
  for (const log of logs) await store.load(log).catch(() => {})
  t.equal(changes.length, 1)
  await node.start()
  await until(async () => {
    const loads = await Promise.allSettled(logs.map(log => store.load(log)))
    return loads.every(({ status }) => status === 'fulfilled')
  })
  for (const log of logs) await store.commit(log, firstCommit())
  for (const log of logs) t.equal((await store.load(log))?.version, 1)
})

t.test('a node that hangs: operations on it end, the others are served', async t => {
  const { store } = await open(t, { timeoutMs: 300 })
  const logs = Array.from({ length: 20 }, (_, i) => `hang${i}`)
  const node = nodes[1]!
  node.pause()
  t.teardown(() => node.resume())
  const attempts = await Promise.allSettled(logs.map(log => store.commit(log, firstCommit())))
  const failed = attempts.filter(({ status }) => status === 'rejected').length
  t.ok(failed > 0 && failed < logs.length, `${failed} of ${logs.length} failed`)
  node.resume()
  await until(async () => {
    const commits = await Promise.allSettled(logs.map(log => store.commit(log, firstCommit())))
    return commits.every(({ status }) => status === 'fulfilled')
  })
  for (const log of logs) t.equal((await store.load(log))?.version, 1)
})

t.test('down at start: opens in trouble, works once it is up', async t => {
  const own = await startRedisCluster(t)
  for (const node of own) await node.kill()
  const ports = own.map(node => node.port)
  const options = redisOptions(ports, { mode: 'cluster', timeoutMs: 500 })
  const { log: store } = await openRedis(t, options)
  t.match(store.trouble(), /^connecting failed: /)
  await t.rejects(store.load('log'), { message: /^Redis is not connected: / })
  for (const node of own) await node.start()
  await until(() => store.trouble() === undefined)
  t.equal(await store.commit('log', firstCommit()), true)
})
