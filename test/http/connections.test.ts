import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { connectionsPlugin } from '../../src/http/connections.ts'
import { taxiiType } from '../../src/taxii/negotiate.ts'
import { O } from '../support/objects.ts'
import { head, listen, raw } from '../support/raw-http.ts'
import { buildTaxiiServer, credentials } from '../support/taxii-server.ts'

const authorization = `Authorization: ${credentials}`

const build = (t: Test, maxConnections = 100) =>
  buildTaxiiServer(t, {
    extend: app => void app.register(connectionsPlugin, { maxConnections })
  })

/** A request whose connection the server is asked to keep. */
const lasting = `GET ${O} HTTP/1.1\r\nHost: gateway.example.com\r\n${authorization}\r\n\r\n`

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise(setImmediate)
}

t.test('CLIENT-14: closing ends idle connections at once', async t => {
  const server = await build(t)
  const answer = raw(await listen(server.app), lasting)
  await until(() => server.logs.length === 1)
  await server.app.close()
  t.match(await answer, /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: keep-alive\r\n/)
})

t.test('CLIENT-14: closing waits for answers under way, whose connections then end', async t => {
  const { app, records } = await build(t)
  const port = await listen(app)
  const read = records.read.bind(records)
  const released = Promise.withResolvers<void>()
  let reads = 0
  records.read = async request => {
    reads++
    await released.promise
    return read(request)
  }
  const answers = [1, 2, 3].map(() => raw(port, lasting))
  await until(() => reads === 3)
  const closed = app.close()
  await until(() => !app.server.listening)
  released.resolve()
  for (const answer of await Promise.all(answers)) {
    const [top, body] = answer.split('\r\n\r\n')
    t.match(top, /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: close\r\n/)
    t.equal(JSON.parse(body!).objects.length, 9)
  }
  await closed
})

t.test('CLIENT-14: closing waits for all answers that one connection was asked for', async t => {
  const { app, records } = await build(t)
  const read = records.read.bind(records)
  const released = Promise.withResolvers<void>()
  let reads = 0
  records.read = async request => {
    reads++
    await released.promise
    return read(request)
  }
  const answers = raw(await listen(app), lasting + lasting)
  await until(() => reads === 2)
  const closed = app.close()
  await until(() => !app.server.listening)
  released.resolve()
  t.equal((await answers).match(/HTTP\/1\.1 200 /g)?.length, 2)
  await closed
})

t.test('CLIENT-14: closing lets an answer that is being read be read to its end', async t => {
  const { app, records } = await build(t)
  const chunks = Array(32).fill(Buffer.alloc(1_000_000, ' '))
  const read = records.read.bind(records)
  records.read = async request => ({ ...(await read(request)), chunks })
  const socket = connect(await listen(app), '127.0.0.1')
  socket.write(lasting)
  await once(socket, 'readable')
  const closed = app.close()
  await until(() => !app.server.listening)
  t.ok((await text(socket)).length > 32_000_000)
  await closed
})

t.test('one connection too many is closed, and idle ones make room for the next', async t => {
  const server = await build(t, 1)
  const port = await listen(server.app)
  const idle = raw(port, lasting)
  await until(() => server.logs.length === 1)
  t.equal(await raw(port, '').catch(({ code }) => code), '', 'nothing is answered')
  t.match(await idle, /^HTTP\/1\.1 200 /, 'the idle connection has ended')
  t.match(await raw(port, head(`GET ${O} HTTP/1.1`, authorization)), /^HTTP\/1\.1 200 /)
})

t.test('H-8: a flood of headers and an endless URL are refused with an error resource', async t => {
  const { app } = await build(t)
  const port = await listen(app)
  const flood = Array.from({ length: 5000 }, (_, n) => `X-Header-${n}: ${n}`)
  for (const request of [
    head(`GET ${O} HTTP/1.1`, authorization, ...flood),
    head(`GET ${O} HTTP/1.1`, `X-Long: ${'x'.repeat(100_000)}`),
    head(`GET ${O}?x=${'x'.repeat(100_000)} HTTP/1.1`, authorization)
  ]) {
    const answer = await raw(port, request)
    const [top, body] = answer.split('\r\n\r\n')
    t.match(top, /^HTTP\/1\.1 431 /)
    t.match(top, `content-type: ${taxiiType}`)
    t.equal(JSON.parse(body!).http_status, '431')
  }
})

t.test('H-8: a segment too long for any id is 414', async t => {
  const { app } = await build(t)
  const answer = await raw(
    await listen(app),
    head(`GET ${O}${'x'.repeat(5000)}/ HTTP/1.1`, authorization)
  )
  t.match(answer, /^HTTP\/1\.1 414 [\s\S]*"http_status":"414"/)
})
