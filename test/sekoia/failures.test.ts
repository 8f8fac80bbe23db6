import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { ApiKey } from '../../src/kernel/caller.ts'
import { CursorRefusedError, type ErrorKind, GatewayError } from '../../src/kernel/errors.ts'
import { systemClock } from '../../src/kernel/ports.ts'
import { failure } from '../support/failure.ts'
import {
  fakeServer,
  json,
  notHttp,
  partOf,
  reset,
  type Script,
  silence,
  text
} from '../support/fake-server.ts'
import { caller, callerOf, clientOf, summingMeter } from '../support/sekoia-client.ts'

const request = { feedId: 'd6092c37-d8d7-45c3-8aff-c4dc26030608', types: [], limit: 1 }
const page = json({ items: [], next_cursor: 'c' })
const html = text('<html></html>', { headers: { 'content-type': 'text/html; charset=utf-8' } })
const failing = (status: number, body = '<html>down</html>') => text(body, { status })

/** A clock that stands still but for its own sleeps, which are kept. */
function steppingClock() {
  const slept: number[] = []
  let now = Date.UTC(2024, 0, 1)
  return {
    slept,
    now: () => now,
    async sleep(ms: number) {
      slept.push(ms)
      now += ms
    }
  }
}

async function failureOf(work: Promise<unknown>): Promise<GatewayError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason
  )
  if (!(error instanceof GatewayError)) throw new Error('expected a GatewayError')
  return error
}

t.test('each refusal of Sekoia has its kind and is not asked again', async t => {
  const kinds: [number, ErrorKind][] = [
    [400, 'bad-answer'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [418, 'bad-answer'],
    [301, 'bad-answer']
  ]
  for (const [status, kind] of kinds) {
    const server = await fakeServer(t, failing(status, '{"message":"no","code":"X1"}'))
    await t.rejects(clientOf(t, server.url).page(caller, request), failure(kind))
    t.equal(server.requests.length, 1)
  }
})

t.test('a refused cursor can be told from other bad requests (U-7)', async t => {
  const server = await fakeServer(t, failing(400))
  const client = clientOf(t, server.url)
  const refused = await failureOf(client.page(caller, { ...request, cursor: 'old' }))
  t.ok(refused instanceof CursorRefusedError)
  t.match(refused.cause, { status: 400 })
  t.notOk((await failureOf(client.page(caller, request))) instanceof CursorRefusedError)
})

t.test('of what Sekoia writes in an error, its code is kept and no other text (G6)', async t => {
  const body = (code: string) => `{"message":"key-of-alice was revoked","code":"${code}"}`
  for (const [code, kept] of [
    ['T302', 'Sekoia answered 401 with T302'],
    ['INTHREAT401', 'Sekoia answered 401 with INTHREAT401'],
    ['key-of-alice', 'Sekoia answered 401'],
    ['', 'Sekoia answered 401']
  ] as const) {
    const server = await fakeServer(t, failing(401, body(code)))
    const error = await failureOf(clientOf(t, server.url).page(caller, request))
    t.equal((error.cause as Error).message, kept)
    t.notMatch(inspect(error, { depth: 9, showHidden: true }), /key-of-alice|revoked/)
  }
})

t.test('a key that cannot stand in a header is unauthorized without a call', async t => {
  const server = await fakeServer(t, page)
  for (const key of ['', 'a b', 'a\r\nb', 'é']) {
    const odd = { ...caller, key: new ApiKey(key) }
    await t.rejects(clientOf(t, server.url).page(odd, request), failure('unauthorized'))
  }
  t.same(server.requests, [])
})

t.test('what may pass is tried again: resets, cut bodies, 500, 502, 503, 504', async t => {
  const passing: [string, Script][] = [
    ['reset', reset],
    ['cut, by length', partOf('{"items":[', 'cut', { 'content-length': '500' })],
    ['cut, chunked', partOf('{"items":[', 'cut')],
    ['500', failing(500)],
    ['502', failing(502)],
    ['html', html],
    ['503', failing(503)],
    ['504', failing(504)]
  ]
  for (const [name, script] of passing) {
    const server = await fakeServer(t, script, script, page)
    const meter = summingMeter()
    const { nextCursor } = await clientOf(t, server.url, { meter }).page(caller, request)
    t.equal(nextCursor, 'c', name)
    t.equal(meter.sums['upstream_retries{transient}'], 2, name)
  }
})

t.test('after maxAttempts it is unavailable', async t => {
  for (const script of [reset, failing(503), partOf('{"items":[]', 'cut')]) {
    const server = await fakeServer(t, script)
    await t.rejects(clientOf(t, server.url).page(caller, request), failure('unavailable'))
    t.equal(server.requests.length, 3)
  }
})

t.test('a host that refuses connections is unavailable', async t => {
  const server = await fakeServer(t, page)
  const dead = server.url.replace(/\d+$/, '1')
  await t.rejects(clientOf(t, dead).page(caller, request), failure('unavailable'))
})

t.test('an unusable answer is asked for once more, then a bad answer', async t => {
  const bodies: Script[] = [
    notHttp,
    text('{"items":[{"id":'),
    text(''),
    text('{"message":"internal","code":"X"}'),
    text('{"items":[]}{}'),
    text('not gzip', { headers: { 'content-encoding': 'gzip' } }),
    text(gzipSync('{"items":[]}').subarray(0, 15), { headers: { 'content-encoding': 'gzip' } }),
    text('{"items":[]}', { headers: { 'content-encoding': 'br' } })
  ]
  for (const script of bodies) {
    const server = await fakeServer(t, script)
    await t.rejects(clientOf(t, server.url).page(caller, request), failure('bad-answer'))
    t.equal(server.requests.length, 2)
    const mended = await fakeServer(t, script, page)
    t.equal((await clientOf(t, mended.url).page(caller, request)).nextCursor, 'c')
  }
})

t.test(
  'a body beyond maxBodyBytes, sent or inflated, is a bad answer and not asked again (G9)',
  async t => {
    const long = `{"items":[],"x":"${'x'.repeat(100_000)}"}`
    const scripts = [text(long), text(gzipSync(long), { headers: { 'content-encoding': 'gzip' } })]
    for (const script of scripts) {
      const server = await fakeServer(t, script)
      const client = clientOf(t, server.url, { maxBodyBytes: 10_000 })
      await t.rejects(client.page(caller, request), failure('bad-answer'))
      t.equal(server.requests.length, 1)
    }
  }
)

t.test('silence before the headers, in the body, or beyond the deadline is a timeout', async t => {
  const cases = [
    { script: silence, limits: { headersTimeoutMs: 30 } },
    { script: partOf('{"items":[', 'silence'), limits: { bodyTimeoutMs: 30 } },
    { script: silence, limits: { totalTimeoutMs: 30 } }
  ] as const
  for (const { script, limits } of cases) {
    const server = await fakeServer(t, script)
    await t.rejects(clientOf(t, server.url, limits).page(caller, request), failure('timeout'))
    t.ok(server.requests.length <= 1, 'not asked again')
  }
})

t.test('a deadline that ends the waiting between attempts tells what went wrong', async t => {
  const server = await fakeServer(t, failing(503))
  const client = clientOf(t, server.url, { totalTimeoutMs: 50, backoffMs: 10_000 })
  await t.rejects(client.page(caller, request), failure('unavailable', { cause: { status: 503 } }))
  t.equal(server.requests.length, 1)
})

t.test('a caller who leaves ends the waiting, in flight, in the queue and before it', async t => {
  const server = await fakeServer(t, silence)
  const client = clientOf(t, server.url, { maxInFlightPerKey: 1 })
  const controller = new AbortController()
  const calls = [1, 2].map(() => client.page(caller, request, controller.signal))
  while (server.requests.length === 0) await delay(2)
  controller.abort()
  for (const call of calls) await t.rejects(call, failure('timeout'))
  await t.rejects(client.page(caller, request, controller.signal), failure('timeout'))
  t.equal(server.requests.length, 1)
  t.equal(client.health().breaker, 'closed')
})

t.test('a caller who left gives the place to the next', async t => {
  const server = await fakeServer(t, silence, page)
  const client = clientOf(t, server.url, { maxInFlightPerKey: 1 })
  const controller = new AbortController()
  const first = client.page(caller, request, controller.signal)
  const second = client.page(caller, request)
  while (server.requests.length === 0) await delay(2)
  controller.abort()
  await t.rejects(first, failure('timeout'))
  t.equal((await second).nextCursor, 'c')
})

t.test('at most maxInFlightPerKey calls of a scope at a time, first come first served', async t => {
  let running = 0
  let most = 0
  const server = await fakeServer(t, async (incoming, response) => {
    most = Math.max(most, ++running)
    await delay(5)
    running--
    page(incoming, response)
  })
  const client = clientOf(t, server.url, { maxInFlightPerKey: 1 })
  const limits = [1, 2, 3, 4, 5]
  await Promise.all(limits.map(limit => client.page(caller, { ...request, limit })))
  t.equal(most, 1)
  t.same(
    server.requests.map(url => Number(url.split('limit=')[1])),
    limits
  )
})

t.test('scopes do not wait for each other', async t => {
  const server = await fakeServer(t, silence, page)
  const client = clientOf(t, server.url, { maxInFlightPerKey: 1 })
  const leave = new AbortController()
  const stuck = client.page(caller, request, leave.signal)
  while (server.requests.length === 0) await delay(2)
  t.equal((await client.page(callerOf('bob'), request)).nextCursor, 'c')
  leave.abort()
  await t.rejects(stuck, failure('timeout'))
})

t.test('429 with Retry-After holds the work back, and then it is done', async t => {
  const throttle = (retryAfter: string) =>
    text('', { status: 429, headers: { 'retry-after': retryAfter } })
  const server = await fakeServer(t, throttle('3'), throttle('1'), throttle('0'), page)
  const clock = steppingClock()
  const meter = summingMeter()
  const client = clientOf(t, server.url, { clock, meter, maxAttempts: 1, patienceMs: 10_000 })
  t.equal((await client.page(caller, request)).nextCursor, 'c')
  t.same(clock.slept.slice(0, 2), [3000, 1000])
  t.equal(meter.sums['upstream_throttled'], 3)
})

t.test('429 without Retry-After is held back by a growing pause of our own', async t => {
  const throttle = text('', { status: 429 })
  const server = await fakeServer(t, throttle, throttle, throttle, throttle, page, throttle, page)
  const clock = steppingClock()
  const client = clientOf(t, server.url, { clock, backoffMs: 100, patienceMs: 10_000 })
  await client.page(caller, request)
  const [first, , , fourth] = clock.slept
  t.ok(first! >= 50 && first! <= 100)
  t.ok(fourth! >= 400 && fourth! <= 800)
  await client.page(caller, request)
  t.ok(clock.slept[4]! <= 100, 'an answer ends the growth')
})

t.test('a pause holds for every call of its scope', async t => {
  const throttle = text('', { status: 429, headers: { 'retry-after': '5' } })
  const server = await fakeServer(t, throttle, page)
  const clock = steppingClock()
  const gate = Promise.withResolvers<void>()
  let isPaused = false
  const sleep = async (ms: number) => {
    isPaused = true
    await gate.promise
    await clock.sleep(ms)
  }
  const client = clientOf(t, server.url, { clock: { ...clock, sleep }, patienceMs: 10_000 })
  const first = client.page(caller, request)
  while (!isPaused) await delay(2)
  const second = client.page(caller, request)
  await client.page(callerOf('bob'), request)
  t.equal(server.requests.length, 2)
  gate.resolve()
  await Promise.all([first, second])
  t.equal(server.requests.length, 4)
})

t.test(
  'a Retry-After beyond the patience of a call is told at once, for this scope alone',
  async t => {
    const now = Date.UTC(2024, 0, 1)
    const date = new Date(now + 3_600_000).toUTCString()
    const throttle = text('slow down', { status: 429, headers: { 'retry-after': date } })
    const server = await fakeServer(t, throttle, page)
    const clock = { ...systemClock, now: () => now }
    const client = clientOf(t, server.url, { clock, patienceMs: 20_000 })
    const expected = failure('unavailable', { retryAfterSeconds: 3600 })
    await t.rejects(client.page(caller, request), expected)
    await t.rejects(client.page(caller, request), expected)
    t.equal(server.requests.length, 1)
    t.equal((await client.page(callerOf('bob'), request)).nextCursor, 'c')
    t.equal(client.health().breaker, 'closed')
  }
)

t.test('a 503 with Retry-After hands it on', async t => {
  const down = text('', { status: 503, headers: { 'retry-after': '7' } })
  const server = await fakeServer(t, down)
  const failed = clientOf(t, server.url).page(caller, request)
  await t.rejects(failed, failure('unavailable', { retryAfterSeconds: 7 }))
})

t.test('a closed client is unavailable', async t => {
  const server = await fakeServer(t, page)
  const client = clientOf(t, server.url)
  await client.close()
  await t.rejects(client.page(caller, request), failure('unavailable'))
  t.same(server.requests, [])
})
