import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { systemClock } from '../../src/kernel/ports.ts'
import { failure } from '../support/failure.ts'
import { fakeServer, json, reset, type Script, silence, text } from '../support/fake-server.ts'
import { caller, callerOf, clientOf, summingMeter } from '../support/sekoia-client.ts'

/** Trouble of Sekoia is waited out (issue: clients that cannot retry), and Sekoia is spared meanwhile (K6, K9). */

const request = { feedId: 'd6092c37-d8d7-45c3-8aff-c4dc26030608', types: [], limit: 2000 }
const page = json({ items: [], next_cursor: 'c' })
const html = { headers: { 'content-type': 'text/html' } }
const failing = (status: number) => text('<html>down</html>', { status })

/** Answers by key: those of `names` fail. */
const failingFor =
  (names: readonly string[], script: Script): Script =>
  (incoming, response) => {
    const name = incoming.headers.authorization!.replace('Bearer key-of-', '')
    const answer = names.includes(name) ? script : page
    answer(incoming, response)
  }

t.test('within its patience a call is tried again, however often it fails', async t => {
  const scripts = [failing(503), failing(500), reset, text('<html>', html), failing(502)]
  for (const script of scripts) {
    const server = await fakeServer(t, ...Array(12).fill(script), page)
    const client = clientOf(t, server.url, { maxAttempts: 1, patienceMs: 10_000 })
    t.equal((await client.page(caller, request)).nextCursor, 'c')
    t.equal(server.requests.length, 13)
  }
})

t.test('once patience is over the failure is told', async t => {
  const server = await fakeServer(t, failing(503))
  const client = clientOf(t, server.url, { maxAttempts: 1, patienceMs: 1000, backoffMs: 5 })
  await t.rejects(client.page(caller, request), failure('unavailable', { cause: { status: 503 } }))
  t.ok(server.requests.length > 2)
})

t.test('what is given up is asked once, and its failures count for no breaker', async t => {
  const server = await fakeServer(t, ...Array(5).fill(failing(503)), page)
  const client = clientOf(t, server.url, { patienceMs: 10_000, breakerFailures: 2 })
  const ahead = { ...caller, givesUp: true }
  for (let calls = 1; calls <= 5; calls++) {
    await t.rejects(client.page(ahead, request), failure('unavailable', { cause: { status: 503 } }))
    t.equal(server.requests.length, calls)
  }
  t.equal(client.health().keysLeftAlone, 0)
  t.equal((await client.page(ahead, request)).nextCursor, 'c')
})

t.test(
  'what is given up does not wait where Sekoia limits the rate, and asks nothing meanwhile',
  async t => {
    const limited = text('slow down', { status: 429, headers: { 'retry-after': '1' } })
    const server = await fakeServer(t, limited, page)
    const client = clientOf(t, server.url, { patienceMs: 10_000 })
    const ahead = { ...caller, givesUp: true }
    await t.rejects(client.page(ahead, request), failure('unavailable', { cause: { status: 429 } }))
    await t.rejects(client.page(ahead, request), failure('unavailable', { cause: { status: 429 } }))
    t.equal(server.requests.length, 1)
    t.equal((await client.page(caller, request)).nextCursor, 'c', 'whoever waits is served')
  }
)

t.test('a call waits for the trial of a server that is left alone, and is not refused', async t => {
  const server = await fakeServer(t, ...Array(4).fill(failing(503)), page)
  const warnings: string[] = []
  const client = clientOf(t, server.url, {
    maxAttempts: 1,
    patienceMs: 10_000,
    breakerFailures: 2,
    breakerResetMs: 300,
    logger: { warn: (_fields, message) => warnings.push(message) }
  })
  const first = client.page(caller, request)
  while (client.health().keysLeftAlone === 0) await delay(1)
  const calls = [first, client.page(caller, request), client.page(caller, request)]
  for (const { nextCursor } of await Promise.all(calls)) t.equal(nextCursor, 'c')
  t.equal(server.requests.length, 4 + 3, 'one trial at a time')
  t.same(warnings, ['Sekoia is left alone'])
  t.equal(client.health().keysLeftAlone, 0)
})

t.test('left alone beyond its patience, a call is told when to come again', async t => {
  const server = await fakeServer(t, failing(503))
  const client = clientOf(t, server.url, {
    maxAttempts: 1,
    breakerFailures: 2,
    breakerResetMs: 30_000
  })
  for (let i = 0; i < 2; i++)
    await t.rejects(
      client.page(caller, request),
      failure('unavailable', { cause: { status: 503 } })
    )
  await t.rejects(
    client.page(caller, request),
    failure('unavailable', { retryAfterSeconds: 3, cause: { trouble: 'final' } })
  )
  t.equal(server.requests.length, 2)
})

t.test('those who walk by `next` go first when a server is tried again', async t => {
  const order: string[] = []
  let isDown = true
  const server = await fakeServer(t, (incoming, response) => {
    order.push(new URL(incoming.url!, 'http://x').searchParams.get('limit')!)
    const script = isDown ? failing(503) : page
    script(incoming, response)
  })
  const client = clientOf(t, server.url, {
    maxAttempts: 1,
    patienceMs: 10_000,
    breakerFailures: 1,
    breakerResetMs: 2000,
    maxInFlightPerKey: 1
  })
  const calls = [client.page(caller, { ...request, limit: 1 })]
  while (client.health().keysLeftAlone === 0) await delay(1)
  isDown = false
  order.length = 0
  calls.push(client.page(caller, { ...request, limit: 2 }))
  calls.push(client.page({ ...caller, continues: true }, { ...request, limit: 3 }))
  await Promise.all(calls)
  t.equal(order[0], '3')
})

t.test('what nobody waits for goes last, whenever it came (decision 0014)', async t => {
  const order: (string | null)[] = []
  const gate = Promise.withResolvers<void>()
  const server = await fakeServer(t, async (incoming, response) => {
    order.push(new URL(incoming.url!, 'http://x').searchParams.get('limit'))
    await gate.promise
    page(incoming, response)
  })
  const client = clientOf(t, server.url, { maxInFlightPerKey: 1 })
  const calls = [client.page(caller, { ...request, limit: 1 })]
  while (order.length === 0) await delay(1)
  calls.push(client.page({ ...caller, isInBackground: true }, { ...request, limit: 2 }))
  calls.push(client.page(caller, { ...request, limit: 3 }))
  gate.resolve()
  await Promise.all(calls)
  t.same(order, ['1', '3', '2'])
})

t.test('a key that fails is left alone by itself: others go on (K6)', async t => {
  for (const script of [failing(503), reset]) {
    const server = await fakeServer(t, failingFor(['alice'], script))
    const client = clientOf(t, server.url, {
      maxAttempts: 1,
      breakerFailures: 2,
      breakerResetMs: 60_000
    })
    for (let i = 0; i < 4; i++)
      await t.rejects(client.page(caller, request), failure('unavailable'))
    t.equal(server.requests.length, 2)
    t.equal((await client.page(callerOf('bob'), request)).nextCursor, 'c')
    t.match(client.health(), { breaker: 'closed', keysLeftAlone: 1, trouble: undefined })
  }
})

t.test('a host that cannot be connected to is left alone by all, and tried by one', async t => {
  const server = await fakeServer(t, page)
  const dead = server.url.replace(/\d+$/, '1')
  const meter = summingMeter()
  const client = clientOf(t, dead, {
    meter,
    maxAttempts: 1,
    breakerFailures: 2,
    breakerResetMs: 60_000
  })
  for (let i = 0; i < 3; i++) await t.rejects(client.page(caller, request), failure('unavailable'))
  await t.rejects(client.page(callerOf('bob'), request), failure('unavailable'))
  t.equal(meter.sums['upstream_requests'], 2)
  t.match(client.health(), {
    breaker: 'open',
    trouble: 'Sekoia cannot be reached',
    troubleKind: 'unreachable'
  })
})

t.test(
  'an answer that got lost is asked for again beside the first, and the first counts',
  async t => {
    const server = await fakeServer(t, silence, silence, silence, page)
    const meter = summingMeter()
    const client = clientOf(t, server.url, { meter, secondTryMs: 20 })
    t.equal((await client.page(caller, request)).nextCursor, 'c')
    t.equal(meter.sums['upstream_retries{silence}'], 3)
  }
)

t.test(
  'an answer that is only slow is waited for, and at most two are asked for at a time',
  async t => {
    let open = 0
    let most = 0
    const server = await fakeServer(t, (incoming, response) => {
      most = Math.max(most, ++open)
      response.once('close', () => open--)
      if (server.requests.length === 1) setTimeout(() => page(incoming, response), 200)
    })
    const client = clientOf(t, server.url, { secondTryMs: 30 })
    t.equal((await client.page(caller, request)).nextCursor, 'c')
    t.ok(server.requests.length > 2)
    t.ok(most <= 3, 'the one given up may still be closing')
  }
)

t.test('a Retry-After beyond the bound is cut to it, and told once (K9)', async t => {
  const now = Date.UTC(2026, 0, 1)
  for (const retryAfter of ['999999999999', new Date(now + 1e14).toUTCString()]) {
    const throttle = text('', { status: 429, headers: { 'retry-after': retryAfter } })
    const server = await fakeServer(t, throttle, throttle, page)
    const warnings: object[] = []
    let passed = 0
    const client = clientOf(t, server.url, {
      clock: { ...systemClock, now: () => now + passed },
      retryAfterMax: 900,
      logger: { warn: (fields, message) => warnings.push({ ...fields, message }) }
    })
    const told = failure('unavailable', { retryAfterSeconds: 900 })
    await t.rejects(client.page(caller, request), told)
    await t.rejects(client.page(caller, request), told)
    t.equal(server.requests.length, 1)
    passed = 900_000
    await t.rejects(client.page(caller, request), told)
    passed = 1_800_000
    t.equal((await client.page(caller, request)).nextCursor, 'c')
    t.match(warnings, [{ kept: 900, message: /upstream\.retryAfterMax/ }])
    t.equal(warnings.length, 1)
  }
})

t.test('a write reaches Sekoia once, whatever becomes of it', async t => {
  for (const script of [silence, failing(503), reset, text('', { status: 429 })]) {
    const server = await fakeServer(t, script)
    const client = clientOf(t, server.url, {
      patienceMs: 10_000,
      secondTryMs: 20,
      totalTimeoutMs: 300
    })
    const write = { target: '/v2/inthreat/feeds', endpoint: 'feeds', isWrite: true, method: 'POST' }
    await t.rejects(client.raw.ask(caller, { ...write, headers: {}, body: undefined }, () => true))
    t.equal(server.requests.length, 1)
  }
})
