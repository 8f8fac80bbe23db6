import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { type OpenStoreOptions, openStore } from '../../src/stores/open.ts'
import { firstDocuments } from '../contract/document-store.ts'
import { firstCommit } from '../contract/log-store.ts'
import { closeStores, redisOptions, startRedis, until } from '../support/redis.ts'

t.setTimeout(300_000)

/** A store in `dataDir`, and what it logged: level and fields of each line. */
const openIn = async (t: Test, dataDir: string, redis?: OpenStoreOptions['redis']) => {
  const lines: Record<string, unknown>[] = []
  const logger = pino(
    { base: null, timestamp: false },
    { write: line => lines.push(JSON.parse(line)) }
  )
  const limits = { bodyMaxBytes: 1_000_000, memoryMaxBytes: 1000 }
  const clock = { now: () => 0 }
  const stores = await openStore({ dataDir, redis, ...limits, clock, logger })
  t.teardown(() => closeStores(stores))
  return { store: stores.log, documents: stores.documents, lines }
}

t.test('a usable data directory: SQLite, no trouble, nothing logged', async t => {
  const dataDir = join(t.testdir(), 'data')
  const { store, documents, lines } = await openIn(t, dataDir)
  await store.commit('log', firstCommit())
  await documents.commit('space', firstDocuments())
  t.equal(store.trouble(), undefined)
  t.equal(documents.trouble(), undefined)
  t.same(lines, [])
  const again = await openIn(t, dataDir)
  t.equal((await again.store.load('log'))?.version, 1)
  t.equal(await again.documents.version('space'), 1)
})

t.test(
  'an unusable data directory: memory serves, the log says so once, trouble() for ever',
  async t => {
    const file = join(t.testdir(), 'file')
    writeFileSync(file, '')
    const { store, documents, lines } = await openIn(t, file)
    t.equal(await store.commit('log', firstCommit()), true)
    t.equal((await store.load('log'))?.version, 1)
    await store.writeBody('log', 2, Buffer.alloc(1001))
    t.equal(await store.readBody('log', 2), undefined, 'memory has its own, smaller bound')
    t.match(store.trouble(), /^the data directory cannot be used: EEXIST/)
    t.equal(await documents.commit('space', firstDocuments()), true)
    t.equal(await documents.version('space'), 1)
    const value = Buffer.alloc(1001)
    const puts = [{ table: 'events', key: 'a', value }]
    await t.rejects(documents.commit('space', firstDocuments({ expectedVersion: 1, puts })))
    t.equal(documents.trouble(), store.trouble())
    t.match(lines, [{ level: 50, trouble: /EEXIST/ }])
    t.equal(lines.length, 1)
  }
)

t.test('K11: a file that is no database is set aside, told, and a new one begins', async t => {
  const dataDir = t.testdir({
    'feed-log.sqlite': 'garbage '.repeat(1000),
    'documents.sqlite': 'garbage '.repeat(1000)
  })
  const { store, documents, lines } = await openIn(t, dataDir)
  t.equal(store.trouble(), undefined)
  t.equal(await store.commit('log', firstCommit()), true)
  t.equal(await documents.commit('space', firstDocuments()), true)
  t.match(lines, [
    { level: 50, path: /\/feed-log\.sqlite\.damaged-\d{14}$/ },
    { level: 50, path: /\/documents\.sqlite\.damaged-\d{14}$/ }
  ])
  for (const { path } of lines) t.match(readFileSync(String(path), 'utf8'), /^garbage /)
  const again = await openIn(t, dataDir)
  t.equal((await again.store.load('log'))?.version, 1)
  t.strictSame(again.lines, [])
})

t.test(
  'K11: a directory that the system will not make is trouble, and no endless wait',
  async t => {
    const { store, lines } = await openIn(t, '/proc/no/such/place')
    t.match(store.trouble(), /^the data directory cannot be used: ENOENT/)
    t.equal(lines.length, 1)
  }
)

t.test('a disk that fills up: the log tells it once, and once that it works again', async t => {
  const dataDir = t.testdir()
  const { store, lines } = await openIn(t, dataDir)
  const other = new DatabaseSync(join(dataDir, 'feed-log.sqlite'))
  t.teardown(() => other.close())
  other.exec("CREATE TRIGGER full BEFORE INSERT ON bodies BEGIN SELECT RAISE(ABORT, 'full'); END")
  for (let i = 0; i < 3; i++) await t.rejects(store.commit('log', firstCommit()))
  other.exec('DROP TRIGGER full')
  for (let i = 0; i < 3; i++) await store.writeBody('log', i, Buffer.alloc(1))
  t.match(lines, [
    { level: 50, trouble: 'writing failed: full' },
    { level: 30, msg: 'the store works again' }
  ])
  t.equal(lines.length, 2)
})

t.test('a file of documents that cannot be used: memory serves for it alone', async t => {
  const dataDir = t.testdir()
  const newer = new DatabaseSync(join(dataDir, 'documents.sqlite'))
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  const { store, documents, lines } = await openIn(t, dataDir)
  t.equal(await documents.commit('space', firstDocuments()), true)
  t.equal(await store.commit('log', firstCommit()), true)
  t.equal(store.trouble(), undefined)
  t.match(
    documents.trouble(),
    /^the data directory cannot be used: documents\.sqlite .* newer than/
  )
  t.match(lines, [{ level: 50, trouble: documents.trouble() }])
  t.equal(lines.length, 1)
  const again = await openIn(t, dataDir)
  t.equal(await again.store.version('log'), 1)
})

t.test('both files in trouble: a common cause is logged once, the end when both work', async t => {
  const dataDir = t.testdir()
  const { store, documents, lines } = await openIn(t, dataDir)
  const full = (file: string, table: string) => {
    const other = new DatabaseSync(join(dataDir, file))
    t.teardown(() => other.close())
    other.exec(
      `CREATE TRIGGER full BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'full'); END`
    )
    return () => other.exec('DROP TRIGGER full')
  }
  const empty = [full('feed-log.sqlite', 'bodies'), full('documents.sqlite', 'documents')]
  await t.rejects(store.commit('log', firstCommit()))
  await t.rejects(documents.commit('space', firstDocuments()))
  t.equal(documents.trouble(), 'writing failed: full')
  for (const end of empty) end()
  await store.commit('log', firstCommit())
  t.equal(lines.length, 1)
  await documents.commit('space', firstDocuments())
  t.match(lines, [
    { level: 50, trouble: 'writing failed: full' },
    { level: 30, msg: 'the store works again' }
  ])
  t.equal(lines.length, 2)
})

t.test('Redis given: it is the store; its trouble is logged once, and once its end', async t => {
  const server = await startRedis(t)
  await server.kill()
  const dataDir = join(t.testdir(), 'data')
  const { store, documents, lines } = await openIn(
    t,
    dataDir,
    redisOptions(server.port, { timeoutMs: 300 })
  )
  for (let i = 0; i < 3; i++) {
    await t.rejects(store.commit('log', firstCommit()))
    await t.rejects(documents.commit('space', firstDocuments()))
  }
  t.equal(documents.trouble(), store.trouble())
  await server.start()
  await until(() => store.trouble() === undefined)
  t.equal(await store.commit('log', firstCommit()), true)
  t.equal(await documents.commit('space', firstDocuments()), true)
  t.match(lines, [
    { level: 50, trouble: /^connecting failed: connect ECONNREFUSED/ },
    { level: 30, msg: 'the store works again' }
  ])
  t.equal(lines.length, 2)
  t.notOk(existsSync(dataDir))
})
