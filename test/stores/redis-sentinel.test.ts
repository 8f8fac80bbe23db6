import t from 'tap'
import { documentStoreContract } from '../contract/document-store.ts'
import { firstCommit, logStoreContract } from '../contract/log-store.ts'
import { openRedis, redisOptions, startSentinel, until } from '../support/redis.ts'

t.setTimeout(300_000)

const { sentinel, master, replica } = await startSentinel(t)

const trouble = 'connecting failed: no Sentinel names a master that can be reached'

let opened = 0
const options = () => {
  const keyPrefix = `test${++opened}:`
  return redisOptions(sentinel.port, { mode: 'sentinel', keyPrefix, timeoutMs: 5000 })
}

logStoreContract(t, async t => {
  const { log } = await openRedis(t, options())
  return log
})

documentStoreContract(t, async t => (await openRedis(t, options())).documents)

t.test('a name the Sentinels do not know is trouble', async t => {
  const { log: store } = await openRedis(t, { ...options(), sentinelName: 'other', timeoutMs: 300 })
  t.equal(store.trouble(), trouble)
  await t.rejects(store.load('log'), { message: /^Redis is not connected: / })
})

t.test('the Sentinel is down at start: works once it is up', async t => {
  await sentinel.kill()
  const { log: store } = await openRedis(t, { ...options(), timeoutMs: 300 })
  t.equal(store.trouble(), trouble)
  await sentinel.start()
  await until(() => store.trouble() === undefined)
  t.equal(await store.commit('log', firstCommit()), true)
})

t.test('the master dies: the store goes on with the replica that took its place', async t => {
  const changes: (string | undefined)[] = []
  const onTrouble = (trouble: string | undefined) => changes.push(trouble)
  const { log: store } = await openRedis(t, { ...options(), timeoutMs: 1000, onTrouble })
  await store.commit('log', firstCommit())
  await until(async () => /slave0:.*lag=[01]/.test(String(await master.call('INFO'))))
  const copied = async () => (await replica.call('DBSIZE')) === (await master.call('DBSIZE'))
  await until(copied)
  await master.kill()
  // A commit whose answer was lost was made all the same.
  const commit = async () => {
    await store.commit('log', firstCommit({ expectedVersion: 1 }))
    return (await store.load('log'))?.version === 2
  }
  await until(commit)
  await until(() => store.trouble() === undefined)
  t.type(changes[0], 'string')
  t.equal(changes.at(-1), undefined)
  t.match(String(await replica.call('INFO')), /role:master/)
})
