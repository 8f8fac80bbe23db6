import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Value } from 'typebox/value'
import * as schemas from '../../src/gateway/schemas.ts'
import { systemClock } from '../../src/kernel/ports.ts'
import { buildGateway, type GatewayOptions } from '../support/app.ts'
import { basic } from '../support/taxii-server.ts'

/** `/gateway/v1/`: who gets what, and what it says. */

const feed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const objects = `/sekoia/collections/${feed}/objects/`
const token = 'operator-token-of-this-test'
const operator = { authorization: `Bearer ${token}` }
const resources = {
  status: schemas.status,
  feeds: schemas.feeds,
  consumers: schemas.consumers,
  checks: schemas.checks,
  setup: schemas.setup,
  clients: schemas.clients
}
/** For the operator alone. */
const ofOperator = { history: schemas.history }

async function build(t: Test, options: GatewayOptions = {}) {
  const gateway = await buildGateway(t, {
    ...options,
    env: { OPERATOR_TOKEN: token, ...options.env }
  })
  const ask = async (name: string, headers: Record<string, string> = {}) => {
    const reply = await gateway.send({ url: `/gateway/v1/${name}`, headers })
    return reply.json()
  }
  return { ...gateway, ask }
}

t.test('each resource answers a key and the operator in the form of its schema', async t => {
  const { send, ask } = await build(t)
  await send({ url: objects })
  for (const [name, schema] of Object.entries(resources))
    for (const headers of [{}, operator]) {
      const answer = await ask(name, headers)
      t.strictSame([...Value.Errors(schema, answer)], [], name)
    }
  for (const [name, schema] of Object.entries(ofOperator)) {
    t.strictSame([...Value.Errors(schema, await ask(name, operator))], [], name)
    t.match(await ask(name), { error: { kind: 'forbidden', message: /operator/ } }, name)
  }
})

t.test('without a key or token there is nothing but 401; it is counted', async t => {
  const { send, meter } = await build(t)
  const wrong = ['', 'Bearer nobody', `Bearer ${token}x`, basic('x', token.slice(1))]
  const names = Object.keys({ ...resources, ...ofOperator })
  for (const name of names)
    for (const authorization of wrong) {
      const reply = await send({ url: `/gateway/v1/${name}`, headers: { authorization } })
      t.equal(reply.statusCode, 401, `${name} ${authorization}`)
      t.match(reply.json(), { error: { kind: 'unauthorized' } })
      t.match(reply.headers['www-authenticate'], /^Basic/)
    }
  const refused = wrong.length * names.length
  t.match(await meter.text(), `operator_refused_total{asked="gateway"} ${refused}\n`)
})

t.test('paths and methods that do not exist are refused in JSON', async t => {
  const { send } = await build(t)
  const nowhere = await send({ url: '/gateway/v1/nowhere' })
  t.equal(nowhere.statusCode, 404)
  t.match(nowhere.json(), { error: { kind: 'not-found' } })
  const posted = await send({ method: 'POST', url: '/gateway/v1/status' })
  t.equal(posted.statusCode, 405)
  t.equal(posted.headers.allow, 'GET, HEAD, OPTIONS')
  t.equal((await send({ method: 'HEAD', url: '/gateway/v1/status' })).statusCode, 200)
  t.equal((await send({ method: 'OPTIONS', url: '/gateway/v1/status' })).statusCode, 204)
})

t.test('OPS_PORT: the operator looks there, keys in public, and neither at the other', async t => {
  const { send, sendOps, simulator } = await build(t, { env: { OPS_PORT: '9090' } })
  const url = '/gateway/v1/status'
  const key = { authorization: `Bearer ${simulator.key}` }
  t.equal((await send({ url, headers: key })).statusCode, 200)
  t.equal((await send({ url, headers: operator })).statusCode, 401)
  t.equal((await sendOps({ url, headers: operator })).statusCode, 200)
  t.equal((await sendOps({ url, headers: key })).statusCode, 401)
})

t.test('answers are never stored by anybody', async t => {
  const { send } = await build(t)
  const reply = await send({ url: '/gateway/v1/feeds' })
  t.equal(reply.headers['cache-control'], 'no-store')
})

t.test('status: parts, Sekoia, store, and how many feeds, objects and consumers', async t => {
  const { send, ask, simulator } = await build(t)
  await send({ url: `${objects}?limit=1000` })
  const seen = await ask('status', operator)
  t.match(seen, {
    view: 'operator',
    phase: 'serving',
    parts: { store: 'ok', feeds: 'ok' },
    sekoia: { breaker: 'closed' },
    store: { kind: 'sqlite', isShared: true },
    feeds: { logs: 1, objects: 60, leftOut: 0 },
    consumers: { 'at-the-tip': 1, reading: 0, stuck: 0, gone: 0, refused: 0 }
  })
  t.ok(seen.residentBytes > 1_000_000)
  t.match(await ask('status'), { view: 'key', residentBytes: null, sekoia: { lastSuccess: null } })
  simulator.clock.advance(3_700_000)
  t.match(await ask('status', operator), { consumers: { gone: 1 } })
})

t.test('history: requests, objects, lag and calls to Sekoia, for every slot of a day', async t => {
  const { send, ask, simulator } = await build(t)
  await send({ url: `${objects}?limit=1000` })
  await send({ url: `${objects}?limit=x` })
  await send({ url: objects, headers: { authorization: 'Bearer nobody' } })
  simulator.clock.advance(90_000)
  const { day, month, isComplete } = await ask('history', operator)
  t.equal(isComplete, true)
  t.equal(day.slotSeconds * day.lagSeconds.length, 86_400)
  t.equal(month.slotSeconds * month.lagSeconds.length, 30 * 86_400)
  const last = (values: (number | null)[]) => values.at(-1)
  const { requests, objects: counted, lagSeconds, upstream } = day
  t.strictSame(
    [requests.served, requests.rejected, requests.refused, requests.failed].map(last),
    [1, 1, 1, 0]
  )
  t.strictSame([last(counted.given), last(counted.read)], [60, 60])
  t.ok(last(lagSeconds)! >= 90)
  t.ok(last(upstream.calls)! > 0)
  t.ok(last(upstream.medianMs)! > 0)
  const { sekoia, replicas } = await ask('status', operator)
  t.equal(sekoia.recent.calls, last(upstream.calls))
  t.equal(replicas, 1)
})

t.test('history: a gateway that starts again goes on where it ended', async t => {
  const store = { dataDir: t.testdir() }
  const first = await build(t, { store })
  await first.send({ url: objects })
  await first.close()
  const { ask, send } = await build(t, { store })
  await send({ url: objects })
  const { day } = await ask('history', operator)
  t.equal(day.requests.served.at(-1), 2)
})

t.test('feeds: what is held, how old the end is, and the first walk while it lasts', async t => {
  const { send, ask, simulator } = await build(t, {
    simulator: { objects: 600 },
    env: { FEED_LOG_PAGE_LIMIT: '100' }
  })
  await send({ url: `${objects}?limit=300` })
  const [walking] = (await ask('feeds')).feeds
  t.match(walking, { feedId: feed, title: 'Sekoia default feed', obstacle: null, isListed: true })
  const [{ endAgeSeconds, firstWalk }] = walking.logs
  t.equal(endAgeSeconds, null)
  t.ok(firstWalk.objects >= 300 && firstWalk.objects < 600)
  t.ok(firstWalk.fraction > 0 && firstWalk.fraction < 1)
  t.ok(firstWalk.secondsLeft >= 0)
  await send({ url: `${objects}?limit=1000` })
  simulator.clock.advance(25_000)
  const [{ logs }] = (await ask('feeds')).feeds
  t.match(logs, [{ objects: 600, firstWalk: null, types: [], includesRevoked: false }])
  t.ok(logs[0].endAgeSeconds >= 25)
  t.match(logs[0].newest, /^20\d\d-.*Z$/)
})

t.test('an object that comes again in a newer version is one object', async t => {
  const { send, ask, simulator } = await build(t)
  await send({ url: `${objects}?limit=1000` })
  const { id } = (await send({ url: `${objects}?limit=1` })).json().objects[0]
  simulator.edit(id)
  simulator.clock.advance(400_000)
  await send({ url: `${objects}?limit=1000` })
  const [{ logs }] = (await ask('feeds')).feeds
  t.equal(logs[0].objects, 60)
})

t.test('a feed that cannot be read says why and what to change', async t => {
  const id = '2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a'
  const { ask, send, simulator } = await build(t, { simulator: { objects: 60, feeds: [{ id }] } })
  simulator.faults.rate({ kind: 'status', status: 403, match: id })
  await send({ url: '/sekoia/collections/' })
  const { feeds } = await ask('feeds')
  t.match(
    feeds.find(({ feedId }: { feedId: string }) => feedId === id),
    { isListed: true, obstacle: { reason: 'forbidden', advice: /permission/ }, logs: [] }
  )
  const { checks } = await ask('checks')
  t.match(
    checks.find(({ name }: { name: string }) => name === 'feeds'),
    { outcome: 'warning', detail: /1 of 2 feeds cannot be read now.*permission/ }
  )
})

t.test('consumers: who, where they are, and how far behind', async t => {
  const { send, ask } = await build(t, { simulator: { objects: 600 } })
  const headers = { authorization: basic('opencti', 'sio_simulator'), 'user-agent': 'opencti/6.8' }
  const page = await send({ url: `${objects}?limit=100`, headers })
  const [consumer] = (await ask('consumers', operator)).consumers
  t.match(consumer, {
    user: 'opencti',
    userAgent: 'opencti/6.8',
    address: '127.0.0.1',
    dialect: 'taxii',
    feedId: feed,
    state: 'reading',
    objects: page.json().objects.length,
    requests: 1,
    lastStatus: 200,
    scope: /^[0-9a-f]{8}$/
  })
  t.ok(consumer.behindSeconds > 0)
  await send({ url: `${objects}?limit=1000`, headers })
  t.match((await ask('consumers')).consumers, [{ state: 'at-the-tip', behindSeconds: 0 }])
})

t.test('a MISP and a script are consumers, too', async t => {
  const { send, ask } = await build(t)
  await send({ url: '/misp/manifest.json' })
  await send({ url: `/v2/inthreat/collections/${feed}/objects?limit=10` })
  const { consumers } = await ask('consumers')
  const states = consumers.map(({ dialect, state }: Record<string, string>) => [dialect, state])
  t.strictSame(states, [
    ['native', 'reading'],
    ['misp', 'at-the-tip']
  ])
})

t.test('feeds: how far the MISP feed is, and what becomes of its indicators', async t => {
  const { send, ask } = await build(t, { simulator: { objects: 300, historyDays: 30 } })
  t.equal((await ask('feeds')).feeds[0].misp, null, 'no MISP asks for it')
  await send({ url: '/misp/manifest.json' })
  const mispOf = async () => (await ask('feeds')).feeds[0].misp
  while (!(await mispOf())?.coverage) await setImmediate()
  const { isBuilt, objectsRead, lastPublication, hashesLeftOut, coverage } = await mispOf()
  t.equal(isBuilt, true)
  t.equal(hashesLeftOut, 0)
  t.ok(objectsRead > 0)
  t.match(lastPublication, /^2026-01-15T/)
  const { live, toIds, context, outsideWindow, fallback, skipped } = coverage
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)
  t.ok(live > 0)
  t.equal(toIds + context + outsideWindow + sum(fallback) + sum(skipped), live)
})

t.test('checks: the key and its two permissions', async t => {
  // The simulator tells the machine's time in its answers.
  const { ask, simulator } = await build(t, { clock: systemClock })
  const outcomes = async () => {
    const { checks } = await ask('checks')
    const all = checks.map(({ name, outcome }: Record<string, string>) => [name, outcome])
    return Object.fromEntries(all)
  }
  t.match(await outcomes(), {
    sekoia: 'ok',
    key: 'ok',
    'permission.intelligence': 'ok',
    'permission.feeds': 'ok',
    feeds: 'ok',
    store: 'ok',
    clock: 'ok'
  })
  simulator.putKey(simulator.key, { permissions: ['viewIntelligence'] })
  t.match(await outcomes(), { 'permission.intelligence': 'ok', 'permission.feeds': 'warning' })
  simulator.putKey(simulator.key, { permissions: ['viewFeeds'] })
  t.match(await outcomes(), { 'permission.intelligence': 'failed', 'permission.feeds': 'ok' })
  t.notOk(
    (await ask('checks', operator)).checks.some(({ name }: { name: string }) => name === 'key')
  )
})

t.test('setup: every address that a client is configured with leads somewhere', async t => {
  const { ask, send } = await build(t, { env: { PUBLIC_URL: 'https://cti.example.com/feeds/' } })
  const { baseUrl, taxii, misp, native, feeds, credentials } = await ask('setup')
  t.equal(baseUrl, 'https://cti.example.com/feeds')
  t.equal(credentials.header, 'X-API-Key')
  const [{ taxiiCollection, taxiiObjects, misp: mispFeed, native: nativeFeed }] = feeds
  const addresses = [taxii.discovery, taxii.apiRoot, misp.list, taxiiCollection, taxiiObjects]
  for (const address of [...addresses, `${mispFeed}/manifest.json`, nativeFeed]) {
    t.ok(address.startsWith(`${baseUrl}/`))
    t.equal((await send({ url: address.slice(baseUrl.length) })).statusCode, 200, address)
  }
  t.equal(native.baseUrl, baseUrl)
})

t.test('text of feeds and clients stays text', async t => {
  const title = '<script>alert(1)</script>'
  const { ask, send } = await build(t, { simulator: { objects: 60, feeds: [{ title }] } })
  await send({ url: objects, headers: { 'user-agent': '<b>x</b>\u0085' } })
  const reply = await send({ url: '/gateway/v1/feeds' })
  t.match(reply.headers['content-type'], /^application\/json/)
  t.match(JSON.stringify(await ask('consumers')), '<b>x</b>')
})
