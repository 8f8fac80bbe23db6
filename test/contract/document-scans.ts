import type { Test } from 'tap'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import type { OpenDocuments } from './open-documents.ts'

/** What every {@link DocumentStore} must do with many documents, and with keys that are unusual. */

/** A table, document by document: a scan may give one twice. */
export async function scanned(store: DocumentStore, space = 'space', table = 'events') {
  const found = new Map<string, Buffer>()
  for await (const batch of store.scan(space, table)) {
    for (const { key, value } of batch) found.set(key, value)
  }
  return found
}

/** Documents with keys from `<prefix>0` on. */
export const many = (count: number, prefix = 'key ') =>
  Array.from({ length: count }, (_, no) => ({
    table: 'events',
    key: `${prefix}${no}`,
    value: Buffer.from(`value of ${prefix}${no}`)
  }))

const oddKeys = [
  '',
  ' ',
  '\0',
  'a',
  'a\0',
  'a\0b',
  'A',
  'a ',
  'a\n',
  "'; DROP TABLE documents; --",
  '%',
  '*',
  '[a]',
  '{a}',
  ':',
  'version',
  '__proto__',
  'constructor',
  'é',
  'e\u0301',
  '\ufeff',
  '\uffff',
  '\ufffd',
  '\ud800',
  '\udfff',
  'a\ud83d',
  '\ude00a',
  '😀',
  'ÿ',
  'k'.repeat(5000)
]

export function documentScans(t: Test, open: OpenDocuments) {
  t.test('keys: any text is a key of its own', async t => {
    const store = await open(t)
    const puts = oddKeys.map((key, no) => ({ table: 'events', key, value: Buffer.from(`${no}`) }))
    await store.commit('space', { expectedVersion: 0, puts, deletes: [] })
    const values = puts.map(({ value }) => value)
    t.same(await store.get('space', 'events', oddKeys), values)
    const found = await scanned(store)
    t.equal(found.size, oddKeys.length)
    for (const { key, value } of puts) t.same(found.get(key), value)
    const deletes = puts.slice(0, 15)
    await store.commit('space', { expectedVersion: 1, puts: [], deletes })
    const left = await store.get('space', 'events', oddKeys)
    t.same(left, [...deletes.map(() => undefined), ...values.slice(15)])
  })

  t.test('size: twenty thousand documents in one commit, read, scanned and deleted', async t => {
    const store = await open(t)
    const puts = many(20_000)
    const keys = puts.map(({ key }) => key)
    t.equal(await store.commit('space', { expectedVersion: 0, puts, deletes: [] }), true)
    const values = await store.get('space', 'events', keys)
    t.ok(values.every((value, no) => value?.equals(puts[no]!.value)))
    const found = await scanned(store)
    t.equal(found.size, puts.length)
    t.ok(puts.every(({ key, value }) => found.get(key)?.equals(value)))
    const deletes = puts.slice(1)
    t.equal(await store.commit('space', { expectedVersion: 1, puts: [], deletes }), true)
    t.same([...(await scanned(store)).keys()], keys.slice(0, 1))
  })

  t.test('scan: one table of one space, in batches that are not empty', async t => {
    const store = await open(t)
    const puts = many(3000)
    const others = [{ table: 'other', key: 'other', value: Buffer.alloc(0) }]
    await store.commit('space', { expectedVersion: 0, puts: [...puts, ...others], deletes: [] })
    await store.commit('space2', { expectedVersion: 0, puts: many(1, 'another '), deletes: [] })
    let batches = 0
    for await (const batch of store.scan('space', 'events')) {
      t.ok(batch.length > 0)
      batches++
    }
    t.ok(batches > 1)
    t.same([...(await scanned(store)).keys()].sort(), puts.map(({ key }) => key).sort())
  })

  t.test('scan: values of several megabytes', async t => {
    const store = await open(t)
    const puts = many(8).map(({ table, key }, no) => {
      return { table, key, value: Buffer.alloc(3 * 1024 * 1024, no + 1) }
    })
    await store.commit('space', { expectedVersion: 0, puts, deletes: [] })
    const found = await scanned(store)
    t.ok(puts.every(({ key, value }) => found.get(key)?.equals(value)))
  })

  t.test('scan: complete for what stays as it is, whatever else is written meanwhile', async t => {
    const store = await open(t)
    const [stays, goes] = [many(2500, 'stays '), many(2500, 'goes ')]
    await store.commit('space', { expectedVersion: 0, puts: [...stays, ...goes], deletes: [] })
    const found = new Map<string, Buffer>()
    let expectedVersion = 1
    for await (const batch of store.scan('space', 'events')) {
      for (const { key, value } of batch) found.set(key, value)
      if (expectedVersion > 5) continue
      const puts = many(4000, `comes ${expectedVersion} `)
      const deletes = goes.splice(0, 700)
      t.equal(await store.commit('space', { expectedVersion, puts, deletes }), true)
      expectedVersion++
    }
    t.ok(expectedVersion > 1)
    t.equal(stays.filter(({ key, value }) => !found.get(key)?.equals(value)).length, 0)
  })

  t.test('scan: one that is given up, and two at a time', async t => {
    const store = await open(t)
    await store.commit('space', { expectedVersion: 0, puts: many(3000), deletes: [] })
    for await (const batch of store.scan('space', 'events')) {
      t.ok(batch.length < 3000)
      break
    }
    t.equal(await store.commit('space', { expectedVersion: 1, puts: [], deletes: [] }), true)
    const [one, two] = await Promise.all([scanned(store), scanned(store)])
    t.equal(one.size, 3000)
    t.equal(two.size, 3000)
  })
}
