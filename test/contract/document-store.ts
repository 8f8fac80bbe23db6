import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import type { DocumentCommit, DocumentStore } from '../../src/kernel/ports.ts'
import { documentModel } from './document-model.ts'
import { documentScans } from './document-scans.ts'
import { allOf } from './log-store.ts'
import type { OpenDocuments, OpenDocumentsAt } from './open-documents.ts'

/** What every {@link DocumentStore} must do. Run by one test file per store. */

const text = (value: string) => Buffer.from(value)

export const put = (table: string, key: string, value: string) => ({
  table,
  key,
  value: text(value)
})

/** A first commit of two documents; `change` overrides parts of it. */
export const firstDocuments = (change: Partial<DocumentCommit> = {}): DocumentCommit => ({
  expectedVersion: 0,
  puts: [put('events', 'a', 'event a'), put('events', 'b', 'event b')],
  deletes: [],
  ...change
})

/** Documents as text. */
const read = async (
  store: DocumentStore,
  keys: readonly string[],
  { space = 'space', table = 'events' } = {}
) => (await store.get(space, table, keys)).map(value => value?.toString())

export function documentStoreContract(t: Test, open: OpenDocuments) {
  t.test('a space that was never committed: version 0, no documents', async t => {
    const store = await open(t)
    t.equal(await store.version('unknown'), 0)
    t.same(await store.get('unknown', 'events', ['a', 'b']), [undefined, undefined])
    for await (const batch of store.scan('unknown', 'events')) t.fail(`a batch of ${batch.length}`)
    t.equal(store.trouble(), undefined)
  })

  t.test('get: in the order of the keys, undefined where there is none', async t => {
    const store = await open(t)
    t.equal(await store.commit('space', firstDocuments()), true)
    t.equal(await store.version('space'), 1)
    const keys = ['b', 'unknown', 'a', 'b']
    t.same(await read(store, keys), ['event b', undefined, 'event a', 'event b'])
    t.same(await store.get('space', 'events', []), [])
    t.same(await read(store, ['a'], { table: 'unknown' }), [undefined])
  })

  t.test('commit: puts insert or overwrite, deletes delete, the rest stays', async t => {
    const store = await open(t)
    await store.commit('space', firstDocuments())
    const change = {
      expectedVersion: 1,
      puts: [put('events', 'b', 'a longer event b'), put('events', 'c', 'event c')],
      deletes: [
        { table: 'events', key: 'a' },
        { table: 'events', key: 'unknown' },
        { table: 'unknown', key: 'a' }
      ]
    }
    t.equal(await store.commit('space', change), true)
    t.equal(await store.version('space'), 2)
    t.same(await read(store, ['a', 'b', 'c']), [undefined, 'a longer event b', 'event c'])
  })

  t.test('commit: what is both deleted and put is put, and the last of several puts', async t => {
    const store = await open(t)
    await store.commit('space', firstDocuments())
    const puts = [put('events', 'a', 'first'), put('events', 'a', 'last')]
    const deletes = [{ table: 'events', key: 'a' }]
    await store.commit('space', { expectedVersion: 1, puts, deletes })
    t.same(await read(store, ['a']), ['last'])
  })

  t.test('commit: one without documents counts, and so does one that empties a table', async t => {
    const store = await open(t)
    t.equal(await store.commit('space', firstDocuments({ puts: [] })), true)
    t.equal(await store.version('space'), 1)
    await store.commit('space', firstDocuments({ expectedVersion: 1 }))
    const deletes = ['a', 'b'].map(key => ({ table: 'events', key }))
    t.equal(await store.commit('space', { expectedVersion: 2, puts: [], deletes }), true)
    t.equal(await store.version('space'), 3)
    t.equal(await store.commit('space', firstDocuments({ expectedVersion: 3 })), true)
    t.same(await read(store, ['a', 'b']), ['event a', 'event b'])
  })

  t.test('commit: a stale, future or repeated version changes nothing', async t => {
    const store = await open(t)
    await store.commit('space', firstDocuments())
    await store.commit('space', firstDocuments({ expectedVersion: 1 }))
    const late = {
      puts: [put('events', 'a', 'late'), put('events', 'c', 'late'), put('other', 'a', 'late')],
      deletes: [{ table: 'events', key: 'b' }]
    }
    for (const expectedVersion of [0, 1, 3]) {
      t.equal(await store.commit('space', { expectedVersion, ...late }), false)
    }
    t.equal(await store.version('space'), 2)
    t.same(await read(store, ['a', 'b', 'c']), ['event a', 'event b', undefined])
    t.same(await read(store, ['a'], { table: 'other' }), [undefined])
    t.equal(await store.commit('unknown', { expectedVersion: 4, ...late }), false)
    t.equal(await store.version('unknown'), 0)
    t.same(await read(store, ['a'], { space: 'unknown' }), [undefined])
  })

  t.test('commit: of many writers from one version exactly one wins', async t => {
    const store = await open(t)
    const writers = Array.from({ length: 20 }, (_, no) => {
      const puts = [put('events', 'winner', `${no}`), put('events', `of ${no}`, '')]
      return store.commit('space', firstDocuments({ puts }))
    })
    const results = await Promise.all(writers)
    const winner = results.indexOf(true)
    t.equal(results.filter(Boolean).length, 1)
    t.equal(await store.version('space'), 1)
    t.same(await read(store, ['winner']), [`${winner}`])
    const own = await read(
      store,
      Array.from(results, (_, no) => `of ${no}`)
    )
    t.same(
      own,
      results.map(won => (won ? '' : undefined))
    )
  })

  t.test('commit: writers that try again after a lost race lose no change', async t => {
    const store = await open(t)
    const addOne = async () => {
      for (;;) {
        const expectedVersion = await store.version('space')
        const [sum] = await read(store, ['sum'])
        const puts = [put('events', 'sum', `${Number(sum ?? 0) + 1}`)]
        if (await store.commit('space', { expectedVersion, puts, deletes: [] })) return
      }
    }
    const writers = Array.from({ length: 5 }, async () => {
      for (let i = 0; i < 5; i++) await addOne()
    })
    await Promise.all(writers)
    t.same(await read(store, ['sum']), ['25'])
    t.equal(await store.version('space'), 25)
  })

  t.test('bytes: every byte value, empty values, and one of five megabytes', async t => {
    const store = await open(t)
    const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte))
    const large = Buffer.alloc(5 * 1024 * 1024, all)
    const values = { all, empty: Buffer.alloc(0), large }
    const puts = Object.entries(values).map(([key, value]) => ({ table: 'events', key, value }))
    await store.commit('space', firstDocuments({ puts }))
    const found = await store.get('space', 'events', Object.keys(values))
    t.same(found[0], all)
    t.same(found[1], Buffer.alloc(0))
    t.ok(found[2]?.equals(large))
  })

  t.test('bytes: what is stored does not change with the caller’s buffers', async t => {
    const store = await open(t)
    const page = text('..value..')
    const value = page.subarray(2, 7)
    await store.commit('space', firstDocuments({ puts: [{ table: 'events', key: 'a', value }] }))
    page.fill('x')
    t.same(await read(store, ['a']), ['value'])
  })

  t.test('names: spaces and tables that differ in little are apart', async t => {
    const store = await open(t)
    const letters = 'abcdefghijklmnopqrstuvwxyz'
    const every = `${letters}${letters.toUpperCase()}0123456789._:-`
    const names = [every, every.toLowerCase(), 'a', 'A', 'a:', 'a:a', ':a', 'version', 'lease', '1']
    const documentOf = (space: string, table: string) => `${table} of ${space}`
    for (const space of names) {
      const puts = names.map(table => put(table, 'a', documentOf(space, table)))
      t.equal(await store.commit(space, firstDocuments({ puts })), true)
    }
    for (const space of names) {
      for (const table of names) {
        t.same(await read(store, ['a'], { space, table }), [documentOf(space, table)])
      }
      t.equal(await store.version(space), 1)
    }
  })

  t.test('lease: one owner at a time, who may renew it, until it is given back', async t => {
    const store = await open(t)
    t.equal(await store.lease('space', 'a', 60_000), true)
    t.equal(await store.lease('space', 'b', 60_000), false)
    t.equal(await store.lease('space', 'a', 60_000), true, 'the owner renews it')
    t.equal(await store.lease('other', 'b', 60_000), true, 'each space has its own')
    await store.release('space', 'b')
    t.equal(await store.lease('space', 'b', 60_000), false, 'only the owner gives it back')
    await store.release('space', 'a')
    t.equal(await store.lease('space', 'b', 60_000), true)
    t.equal(await store.lease('space', 'a', 60_000), false)
    await store.release('unknown', 'a')
    t.equal(await store.version('space'), 0, 'a lease is no commit')
  })

  t.test('lease: ends by itself, unless its owner has renewed it', async t => {
    const store = await open(t)
    t.equal(await store.lease('space', 'a', 1), true)
    t.equal(await store.lease('renewed', 'a', 1), true)
    t.equal(await store.lease('renewed', 'a', 60_000), true)
    await sleep(20)
    t.equal(await store.lease('space', 'b', 60_000), true, 'taken over')
    t.equal(await store.lease('space', 'a', 60_000), false, 'and lost')
    await store.release('space', 'a')
    t.equal(await store.lease('space', 'a', 60_000), false, 'not given back by the one before')
    t.equal(await store.lease('renewed', 'b', 60_000), false)
  })

  t.test('names: every space, and none that was dropped', async t => {
    const store = await open(t)
    t.strictSame(await allOf(store.names()), [])
    for (const space of ['a:1', 'a:2', 'b']) await store.commit(space, firstDocuments())
    await store.lease('leased', 'owner', 1000)
    await store.drop('a:1')
    t.strictSame(await allOf(store.names()), ['a:2', 'b'])
  })

  t.test('drop: forgets a space with all its tables, which can then be begun anew', async t => {
    const store = await open(t)
    const puts = [...firstDocuments().puts, put('other', 'a', 'other a')]
    await store.commit('space', firstDocuments({ puts }))
    await store.commit('space', firstDocuments({ expectedVersion: 1 }))
    await store.commit('space2', firstDocuments())
    await store.lease('space', 'a', 60_000)
    await store.drop('space')
    await store.drop('unknown')
    t.equal(await store.version('space'), 0)
    t.same(await read(store, ['a', 'b']), [undefined, undefined])
    t.equal(await store.commit('space', firstDocuments({ expectedVersion: 2 })), false)
    t.equal(await store.commit('space', firstDocuments({ puts: [] })), true)
    t.same(await read(store, ['a']), [undefined])
    t.same(await read(store, ['a'], { table: 'other' }), [undefined])
    t.same(await read(store, ['a', 'b'], { space: 'space2' }), ['event a', 'event b'])
    t.equal(await store.lease('space', 'b', 60_000), false, 'who dropped it goes on building')
  })

  t.test('close: may be called twice', async t => {
    const store = await open(t)
    await store.close()
    await t.resolves(store.close())
  })

  documentScans(t, open)
  documentModel(t, open)
}

/** What a store must do that outlives its process and is shared by several. */
export function sharedDocumentsContract(t: Test, open: OpenDocumentsAt) {
  t.test('a store that is opened again has kept versions, documents and leases', async t => {
    const store = await open(t, 'kept')
    await store.commit('space', firstDocuments())
    await store.lease('space', 'a', 60_000)
    await store.close()
    const again = await open(t, 'kept')
    t.equal(await again.version('space'), 1)
    t.same(await read(again, ['a', 'b']), ['event a', 'event b'])
    t.equal(await again.lease('space', 'b', 60_000), false)
    t.equal(await again.lease('space', 'a', 60_000), true)
    t.equal(await again.commit('space', firstDocuments({ expectedVersion: 1 })), true)
  })

  t.test('two stores at one place see the same, and one of two writers wins', async t => {
    const [one, two] = [await open(t, 'shared'), await open(t, 'shared')]
    const commits = [one.commit('space', firstDocuments()), two.commit('space', firstDocuments())]
    t.same((await Promise.all(commits)).sort(), [false, true])
    const puts = [put('events', 'a', 'from two')]
    t.equal(await two.commit('space', firstDocuments({ expectedVersion: 1, puts })), true)
    t.equal(await one.version('space'), 2)
    t.same(await read(one, ['a', 'b']), ['from two', 'event b'])
    await one.drop('space')
    t.equal(await two.version('space'), 0)
    t.same(await read(two, ['a']), [undefined])
  })

  t.test('two stores at one place: a lease holds in both', async t => {
    const [one, two] = [await open(t, 'leased'), await open(t, 'leased')]
    t.equal(await one.lease('space', 'a', 60_000), true)
    t.equal(await two.lease('space', 'b', 60_000), false)
    t.equal(await two.lease('space', 'a', 60_000), true)
    await two.release('space', 'a')
    t.equal(await one.lease('space', 'b', 1), true)
    await sleep(20)
    t.equal(await two.lease('space', 'c', 60_000), true)
    await one.release('space', 'b')
    t.equal(await one.lease('space', 'b', 60_000), false)
  })
}
