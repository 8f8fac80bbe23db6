import t, { type Test } from 'tap'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import type { RedisStoreOptions } from '../../src/stores/redis.ts'
import { many, scanned } from '../contract/document-scans.ts'
import {
  documentStoreContract,
  firstDocuments,
  put,
  sharedDocumentsContract
} from '../contract/document-store.ts'
import { openRedis, redisOptions, startRedis, until } from '../support/redis.ts'

t.setTimeout(300_000)

const server = await startRedis(t)

/** Documents beside others: each store has a prefix of its own. */
let opened = 0
const open = async (t: Test, options: Partial<RedisStoreOptions> = {}, { port } = server) => {
  const all = redisOptions(port, { keyPrefix: `test${++opened}:`, ...options })
  const { documents } = await openRedis(t, all)
  return { ...all, documents, key: (name: string) => `${all.keyPrefix}1:{space}:${name}` }
}

documentStoreContract(t, async t => (await open(t)).documents)
sharedDocumentsContract(
  t,
  async (t, place) => (await open(t, { keyPrefix: `${place}:` })).documents
)

const twoTables = () =>
  firstDocuments({ puts: [...firstDocuments().puts, put('objects', 'a', 'object a')] })

t.test('keys: of one space share a hash tag; none but the lease has an end', async t => {
  const { documents, key, keyPrefix } = await open(t)
  await documents.commit('space', twoTables())
  await documents.lease('space', 'owner', 60_000)
  const keys = (await server.call('KEYS', `${keyPrefix}*`)) as string[]
  const lasting = [key('space'), key('space:events'), key('space:objects')]
  t.same(keys.sort(), [key('builder'), ...lasting, `${keyPrefix}schema`].sort())
  for (const name of lasting) t.equal(await server.call('TTL', name), -1)
  t.ok(Number(await server.call('PTTL', key('builder'))) > 0)
  await documents.release('space', 'owner')
  await documents.drop('space')
  t.same(await server.call('KEYS', `${keyPrefix}*`), [`${keyPrefix}schema`])
})

/** A space of which nothing may be read. */
const isEmpty = async (t: Test, documents: DocumentStore) => {
  t.equal(await documents.version('space'), 0)
  for (const table of ['events', 'objects']) {
    t.same(await documents.get('space', table, ['a', 'b']), [undefined, undefined])
    t.equal((await scanned(documents, 'space', table)).size, 0)
  }
}

t.test('a table that was evicted: the space is begun anew, without what was left', async t => {
  const { documents, key } = await open(t)
  await documents.commit('space', twoTables())
  await server.call('DEL', key('space:objects'))
  await isEmpty(t, documents)
  t.equal(await documents.commit('space', firstDocuments({ expectedVersion: 1 })), false)
  const puts = [put('objects', 'b', 'object b')]
  t.equal(await documents.commit('space', firstDocuments({ puts })), true)
  t.equal(await documents.version('space'), 1)
  t.same(await documents.get('space', 'events', ['a', 'b']), [undefined, undefined])
  t.same([...(await scanned(documents, 'space', 'objects')).keys()], ['b'])
})

t.test('a space that was evicted: its tables are begun anew with it', async t => {
  const { documents, key } = await open(t)
  await documents.commit('space', twoTables())
  await server.call('DEL', key('space'))
  await isEmpty(t, documents)
  t.equal(await documents.commit('space', firstDocuments({ expectedVersion: 1 })), false)
  const puts = [put('events', 'b', 'event b')]
  t.equal(await documents.commit('space', firstDocuments({ puts })), true)
  t.same([...(await scanned(documents)).keys()], ['b'])
})

t.test('a scan goes on after the server was restarted, and misses nothing', async t => {
  const own = await startRedis(t, ['--appendonly', 'yes'])
  const { documents } = await open(t, {}, own)
  const puts = many(20_000)
  await documents.commit('space', { expectedVersion: 0, puts, deletes: [] })
  const found = new Set<string>()
  let batches = 0
  for await (const batch of documents.scan('space', 'events')) {
    for (const { key } of batch) found.add(key)
    if (++batches % 5 !== 0 || batches > 15) continue
    await own.kill()
    await own.start()
    await until(() => documents.trouble() === undefined)
  }
  t.ok(batches > 15)
  t.equal(puts.filter(({ key }) => !found.has(key)).length, 0)
})

t.test('full (noeviction): a commit changes nothing, reads go on, room ends it', async t => {
  const own = await startRedis(t, ['--maxmemory-policy', 'noeviction'])
  const { documents } = await open(t, {}, own)
  await documents.commit('space', firstDocuments())
  await own.call('CONFIG', 'SET', 'maxmemory', 1)
  const deletes = [{ table: 'events', key: 'a' }]
  const puts = [put('events', 'b', 'new'), put('objects', 'a', 'new')]
  const change = { expectedVersion: 1, puts, deletes }
  await t.rejects(documents.commit('space', change), { message: /^OOM / })
  t.match(documents.trouble(), /^writing failed: OOM /)
  t.equal(await documents.version('space'), 1)
  const values = await documents.get('space', 'events', ['a', 'b'])
  t.same(values.map(String), ['event a', 'event b'])
  await own.call('CONFIG', 'SET', 'maxmemory', 0)
  t.equal(await documents.commit('space', change), true)
  t.equal(documents.trouble(), undefined)
})

for (const command of ['hset', 'hdel']) {
  t.test(`a user without the right to ${command}: a commit leaves all as it was`, async t => {
    const own = await startRedis(t)
    const { documents, keyPrefix } = await open(t, {}, own)
    await documents.commit('space', twoTables())
    const rights = ['on', '>pass:word', '~test*', '+@all', `-${command}`]
    await own.call('ACL', 'SETUSER', 'gateway', ...rights)
    const user = { username: 'gateway', password: 'pass:word', keyPrefix }
    const { documents: limited } = await open(t, user, own)
    const change = {
      expectedVersion: 1,
      puts: [put('events', 'b', 'new')],
      deletes: [{ table: 'objects', key: 'a' }]
    }
    await t.rejects(limited.commit('space', change), { message: /can't run this command/ })
    t.equal(await limited.version('space'), 1)
    t.same((await limited.get('space', 'events', ['b'])).map(String), ['event b'])
    t.same((await limited.get('space', 'objects', ['a'])).map(String), ['object a'])
    await own.call('ACL', 'SETUSER', 'gateway', `+${command}`)
    t.equal(await limited.commit('space', change), true)
    t.equal(limited.trouble(), undefined)
  })
}

t.test('the scripts are sent again after the server forgot them', async t => {
  const { documents } = await open(t)
  await documents.commit('space', firstDocuments())
  await server.call('SCRIPT', 'FLUSH')
  t.equal(await documents.commit('space', firstDocuments({ expectedVersion: 1 })), true)
  t.same([...(await scanned(documents)).keys()].sort(), ['a', 'b'])
  await server.call('SCRIPT', 'FLUSH')
  t.equal(await documents.lease('space', 'owner', 1000), true)
  await documents.drop('space')
  t.equal(await documents.version('space'), 0)
})

t.test('a schema version this gateway does not know is refused, and left alone', async t => {
  const { documents, key, keyPrefix } = await open(t)
  await documents.commit('space', firstDocuments())
  await documents.close()
  await server.call('SET', `${keyPrefix}schema`, '2')
  const { documents: older } = await open(t, { keyPrefix })
  const message = `${keyPrefix}schema in Redis is 2, newer than the 1 this gateway knows`
  t.equal(older.trouble(), `reading failed: ${message}`)
  await t.rejects(older.version('space'), { message })
  await t.rejects(older.commit('space', firstDocuments({ expectedVersion: 1 })), { message })
  await t.rejects(older.drop('space'), { message })
  t.equal(await server.call('HGET', key('space'), 'version'), '1')
})
