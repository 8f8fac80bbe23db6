import t from 'tap'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { bodyBoundContract, logStoreContract } from '../contract/log-store.ts'

logStoreContract(t, () => createMemoryStore({ bodyMaxBytes: 64 * 1024 * 1024 }))
bodyBoundContract(t, (_t, bodyMaxBytes) => createMemoryStore({ bodyMaxBytes }))

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
