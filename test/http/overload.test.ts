import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { type OverloadOptions, overloadPlugin } from '../../src/http/overload.ts'
import type { ServerOptions } from '../../src/http/server.ts'
import type { ReadRequest } from '../../src/kernel/records.ts'
import { failed, ok } from '../support/expect.ts'
import { C, M, O, R } from '../support/objects.ts'
import { head, listen } from '../support/raw-http.ts'
import { buildTaxiiServer, credentials } from '../support/taxii-server.ts'

const calm = { maxActiveRequests: 100, maxQueuedRequests: 100, maxEventLoopDelayMs: 0 }

const build = (t: Test, options: Partial<OverloadOptions>, server: Partial<ServerOptions> = {}) =>
  buildTaxiiServer(t, {
    server,
    extend: app => void app.register(overloadPlugin, { ...calm, ...options })
  })

/** From now on reads wait; each is let go by its turn in `held`. */
function hold(server: Awaited<ReturnType<typeof build>>): (() => void)[] {
  const held: (() => void)[] = []
  const read = server.records.read.bind(server.records)
  server.records.read = async (request: ReadRequest) => {
    await new Promise<void>(resolve => held.push(resolve))
    return read(request)
  }
  return held
}

/** Sends at once: an injected request that nobody waits for is not sent. */
const start = async (server: Awaited<ReturnType<typeof build>>, url: string) => server.get(url)

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise(setImmediate)
}

t.test('H-7: a process that falls behind refuses new work, and never a walk', async t => {
  // Any delay at all is too much.
  const server = await build(t, { maxEventLoopDelayMs: Number.MIN_VALUE })
  const { next } = ok(t, await server.get(`${O}?limit=2`))
  await until(() => server.app.isUnderPressure())
  for (const url of [O, M, `${O}?limit=2&next=`]) {
    const refused = await server.get(url)
    t.equal(failed(t, refused, 503, url)['error_code'], 'overloaded')
    t.match(refused.headers['retry-after'], /^\d+$/)
    t.equal(refused.headers['cache-control'], 'no-store')
  }
  ok(t, await server.get(`${O}?limit=2&next=${next}`))
  for (const url of ['/taxii2/', R, `${R}collections/`, C]) ok(t, await server.get(url), url)
  failed(t, await server.get(O, { authorization: undefined }), 401)
})

t.test('when all places are taken requests wait, when the queue is full they are 503', async t => {
  const server = await build(t, { maxActiveRequests: 1, maxQueuedRequests: 1 })
  const { next } = ok(t, await server.get(`${O}?limit=2`))
  const held = hold(server)
  const active = start(server, O)
  await until(() => held.length === 1)
  const queued = start(server, O)
  const walking = start(server, `${O}?limit=2&next=${next}`)
  failed(t, await server.get(O), 503)
  ok(t, await server.get(`${R}collections/`), 'light requests have no part in it')
  held[0]!()
  ok(t, await active)
  await until(() => held.length === 2)
  held[1]!()
  ok(t, await walking)
  await until(() => held.length === 3)
  held[2]!()
  ok(t, await queued)
})

t.test('a place is given back after a failure, and when the client has gone', async t => {
  const server = await build(t, { maxActiveRequests: 1, maxQueuedRequests: 1 })
  for (let n = 0; n < 3; n++) failed(t, await server.get(`${O}?limit=0`), 400)
  const port = await listen(server.app)
  const held = hold(server)
  const active = connect(port, '127.0.0.1')
  active.write(head(`GET ${O} HTTP/1.1`, `Authorization: ${credentials}`))
  await until(() => held.length === 1)
  const queued = start(server, O)
  active.destroy()
  await until(() => held.length === 2)
  held[1]!()
  ok(t, await queued)
  for (const release of held) release()
})

t.test('H-10: who waits too long for a place gets 504, and one log line', async t => {
  const server = await build(t, { maxActiveRequests: 1 }, { handlerTimeoutMs: 30 })
  hold(server)
  for (const answer of await Promise.all([start(server, O), start(server, O)]))
    failed(t, answer, 504)
  t.match(server.logs, [{ outcome: 'timeout' }, { outcome: 'timeout' }])
  t.equal(server.logs.length, 2)
  t.notMatch(server.logText(), 'already sent')
})
