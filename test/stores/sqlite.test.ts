import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/stores/sqlite.ts'
import { bodyBoundContract, firstCommit, logStoreContract } from '../contract/log-store.ts'

/** A clock that moves one millisecond each time it is read. */
const ticking = () => {
  let time = Date.UTC(2026, 0, 1)
  return { now: () => time++ }
}

const open = (t: Test, options: Partial<SqliteStoreOptions> = {}) => {
  const dataDir = options.dataDir ?? t.testdir()
  const all = { bodyMaxBytes: 1000, clock: ticking(), ...options, dataDir }
  const store = openSqliteStore(all)
  t.teardown(() => store.close())
  return { ...all, store, file: join(all.dataDir, 'feed-log.sqlite') }
}

/** Another connection to the store's file. */
const connect = (t: Test, file: string) => {
  const database = new DatabaseSync(file)
  t.teardown(() => database.close())
  return database
}

const failWrites = `CREATE TRIGGER full BEFORE INSERT ON bodies BEGIN
  SELECT RAISE(ABORT, 'database or disk is full');
END`

logStoreContract(t, t => open(t, { bodyMaxBytes: 64 * 1024 * 1024 }).store)
bodyBoundContract(t, (t, bodyMaxBytes) => open(t, { bodyMaxBytes }).store)

t.test('of the scope that holds most the oldest bodies go first', async t => {
  const { store, file } = open(t)
  const nameOf = (scope: string, log: string) => `v1:${scope.repeat(32)}:${log}`
  const put = (log: string, no: number) => store.writeBody(log, no, Buffer.alloc(200))
  const own = nameOf('a', 'feed')
  await put(own, 1)
  for (let no = 1; no <= 20; no++) await put(nameOf('b', `set-${no % 4}`), no)
  t.ok(await store.readBody(own, 1), 'the oldest of all, of a scope that holds little')
  const kept = []
  for (let no = 1; no <= 20; no++)
    if (await store.readBody(nameOf('b', `set-${no % 4}`), no)) kept.push(no)
  t.same(kept, [17, 18, 19, 20])
  await store.drop(own)
  const totals = connect(t, file).prepare('SELECT scope, bytes FROM scope_bytes').all()
  t.same(
    totals.map(({ scope, bytes }) => [scope, bytes]),
    [[`v1:${'b'.repeat(32)}`, 800]]
  )
})

t.test('a file of an earlier version learns what each scope holds', async t => {
  const { store, dataDir, file } = open(t)
  const log = `v1:${'a'.repeat(32)}:feed`
  await store.writeBody(log, 1, Buffer.alloc(300))
  const database = connect(t, file)
  database.exec(
    `DROP TRIGGER scope_body_added; DROP TRIGGER scope_body_changed; DROP TRIGGER scope_body_removed;
     DROP TABLE scope_bytes; DROP TABLE reads`
  )
  await store.close()
  const again = open(t, { dataDir }).store
  await again.writeBody(log, 2, Buffer.alloc(100))
  t.same(
    database
      .prepare('SELECT bytes FROM scope_bytes')
      .all()
      .map(({ bytes }) => bytes),
    [400]
  )
})

t.test('a reopened store has kept journal and bodies, and still counts the bodies', async t => {
  const { store, ...options } = open(t)
  await store.commit('log', firstCommit({ bodies: [{ no: 1, body: Buffer.alloc(600, 1) }] }))
  const before = await store.load('log')
  await store.close()
  const { store: again } = open(t, options)
  t.same(await again.load('log'), before)
  t.same(await again.readBody('log', 1), Buffer.alloc(600, 1))
  t.equal(await again.commit('log', firstCommit({ expectedVersion: 1, bodies: [] })), true)
  await again.writeBody('log', 2, Buffer.alloc(600, 2))
  t.equal(await again.readBody('log', 1), undefined)
  t.same(await again.readBody('log', 2), Buffer.alloc(600, 2))
})

t.test('two stores on one file share leases, and say so', async t => {
  const { store: one, ...options } = open(t)
  const { store: two } = open(t, options)
  t.ok(one.isShared)
  t.equal(await one.lease('log', 'a', 60_000), true)
  t.equal(await two.lease('log', 'b', 60_000), false)
  await two.release('log', 'b')
  await one.release('log', 'a')
  t.equal(await two.lease('log', 'b', 60_000), true)
})

t.test('a file that was made before there were leases in it', async t => {
  const { store, file, ...options } = open(t)
  await store.commit('log', firstCommit())
  await store.close()
  const database = new DatabaseSync(file)
  database.exec('DROP TABLE leases')
  database.close()
  const { store: again } = open(t, options)
  t.equal(await again.version('log'), 1)
  t.equal(await again.lease('log', 'a', 60_000), true)
})

t.test('two stores on one file share versions and the bound of the bodies', async t => {
  const { store: one, ...options } = open(t)
  const { store: two } = open(t, options)
  const commits = [one.commit('log', firstCommit()), two.commit('log', firstCommit())]
  t.same((await Promise.all(commits)).sort(), [false, true])
  t.equal((await two.load('log'))?.version, 1)
  await one.writeBody('log', 5, Buffer.alloc(900))
  await two.writeBody('log', 6, Buffer.alloc(900))
  t.equal(await one.readBody('log', 5), undefined)
})

t.test('bodies are evicted in the order in which they were last written', async t => {
  const { store } = open(t)
  await store.writeBody('log', 1, Buffer.alloc(400))
  await store.writeBody('log', 2, Buffer.alloc(400))
  await store.writeBody('log', 1, Buffer.alloc(400))
  await store.readBody('log', 2)
  await store.writeBody('log', 3, Buffer.alloc(400))
  t.ok(await store.readBody('log', 1))
  t.equal(await store.readBody('log', 2), undefined)
})

t.test(
  'a commit that fails half-way leaves state, heads, bodies and their count as they were',
  async t => {
    const { store, file } = open(t)
    await store.commit('log', firstCommit())
    const before = await store.load('log')
    const other = connect(t, file)
    const total = () => other.prepare('SELECT bytes FROM body_total').get()?.['bytes']
    const bytes = total()
    other.exec(failWrites)
    const heads = [{ no: 2, head: Buffer.from('head 2') }]
    const bodies = [{ no: 2, body: Buffer.from('body 2') }]
    const change = firstCommit({ expectedVersion: 1, state: Buffer.from('new'), heads, bodies })
    await t.rejects(store.commit('log', change), { message: 'database or disk is full' })
    t.same(await store.load('log'), before)
    t.same(await store.readBody('log', 1), Buffer.from('body 1'))
    t.equal(total(), bytes)
    other.exec('DROP TRIGGER full')
    t.equal(await store.commit('log', change), true, 'the same commit can be made later')
    t.same(await store.readBody('log', 2), Buffer.from('body 2'))
  }
)

t.test('trouble(): from the first failed write to the next good one, told once each', async t => {
  const changes: (string | undefined)[] = []
  const { store, file } = open(t, { onTrouble: trouble => changes.push(trouble) })
  const other = connect(t, file)
  t.equal(store.trouble(), undefined)
  other.exec(failWrites)
  await t.rejects(store.writeBody('log', 1, Buffer.alloc(1)))
  await t.rejects(store.commit('log', firstCommit()))
  const text = 'writing failed: database or disk is full'
  t.equal(store.trouble(), text)
  t.equal(await store.load('log'), undefined)
  t.equal(store.trouble(), text, 'a good read does not end the trouble of writes')
  other.exec('DROP TRIGGER full')
  t.equal(await store.commit('log', firstCommit()), true)
  t.equal(store.trouble(), undefined)
  t.same(changes, [text, undefined])
})

t.test('trouble(): a read that fails is trouble until one succeeds', async t => {
  const { store, file } = open(t)
  const other = connect(t, file)
  other.exec('ALTER TABLE heads RENAME TO lost')
  await store.commit('log', firstCommit({ heads: [] })).catch(() => {})
  await t.rejects(store.load('log'))
  t.match(store.trouble(), /^reading failed: /)
  other.exec('ALTER TABLE lost RENAME TO heads')
  await store.load('log')
  t.notMatch(store.trouble(), /reading/)
})

t.test('a closed store rejects', async t => {
  const { store } = open(t)
  await store.close()
  await t.rejects(store.load('log'))
  await t.rejects(store.commit('log', firstCommit()))
  t.match(store.trouble(), /failed/)
})

t.test(
  'a schema version this gateway does not know is refused, and the file left alone',
  async t => {
    const { store, file, ...options } = open(t)
    await store.commit('log', firstCommit())
    await store.close()
    const newer = connect(t, file)
    newer.exec('PRAGMA user_version = 7')
    t.throws(() => openSqliteStore(options), {
      message: 'feed-log.sqlite has schema version 7, newer than the 1 this gateway knows'
    })
    t.equal(newer.prepare('PRAGMA user_version').get()?.['user_version'], 7)
    t.equal(newer.prepare('SELECT count(*) AS n FROM heads').get()?.['n'], 1)
  }
)

t.test('a file that is no database is refused, and left alone', async t => {
  const dataDir = t.testdir({
    'feed-log.sqlite': 'not a database, and long enough to have a header'
  })
  t.throws(() => open(t, { dataDir }), /not a database/)
})

t.test('a data directory that cannot be made is refused', async t => {
  const file = join(t.testdir(), 'file')
  writeFileSync(file, '')
  t.throws(() => open(t, { dataDir: file }), { code: 'EEXIST' })
  t.throws(() => open(t, { dataDir: join(file, 'below') }), { code: 'ENOTDIR' })
})

t.test('a new data directory and the file in it are for their owner alone', async t => {
  const { dataDir, file } = open(t, { dataDir: join(t.testdir(), 'a', 'b') })
  t.equal(statSync(dataDir).mode & 0o777, 0o700)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(statSync(`${file}-wal`).mode & 0o777, 0o600)
})
