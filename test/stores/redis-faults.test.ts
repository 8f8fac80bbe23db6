import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { RedisStoreOptions } from '../../src/stores/redis.ts'
import { firstDocuments } from '../contract/document-store.ts'
import { firstCommit } from '../contract/log-store.ts'
import { closeStores, openRedis, redisOptions, startRedis, until } from '../support/redis.ts'

/** One trouble each: every operation ends by itself, and the store works again once Redis does. */

t.setTimeout(300_000)

const timeoutMs = 1000

const open = async (t: Test, port: number, options: Partial<RedisStoreOptions> = {}) => {
  const changes: (string | undefined)[] = []
  const onTrouble = (trouble: string | undefined) => changes.push(trouble)
  const stores = await openRedis(t, redisOptions(port, { timeoutMs, onTrouble, ...options }))
  const { log: store, documents } = stores
  const attempts = () =>
    Promise.allSettled<unknown>([
      store.load('log'),
      store.commit('log', firstCommit()),
      store.readBody('log', 1),
      store.writeBody('log', 1, Buffer.from('body 1')),
      store.drop('log'),
      documents.version('space'),
      documents.commit('space', firstDocuments()),
      documents.get('space', 'events', ['a']),
      documents.scan('space', 'events')[Symbol.asyncIterator]().next(),
      documents.lease('space', 'owner', 1000),
      documents.release('space', 'owner'),
      documents.drop('space')
    ])
  /** An operation that hangs ends the test by its timeout. */
  const allReject = async (t: Test, message: RegExp) => {
    for (const attempt of await attempts()) {
      t.match(attempt, { status: 'rejected', reason: { message } })
    }
  }
  const recovers = async (t: Test) => {
    await until(() => store.trouble() === undefined)
    t.ok((await attempts()).every(({ status }) => status === 'fulfilled'))
    t.equal(await store.commit('log', firstCommit()), true)
    t.equal((await store.load('log'))?.version, 1)
    t.equal(await documents.commit('space', firstDocuments()), true)
    t.equal(documents.trouble(), undefined)
  }
  const close = () => closeStores(stores)
  return { store, documents, close, changes, allReject, recovers }
}

t.test('down at start: opens in trouble, every operation rejects, works once it is up', async t => {
  const server = await startRedis(t)
  await server.kill()
  const { store, changes, allReject, recovers } = await open(t, server.port)
  const trouble = `connecting failed: connect ECONNREFUSED 127.0.0.1:${server.port}`
  t.equal(store.trouble(), trouble)
  await allReject(t, /^Redis is not connected: connect ECONNREFUSED/)
  await server.start()
  await recovers(t)
  t.same(changes, [trouble, undefined])
})

t.test('dies while idle: trouble is noticed without an operation, and its end too', async t => {
  const server = await startRedis(t)
  const { store, changes } = await open(t, server.port)
  await server.kill()
  await until(() => store.trouble() !== undefined)
  t.match(store.trouble(), /^connecting failed: /)
  await server.start()
  await until(() => store.trouble() === undefined)
  t.equal(changes.length, 2)
})

t.test('dies with operations under way: they reject, one change each way is told', async t => {
  const server = await startRedis(t)
  const { changes, allReject, recovers } = await open(t, server.port)
  server.pause()
  const rejected = allReject(
    t,
    /^(the connection was lost|Connection is closed\.|Redis did not answer within 1000 ms)$/
  )
  await server.kill()
  await rejected
  await allReject(t, /^Redis is not connected: /)
  await server.start()
  await recovers(t)
  t.equal(changes.length, 2)
  t.type(changes[0], 'string')
  t.equal(changes[1], undefined)
})

t.test('hangs: operations end at timeoutMs, later ones at once, and all is well after', async t => {
  const server = await startRedis(t)
  const { store, changes, allReject } = await open(t, server.port)
  server.pause()
  await allReject(t, /^Redis did not answer within 1000 ms$/)
  await until(() =>
    store.load('log').then(
      () => false,
      (error: Error) => error.message.startsWith('Redis is not connected: ')
    )
  )
  await allReject(t, /^Redis is not connected: /)
  server.resume()
  await until(() => store.trouble() === undefined)
  t.equal(changes.length, 2)
  t.equal(await store.commit('late', firstCommit()), true)
})

t.test('hangs: a commit of unknown fate is made once at most', async t => {
  const server = await startRedis(t)
  const { store } = await open(t, server.port)
  server.pause()
  await t.rejects(store.commit('log', firstCommit()))
  server.resume()
  await until(() => store.trouble() === undefined)
  const isFirst = await store.commit('log', firstCommit({ state: Buffer.from('again') }))
  const journal = await store.load('log')
  t.equal(journal?.version, 1)
  t.equal(journal?.state.toString(), isFirst ? 'again' : 'state')
})

t.test('accepts connections and never answers: opens after timeoutMs, rejects, closes', async t => {
  const sockets = new Set<Socket>()
  const silent = createServer(socket => sockets.add(socket.on('error', () => {})))
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const { port } = silent.address() as AddressInfo
  const { store, close, changes, allReject } = await open(t, port)
  t.match(store.trouble(), /^connecting failed: /)
  await allReject(t, /^Redis is not connected: /)
  await close()
  await t.rejects(store.load('log'), { message: 'the store is closed' })
  t.equal(changes.length, 1)
})

t.test('close: ends while the server hangs', async t => {
  const server = await startRedis(t)
  const { store, close } = await open(t, server.port)
  server.pause()
  const lost = t.rejects(store.load('log'))
  await t.resolves(close())
  await lost
  server.resume()
})

t.test(
  'full (noeviction): writes reject and change nothing, reads go on, room ends it',
  async t => {
    const server = await startRedis(t, ['--maxmemory-policy', 'noeviction'])
    const { store, changes } = await open(t, server.port)
    await store.commit('log', firstCommit())
    const before = await store.load('log')
    await server.call('CONFIG', 'SET', 'maxmemory', 1)
    const change = firstCommit({
      expectedVersion: 1,
      heads: [{ no: 2, head: Buffer.from('head 2') }],
      bodies: [{ no: 2, body: Buffer.from('body 2') }]
    })
    await t.rejects(store.commit('log', change), {
      message: /^OOM command not allowed when used memory > 'maxmemory'/
    })
    await t.rejects(store.writeBody('log', 1, Buffer.alloc(1)), {
      message: /^OOM command not allowed when used memory > 'maxmemory'/
    })
    t.same(await store.load('log'), before)
    t.equal(await store.readBody('log', 2), undefined)
    t.match(store.trouble(), /^writing failed: OOM /)
    await server.call('CONFIG', 'SET', 'maxmemory', 0)
    t.equal(await store.commit('log', change), true)
    t.equal(store.trouble(), undefined)
    t.equal(changes.length, 2)
  }
)

t.test('a user without the right to write bodies: a commit leaves all as it was', async t => {
  const server = await startRedis(t)
  await server.call('ACL', 'SETUSER', 'gateway', 'on', '>pass:word', '~test:*', '+@all', '-set')
  const { store } = await open(t, server.port, { username: 'gateway', password: 'pass:word' })
  await t.rejects(store.commit('log', firstCommit()), { message: /can't run this command/ })
  t.equal(await store.load('log'), undefined)
  t.match(store.trouble(), /^writing failed: /)
  await server.call('ACL', 'SETUSER', 'gateway', '+set')
  t.equal(await store.commit('log', firstCommit()), true)
  t.equal(store.trouble(), undefined)
})

t.test('made a replica: writes reject until it is a master again', async t => {
  const server = await startRedis(t)
  const { store, recovers } = await open(t, server.port)
  await server.call('REPLICAOF', '127.0.0.1', 1)
  await t.rejects(store.commit('log', firstCommit()), { message: /^READONLY / })
  await server.call('REPLICAOF', 'NO', 'ONE')
  await recovers(t)
})

t.test('a wrong password: trouble that does not repeat it, until it is right', async t => {
  const server = await startRedis(t)
  const url = `redis://gateway:correct%2Fhorse@127.0.0.1:${server.port}`
  const { store, allReject, recovers, changes } = await open(t, server.port, { url })
  t.match(store.trouble(), /^connecting failed: WRONGPASS /)
  await allReject(t, /^Redis is not connected: WRONGPASS /)
  await server.call('ACL', 'SETUSER', 'gateway', 'on', '>correct/horse', '~*', '+@all')
  await recovers(t)
  t.notMatch(changes.join(), /horse/)
})

t.test('errors carry no more than a message: no command, no arguments', async t => {
  const server = await startRedis(t)
  const { store, documents } = await open(t, server.port)
  await server.call('SET', 'test:1:{log}:journal', 'not a hash')
  await server.call('SET', 'test:1:{space}:space', 'not a hash')
  for (const operation of [
    store.load('log'),
    store.commit('log', firstCommit()),
    documents.version('space'),
    documents.commit('space', firstDocuments())
  ]) {
    const error = await operation.then(
      () => undefined,
      (error: Error) => error
    )
    t.match(error?.message, /WRONGTYPE/)
    t.same(Object.keys(error!), [])
  }
})

t.test('short of memory (volatile-lru): bodies go, the journal stays whole', async t => {
  const server = await startRedis(t, ['--maxmemory-policy', 'volatile-lru'])
  await server.call('CONFIG', 'SET', 'maxmemory', 8 * 1024 * 1024)
  const { store } = await open(t, server.port)
  const count = 40
  for (let no = 1; no <= count; no++) {
    const heads = [{ no, head: Buffer.alloc(1000, no) }]
    const bodies = [{ no, body: Buffer.alloc(500_000, no) }]
    await store.commit('log', firstCommit({ expectedVersion: no - 1, heads, bodies }))
  }
  const journal = await store.load('log')
  t.equal(journal?.version, count)
  t.equal(journal?.heads.length, count)
  const bodies = []
  for (let no = 1; no <= count; no++) bodies.push(await store.readBody('log', no))
  t.ok(bodies.some(body => body === undefined))
  t.ok(bodies.every((body, i) => !body || body.equals(Buffer.alloc(500_000, i + 1))))
  t.equal(store.trouble(), undefined)
})

t.test(
  'FLUSHALL: the log is gone, a commit from its version says so, it can be made anew',
  async t => {
    const server = await startRedis(t)
    const { store, changes } = await open(t, server.port)
    await store.commit('log', firstCommit())
    await server.call('FLUSHALL')
    t.equal(await store.load('log'), undefined)
    t.equal(await store.readBody('log', 1), undefined)
    t.equal(await store.commit('log', firstCommit({ expectedVersion: 1 })), false)
    t.equal(await store.commit('log', firstCommit()), true)
    t.same(changes, [])
  }
)
