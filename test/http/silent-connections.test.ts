import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type ConnectionsOptions, connectionsPlugin } from '../../src/http/connections.ts'
import { O } from '../support/objects.ts'
import { head, listen, raw } from '../support/raw-http.ts'
import { buildTaxiiServer, credentials } from '../support/taxii-server.ts'

/** K2: connections on which nothing is asked give their place back, and shut nobody out. */

const request = head(`GET ${O} HTTP/1.1`, `Authorization: ${credentials}`)

async function build(
  t: Test,
  options: ConnectionsOptions,
  { requestTimeoutMs = 60_000, trustProxy = false } = {}
) {
  const server = await buildTaxiiServer(t, {
    server: { requestTimeoutMs, trustProxy },
    extend: app => void app.register(connectionsPlugin, options)
  })
  const port = await listen(server.app)
  /** Connections that say nothing and do not close their half either. */
  const silent = async (count: number, text = ''): Promise<Socket[]> => {
    const sockets = Array.from({ length: count }, () => connect({ port, allowHalfOpen: true }))
    t.teardown(() => sockets.map(socket => socket.destroy()))
    for (const socket of sockets) socket.on('error', () => {}).write(text)
    await Promise.all(sockets.map(socket => socket.connecting && once(socket, 'connect')))
    return sockets
  }
  const open = () =>
    new Promise<number>((resolve, reject) =>
      server.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
    )
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) await new Promise(setImmediate)
  }
  return { ...server, port, silent, open, until }
}

t.test('silent connections are answered 408 and gone after the time-out', async t => {
  const { port, silent, open, until } = await build(
    t,
    { maxConnections: 50 },
    { requestTimeoutMs: 1000 }
  )
  const sockets = [...(await silent(10)), ...(await silent(10, 'GET / HTTP/1.1\r\nHost: x\r\n'))]
  await until(async () => (await open()) === 20)
  const answers = sockets.map(socket => once(socket, 'data'))
  for (const [data] of await Promise.all(answers)) t.match(String(data), /^HTTP\/1\.1 408 /)
  await until(async () => (await open()) === 0)
  t.match(await raw(port, request), /^HTTP\/1\.1 200 /)
})

t.test('any number of silent connections of one address shuts nobody out', async t => {
  const { port, silent, open } = await build(t, { maxConnections: 1000, maxPerAddress: 20 })
  await silent(300)
  t.ok((await open()) <= 20)
  for (let n = 0; n < 5; n++) t.match(await raw(port, request), /^HTTP\/1\.1 200 /)
})

t.test('nor does a number that is the maximum of all', async t => {
  const { port, silent, open } = await build(t, { maxConnections: 50 })
  await silent(300)
  t.ok((await open()) <= 50)
  for (let n = 0; n < 5; n++) t.match(await raw(port, request), /^HTTP\/1\.1 200 /)
})

t.test('of the connections that are idle, the one that has been so for longest goes', async t => {
  const server = await build(t, { maxConnections: 100, maxPerAddress: 2 })
  const sockets = [...(await server.silent(1)), ...(await server.silent(1))]
  await server.until(async () => (await server.open()) === 2)
  sockets[0]!.write(`GET ${O} HTTP/1.1\r\nHost: x\r\nAuthorization: ${credentials}\r\n\r\n`)
  await server.until(async () => server.logText().includes('"request"'))
  const ended = sockets.map(async (socket, i) => {
    await once(socket.resume(), 'end')
    return i
  })
  await server.silent(1)
  t.equal(await Promise.race(ended), 1, 'not the one that was opened first')
})

t.test('a proxy that is trusted may hold more than one client may', async t => {
  const isTrusted = () => true
  const { silent, open, until } = await build(t, {
    maxConnections: 100,
    maxPerAddress: 5,
    isTrusted
  })
  await silent(40)
  await until(async () => (await open()) === 40)
  t.equal(await open(), 40)
})

t.test('connections that wait for an answer are not ended to make room', async t => {
  const server = await build(t, { maxConnections: 100, maxPerAddress: 3 })
  const read = server.records.read.bind(server.records)
  const released = Promise.withResolvers<void>()
  let reads = 0
  server.records.read = async asked => {
    reads++
    await released.promise
    return read(asked)
  }
  const answers = [1, 2, 3].map(() => raw(server.port, request))
  await server.until(async () => reads === 3)
  t.equal(await raw(server.port, request).catch(({ code }) => code), '', 'the fourth is closed')
  released.resolve()
  for (const answer of await Promise.all(answers)) t.match(answer, /^HTTP\/1\.1 200 /)
})

t.test('behind a trusted proxy the bound goes by the forwarded address of the client', async t => {
  const isTrusted = () => true
  const options = { maxConnections: 100, maxPerAddress: 3, isTrusted }
  const server = await build(t, options, { trustProxy: true })
  const read = server.records.read.bind(server.records)
  const released = Promise.withResolvers<void>()
  let reads = 0
  server.records.read = async asked => {
    reads++
    await released.promise
    return read(asked)
  }
  const from = (address: string) =>
    raw(
      server.port,
      head(`GET ${O} HTTP/1.1`, `Authorization: ${credentials}`, `X-Forwarded-For: ${address}`)
    )
  const answers = [1, 2, 3].map(() => from('203.0.113.7'))
  await server.until(async () => reads === 3)
  const refused = await from('203.0.113.7')
  t.match(refused, /^HTTP\/1\.1 503 /)
  t.match(refused, /\r\nretry-after: 1\r\n/i)
  const other = from('203.0.113.8')
  await server.until(async () => reads === 4)
  released.resolve()
  for (const answer of await Promise.all([...answers, other])) t.match(answer, /^HTTP\/1\.1 200 /)
  t.match(await from('203.0.113.7'), /^HTTP\/1\.1 200 /, 'and its place is free again')
})
