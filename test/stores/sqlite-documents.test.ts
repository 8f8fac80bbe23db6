import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/kernel/ports.ts'
import {
  openSqliteDocuments,
  type SqliteDocumentsOptions
} from '../../src/stores/sqlite-documents.ts'
import { many, scanned } from '../contract/document-scans.ts'
import {
  documentStoreContract,
  firstDocuments,
  put,
  sharedDocumentsContract
} from '../contract/document-store.ts'

const open = (t: Test, options: Partial<SqliteDocumentsOptions> = {}) => {
  const all = { clock: systemClock, ...options, dataDir: options.dataDir ?? t.testdir() }
  const store = openSqliteDocuments(all)
  t.teardown(() => store.close())
  return { ...all, store, file: join(all.dataDir, 'documents.sqlite') }
}

/** Another connection to the store's file. */
const connect = (t: Test, file: string) => {
  const database = new DatabaseSync(file)
  t.teardown(() => database.close())
  return database
}

const failWrites = `CREATE TRIGGER full BEFORE INSERT ON documents WHEN new.key = x'62' BEGIN
  SELECT RAISE(ABORT, 'database or disk is full');
END`

const places = t.testdir()

documentStoreContract(t, t => open(t).store)
sharedDocumentsContract(t, (t, place) => open(t, { dataDir: join(places, place) }).store)

t.test('processes that write to one file lose no change of one another', async t => {
  const { store, dataDir } = open(t)
  const script = fileURLToPath(new URL('../support/document-writer.ts', import.meta.url))
  const codes = [1, 2, 3].map(async () => {
    const child = spawn(process.execPath, [script, dataDir, '40'], { stdio: 'inherit' })
    const [code] = await once(child, 'exit')
    return code
  })
  t.same(await Promise.all(codes), [0, 0, 0])
  t.same(await store.get('space', 'events', ['sum']), [Buffer.from('120')])
  t.equal(await store.version('space'), 120)
})

t.test('lease: ends at its instant, and with a clock that was set back', async t => {
  let now = Date.UTC(2026, 0, 1)
  const { store } = open(t, { clock: { now: () => now } })
  await store.lease('space', 'a', 1000)
  now += 999
  t.equal(await store.lease('space', 'b', 1000), false)
  now += 1
  t.equal(await store.lease('space', 'b', 1000), true)
  now -= 3_600_000
  t.equal(await store.lease('space', 'c', 1000), true)
})

t.test('scan: batches are bounded in documents and in bytes', async t => {
  const { store } = open(t)
  const small = many(2500)
  const large = many(5, 'large ').map(({ key }) => {
    return { table: 'large', key, value: Buffer.alloc(700_000) }
  })
  await store.commit('space', { expectedVersion: 0, puts: [...small, ...large], deletes: [] })
  const sizes = async (table: string) => {
    const found: number[] = []
    for await (const batch of store.scan('space', table)) found.push(batch.length)
    return found
  }
  t.same(await sizes('events'), [1000, 1000, 500])
  t.same(await sizes('large'), [2, 2, 1])
})

t.test('scan: holds no transaction open, and rejects when the file fails', async t => {
  const { store, file } = open(t)
  await store.commit('space', { expectedVersion: 0, puts: many(2500), deletes: [] })
  const other = connect(t, file)
  const batches = store.scan('space', 'events')[Symbol.asyncIterator]()
  await batches.next()
  const checkpoint = other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  t.match(checkpoint, { busy: 0 })
  other.exec('ALTER TABLE documents RENAME TO lost')
  await t.rejects(batches.next())
  t.match(store.trouble(), /^reading failed: /)
  other.exec('ALTER TABLE lost RENAME TO documents')
  t.equal((await scanned(store)).size, 2500)
  t.equal(store.trouble(), undefined)
})

t.test('a commit that fails half-way leaves version and documents as they were', async t => {
  const { store, file } = open(t)
  await store.commit('space', firstDocuments({ puts: [put('events', 'a', 'event a')] }))
  const other = connect(t, file)
  other.exec(failWrites)
  const change = {
    expectedVersion: 1,
    puts: [put('events', 'c', 'event c'), put('events', 'b', 'event b')],
    deletes: [{ table: 'events', key: 'a' }]
  }
  await t.rejects(store.commit('space', change), { message: 'database or disk is full' })
  t.equal(await store.version('space'), 1)
  t.same([...(await scanned(store)).keys()], ['a'])
  other.exec('DROP TRIGGER full')
  t.equal(await store.commit('space', change), true, 'the same commit can be made later')
  t.same([...(await scanned(store)).keys()].sort(), ['b', 'c'])
})

t.test('trouble(): from the first failed write to the next good one, told once each', async t => {
  const changes: (string | undefined)[] = []
  const { store, file } = open(t, { onTrouble: trouble => changes.push(trouble) })
  const other = connect(t, file)
  t.equal(store.trouble(), undefined)
  other.exec(failWrites)
  for (let i = 0; i < 3; i++) await t.rejects(store.commit('space', firstDocuments()))
  const text = 'writing failed: database or disk is full'
  t.equal(store.trouble(), text)
  t.equal(await store.version('space'), 0)
  t.equal(store.trouble(), text, 'a good read does not end the trouble of writes')
  other.exec('DROP TRIGGER full')
  t.equal(await store.commit('space', firstDocuments()), true)
  t.equal(store.trouble(), undefined)
  t.same(changes, [text, undefined])
})

t.test('a closed store rejects', async t => {
  const { store } = open(t)
  await store.close()
  await t.rejects(store.version('space'))
  await t.rejects(store.get('space', 'events', ['a']))
  await t.rejects(store.commit('space', firstDocuments()))
  await t.rejects(store.lease('space', 'a', 1000))
  await t.rejects(scanned(store))
})

t.test(
  'a schema version this gateway does not know is refused, and the file left alone',
  async t => {
    const { store, file, ...options } = open(t)
    await store.commit('space', firstDocuments())
    await store.close()
    const newer = connect(t, file)
    newer.exec('PRAGMA user_version = 7')
    t.throws(() => openSqliteDocuments(options), {
      message: 'documents.sqlite has schema version 7, newer than the 1 this gateway knows'
    })
    t.equal(newer.prepare('PRAGMA user_version').get()?.['user_version'], 7)
    t.equal(newer.prepare('SELECT count(*) AS n FROM documents').get()?.['n'], 2)
  }
)

t.test('a file that is no database, or a directory that cannot be made, is refused', async t => {
  const dataDir = t.testdir({ 'documents.sqlite': 'not a database, and long enough for a header' })
  t.throws(() => open(t, { dataDir }), /not a database/)
  const file = join(dataDir, 'file')
  writeFileSync(file, '')
  t.throws(() => open(t, { dataDir: file }), { code: 'EEXIST' })
})

t.test('a new data directory and the file in it are for their owner alone', async t => {
  const { dataDir, file } = open(t, { dataDir: join(t.testdir(), 'a', 'b') })
  t.equal(statSync(dataDir).mode & 0o777, 0o700)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.equal(statSync(`${file}-wal`).mode & 0o777, 0o600)
})
