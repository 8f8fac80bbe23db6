import t, { type Test } from 'tap'
import type { RedisStoreOptions } from '../../src/stores/redis.ts'
import { firstCommit, logStoreContract } from '../contract/log-store.ts'
import { openRedis, redisOptions, startRedis, until } from '../support/redis.ts'

t.setTimeout(300_000)

const server = await startRedis(t)

/** Stores beside the others: each pair has a prefix of its own. */
let opened = 0
const open = async (t: Test, options: Partial<RedisStoreOptions> = {}) => {
  const all = redisOptions(server.port, { keyPrefix: `test${++opened}:`, ...options })
  const { log: store, documents, answers } = await openRedis(t, all)
  return { ...all, store, documents, answers }
}

logStoreContract(t, async t => (await open(t)).store)

t.test(
  'keys: of one log share a hash tag; the journal lives on, bodies have a lifetime',
  async t => {
    const { store, keyPrefix } = await open(t, { bodySeconds: 1000 })
    await store.commit('v1:scope:feed', firstCommit())
    await store.writeBody('v1:scope:feed', 2, Buffer.from('body 2'))
    const keys = (await server.call('KEYS', `${keyPrefix}*`)) as string[]
    const names = ['journal', 'changes', 'body:1', 'body:2'].map(
      name => `${keyPrefix}1:{v1:scope:feed}:${name}`
    )
    t.same(keys.sort(), [...names, `${keyPrefix}schema`].sort())
    for (const name of names.slice(0, 2)) t.equal(await server.call('TTL', name), -1)
    for (const body of names.slice(2)) {
      const seconds = Number(await server.call('TTL', body))
      t.ok(seconds > 990 && seconds <= 1000, `${body}: ${seconds}`)
    }
  }
)

t.test('bodies: reading one starts its lifetime again, but not twice a day', async t => {
  const day = 86_400
  const { store, keyPrefix } = await open(t, { bodySeconds: 30 * day })
  await store.commit('log', firstCommit())
  const key = `${keyPrefix}1:{log}:body:1`
  const secondsAfterReading = async (seconds: number) => {
    await server.call('EXPIRE', key, seconds)
    await store.readBody('log', 1)
    await store.readBody('log', 2)
    return Number(await server.call('TTL', key))
  }
  const young = 29 * day + 60
  t.ok((await secondsAfterReading(young)) <= young)
  t.ok((await secondsAfterReading(29 * day - 60)) > young)
})

t.test('two stores on one server share journals and bodies', async t => {
  const { store: one, keyPrefix } = await open(t)
  const { store: two } = await open(t, { keyPrefix })
  const commits = [one.commit('log', firstCommit()), two.commit('log', firstCommit())]
  t.same((await Promise.all(commits)).sort(), [false, true])
  t.same(await one.load('log'), await two.load('log'))
  t.same(await two.readBody('log', 1), Buffer.from('body 1'))
})

t.test('the scripts are sent again after the server forgot them', async t => {
  const { store } = await open(t)
  await store.commit('log', firstCommit())
  await server.call('SCRIPT', 'FLUSH')
  t.equal(await store.commit('log', firstCommit({ expectedVersion: 1 })), true)
  await server.call('SCRIPT', 'FLUSH')
  await store.drop('log')
  t.equal(await store.load('log'), undefined)
})

t.test('a schema version this gateway does not know is refused, and left alone', async t => {
  const { store, keyPrefix } = await open(t)
  await store.commit('log', firstCommit())
  await store.close()
  await server.call('SET', `${keyPrefix}schema`, '2')
  const { store: older } = await open(t, { keyPrefix })
  const message = `${keyPrefix}schema in Redis is 2, newer than the 1 this gateway knows`
  t.equal(older.trouble(), `reading failed: ${message}`)
  await t.rejects(older.load('log'), { message })
  await t.rejects(older.commit('log', firstCommit({ expectedVersion: 1 })), { message })
  await t.rejects(older.drop('log'), { message })
  t.equal(await server.call('GET', `${keyPrefix}schema`), '2')
  t.equal(await server.call('HGET', `${keyPrefix}1:{log}:journal`, 'version'), '1')
  await server.call('DEL', `${keyPrefix}schema`)
  t.equal((await older.load('log'))?.version, 1, 'works once the mark is gone')
})

t.test('a closed store rejects', async t => {
  const { store } = await open(t)
  await store.close()
  await t.rejects(store.load('log'), { message: 'the store is closed' })
  await t.rejects(store.commit('log', firstCommit()), { message: 'the store is closed' })
})

t.test(
  'logs and documents share a connection, which ends with the last that is closed',
  async t => {
    const { store, documents, keyPrefix } = await open(t)
    const connections = async () => {
      const list = String(await server.call('CLIENT', 'LIST'))
      return list.split('\n').filter(line => line.includes('name=sekoia-feed-gateway ')).length
    }
    const before = await connections()
    const pair = await open(t, { keyPrefix })
    t.equal(await connections(), before + 1)
    await pair.store.close()
    await t.rejects(pair.store.load('log'), { message: 'the store is closed' })
    t.equal(await pair.documents.version('space'), 0)
    await pair.documents.close()
    await pair.answers.close()
    await until(async () => (await connections()) === before)
    t.equal(await store.version('log'), 0)
    await documents.close()
    await t.rejects(documents.version('space'), { message: 'the store is closed' })
    t.equal(await store.version('log'), 0)
    t.equal(store.trouble(), undefined)
  }
)
