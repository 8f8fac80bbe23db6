import t from 'tap'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { createMemoryDocuments } from '../../src/stores/memory-documents.ts'
import { documentStoreContract, firstDocuments } from '../contract/document-store.ts'
import { bodyBoundContract, logStoreContract } from '../contract/log-store.ts'

logStoreContract(t, () => createMemoryStore({ bodyMaxBytes: 64 * 1024 * 1024 }))
bodyBoundContract(t, (_t, bodyMaxBytes) => createMemoryStore({ bodyMaxBytes }))
documentStoreContract(t, () => createMemoryDocuments({ maxBytes: 64 * 1024 * 1024 }))

t.test('trouble(): repeats why memory stands in for a real store', async t => {
  const store = createMemoryStore({ bodyMaxBytes: 1000, trouble: 'no data directory' })
  t.equal(store.trouble(), 'no data directory')
})

t.test('a body that is read stays longer than one that is not', async t => {
  const store = createMemoryStore({ bodyMaxBytes: 1000 })
  await store.writeBody('log', 1, Buffer.alloc(400))
  await store.writeBody('log', 2, Buffer.alloc(400))
  await store.readBody('log', 1)
  await store.writeBody('log', 3, Buffer.alloc(400))
  t.ok(await store.readBody('log', 1))
  t.equal(await store.readBody('log', 2), undefined)
})

t.test('documents: a commit that would pass the bound is refused and changes nothing', async t => {
  const store = createMemoryDocuments({ maxBytes: 10_000 })
  const change = (expectedVersion: number, length: number) => {
    const puts = [{ table: 'events', key: 'a', value: Buffer.alloc(length) }]
    return firstDocuments({ expectedVersion, puts })
  }
  t.equal(await store.commit('space', change(0, 6000)), true)
  await t.rejects(store.commit('other', change(0, 6000)), {
    message: 'memory may hold no more than 10000 bytes of documents'
  })
  t.equal(await store.version('other'), 0)
  t.equal(await store.commit('space', change(1, 7000)), true, 'what is overwritten makes room')
  await t.rejects(store.commit('space', change(2, 10_000)))
  t.equal((await store.get('space', 'events', ['a']))[0]?.length, 7000)
  await store.drop('space')
  t.equal(await store.commit('other', change(0, 6000)), true)
})

t.test('documents: trouble() repeats why memory stands in for a real store', async t => {
  const store = createMemoryDocuments({ maxBytes: 1000, trouble: 'no data directory' })
  t.equal(store.trouble(), 'no data directory')
})
