import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
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

function ask(t: Test, port: number, agent: Agent): Promise<IncomingMessage> {
  const headers = { authorization: credentials }
  const sent = get({ port, host: '127.0.0.1', path: O, agent, headers })
  t.teardown(() => agent.destroy())
  return once(sent, 'response').then(([answer]) => answer)
}

const keepAlive = () => new Agent({ keepAlive: true, maxSockets: 1 })

t.test('rule 14: closing ends idle connections at once', async t => {
  const { app } = await build(t)
  const answer = await ask(t, await listen(app), keepAlive())
  const ended = once(answer.socket, 'close')
  await text(answer)
  t.equal(answer.headers['connection'], 'keep-alive')
  await Promise.all([app.close(), ended])
})

t.test('rule 14: closing waits for answers under way, whose connections then end', async t => {
  const { app, records } = await build(t)
  const port = await listen(app)
  const read = records.read.bind(records)
  const asked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  let reads = 0
  records.read = async request => {
    if (++reads === 3) asked.resolve()
    await released.promise
    return read(request)
  }
  const answers = [1, 2, 3].map(() => ask(t, port, keepAlive()))
  await asked.promise
  const closed = app.close()
  while (app.server.listening) await new Promise(setImmediate)
  released.resolve()
  for (const answer of await Promise.all(answers)) {
    t.equal(answer.statusCode, 200)
    t.equal(answer.headers['connection'], 'close')
    t.equal(JSON.parse(await text(answer)).objects.length, 9)
  }
  await closed
})

t.test('rule 14: closing lets an answer that is being read be read to its end', async t => {
  const { app, records } = await build(t)
  const chunks = Array(32).fill(Buffer.alloc(1_000_000, ' '))
  const read = records.read.bind(records)
  records.read = async request => ({ ...(await read(request)), chunks })
  const answer = await ask(t, await listen(app), keepAlive())
  const ended = once(answer.socket, 'close')
  const closed = app.close()
  while (app.server.listening) await new Promise(setImmediate)
  t.ok((await text(answer)).length > 32_000_000)
  await Promise.all([closed, ended])
})

t.test('one connection too many is closed, and idle ones make room for the next', async t => {
  const { app } = await build(t, 1)
  const port = await listen(app)
  const idle = await ask(t, port, keepAlive())
  const ended = once(idle.socket, 'close')
  await text(idle)
  t.equal(await raw(port, '').catch(({ code }) => code), '', 'nothing is answered')
  await ended
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
