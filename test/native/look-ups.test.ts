import t from 'tap'
import type { Simulator } from '../../src/demo/simulator.ts'
import { native, nativeWorld } from '../support/native-world.ts'

const indicator = (simulator: Simulator, value: string, members: object = {}): string =>
  simulator.add({
    type: 'indicator',
    name: value,
    pattern: `[domain-name:value = '${value}']`,
    x_ic_observable_types: ['domain-name'],
    ...members
  })[0]!

const byValue = (value: string, path = 'indicators') =>
  `${native}/${path}?value=${value}&type=domain-name`

/** Seconds, and those that were waited for Sekoia. */
const isAge = (text: unknown, seconds: number): boolean =>
  Number(text) >= seconds && Number(text) < seconds + 60

const callsTo = (simulator: Simulator, part: string): number =>
  simulator.calls.filter(({ path }) => path.includes(part)).length

t.test(
  'a look-up that found something serves a minute, one that did not half a minute',
  async t => {
    const { simulator, get, getDirect } = await nativeWorld(t)
    indicator(simulator, 'bad.example')
    for (const path of ['indicators', 'indicators/context']) {
      const hit = await get(byValue('bad.example', path))
      t.same(hit.body, (await getDirect(byValue('bad.example', path))).body)
      t.match(hit.headers, { 'x-cache': 'miss', age: '0' })
      simulator.calls.length = 0
      simulator.clock.advance(59_000)
      t.match((await get(byValue('bad.example', path))).headers, { 'x-cache': 'hit', age: '59' })
      t.equal(callsTo(simulator, 'indicators'), 0)
      simulator.clock.advance(1000)
      t.match((await get(byValue('bad.example', path))).headers, { 'x-cache': 'miss' })

      t.equal((await get(byValue('no.example', path))).body.items.length, 0)
      simulator.clock.advance(29_000)
      t.match((await get(byValue('no.example', path))).headers, { 'x-cache': 'hit' })
      simulator.clock.advance(1000)
      t.match((await get(byValue('no.example', path))).headers, { 'x-cache': 'miss' })
    }
  }
)

t.test('in trouble a hit stands in for an hour, and nothing is ever called unknown', async t => {
  const { simulator, get } = await nativeWorld(t, {
    env: {
      UPSTREAM_MAX_ATTEMPTS: '1',
      UPSTREAM_PATIENCE_MS: '0',
      UPSTREAM_BREAKER_FAILURES: '1000'
    }
  })
  indicator(simulator, 'bad.example')
  for (const path of ['indicators', 'indicators/context']) {
    await get(byValue('bad.example', path))
    await get(byValue('no.example', path))
    simulator.clock.advance(61_000)
    for (const kind of [
      'html',
      'null',
      'truncated',
      'error-object',
      'no-items',
      'reset'
    ] as const) {
      simulator.faults.rate({ kind, match: '/indicators' })
      const stale = await get(byValue('bad.example', path))
      t.match([stale.status, stale.headers['x-cache']], [200, 'stale'])
      t.ok(isAge(stale.headers['age'], 61))
      t.equal(stale.body.items.length, 1)
      const unknown = await get(byValue('no.example', path))
      t.ok(unknown.status >= 502, `${kind} ${unknown.status}`)
      t.match(unknown.body, { message: String, code: String })
      simulator.faults.clear()
    }
    simulator.clock.advance(3_600_000)
    simulator.faults.rate({ kind: 'html', match: '/indicators' })
    t.equal((await get(byValue('bad.example', path))).status, 502)
    simulator.faults.clear()
  }
})

t.test('news of a value, an indicator or a relationship end what is kept about it', async t => {
  const { simulator, get } = await nativeWorld(t)
  const page = `${native}/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects?limit=2000`
  await get(page)
  t.same((await get(byValue('new.example'))).body.items, [])
  simulator.clock.advance(11_000)
  const id = indicator(simulator, 'new.example', { confidence: 10 })
  await get(page)
  t.equal((await get(byValue('new.example'))).body.items[0].id, id, 'a new value')
  const context = () => get(byValue('new.example', 'indicators/context'))
  const related = () => get(`${native}/objects/${id}/relationships`)
  const one = () => get(`${native}/objects/${id}`)
  t.equal((await context()).body.items[0].objects[0].confidence, 10)
  t.equal((await related()).body.total, 0)
  t.equal((await one()).body.data.confidence, 10)
  simulator.clock.advance(11_000)
  simulator.edit(id, { confidence: 20 })
  const malware = simulator.visible().find(({ type }) => type === 'malware')!.id
  simulator.add({ type: 'relationship', source_ref: id, target_ref: malware, revoked: false })
  await get(page)
  t.equal((await context()).body.items[0].objects[0].confidence, 20, 'an edit')
  t.equal((await related()).body.total, 1, 'a relationship')
  t.equal((await one()).body.data.confidence, 20, 'an edit by id')
  simulator.clock.advance(11_000)
  simulator.edit(malware, { name: 'Renamed' })
  await get(page)
  const { objects } = (await context()).body.items[0]
  t.ok(
    objects.some((object: { name?: string }) => object.name === 'Renamed'),
    'what it indicates'
  )
})

t.test('what was changed some time ago and is read only now ends what is kept of it', async t => {
  const { simulator, get } = await nativeWorld(t)
  const page = `${native}/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects?limit=2000`
  const edited = indicator(simulator, 'edited.example', { confidence: 10 })
  const old = simulator.visible().find(({ type }) => type === 'indicator')!.id
  const malware = simulator.visible().find(({ type }) => type === 'malware')!.id
  await get(page)
  for (const path of [edited, old, `${old}/relationships`]) await get(`${native}/objects/${path}`)
  simulator.clock.advance(1000)
  simulator.edit(edited, { confidence: 20 })
  simulator.add({ type: 'relationship', source_ref: old, target_ref: malware, revoked: false })
  simulator.clock.advance(4 * 3_600_000)
  await get(page)
  simulator.faults.rate({ kind: 'html', match: '/objects/' })
  const statusOf = async (path: string) => (await get(`${native}/objects/${path}`)).status
  t.equal(await statusOf(edited), 502, 'no old copy in the place of what is known')
  t.equal(await statusOf(`${old}/relationships`), 502, 'nor one without the relationship')
})

t.test('objects by id are kept one by one: Sekoia is asked for those that are missing', async t => {
  const { simulator, get, getDirect } = await nativeWorld(t, { simulator: { objects: 300 } })
  const ids = simulator
    .visible()
    .filter(({ type }) => type === 'indicator')
    .map(({ id }) => id)
  const path = (...wanted: string[]) => `${native}/objects/${wanted.join(',')}`
  await get(path(...ids.slice(0, 10)))
  simulator.calls.length = 0
  const { body, headers } = await get(path(...ids.slice(5, 20)))
  t.same(
    body.items.map((item: { id: string }) => item.id),
    ids.slice(5, 20)
  )
  t.same(
    simulator.calls.map(call => call.path),
    [path(...ids.slice(10, 20))]
  )
  t.equal(headers['x-cache'], 'miss')
  t.match((await get(path(...ids.slice(0, 20)))).headers, { 'x-cache': 'hit' })
  t.same((await get(path(ids[3]!))).body.data.id, (await getDirect(path(ids[3]!))).body.data.id)
  simulator.clock.advance(300_000)
  t.match((await get(path(ids[3]!))).headers, { 'x-cache': 'miss' })
})

t.test('markings and identities serve a day; unknown ids half a minute', async t => {
  const { simulator, get, getDirect } = await nativeWorld(t)
  const marking = `${native}/objects/marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9`
  await get(marking)
  simulator.clock.advance(86_000_000)
  await get(`${native}/objects/${simulator.visible().find(({ type }) => type === 'indicator')!.id}`)
  simulator.calls.length = 0
  t.equal((await get(marking)).status, 200)
  t.equal(callsTo(simulator, 'marking-definition'), 0)
  const unknown = `${native}/objects/malware--00000000-0000-4000-8000-000000000000`
  const first = await get(unknown)
  t.same([first.status, first.body], [404, (await getDirect(unknown)).body])
  simulator.calls.length = 0
  t.equal((await get(unknown)).status, 404)
  t.equal(callsTo(simulator, 'malware'), 0)
  simulator.clock.advance(30_000)
  t.equal((await get(unknown)).status, 404)
  t.equal(callsTo(simulator, 'malware'), 1)
})

t.test('one unknown id hides no other, even where Sekoia refuses them together', async t => {
  const { simulator, get } = await nativeWorld(t)
  simulator.switches.unknownIds = 'not-found'
  const ids = simulator
    .visible()
    .filter(({ type }) => type === 'indicator')
    .slice(0, 5)
    .map(({ id }) => id)
  const unknown = 'malware--00000000-0000-4000-8000-000000000000'
  const { status, body } = await get(`${native}/objects/${[...ids, unknown].join(',')}`)
  t.equal(status, 200)
  t.same(
    body.items.map((item: { id: string }) => item.id),
    ids
  )
})

t.test('while Sekoia is away what is held by id is served, and marked', async t => {
  const { simulator, get } = await nativeWorld(t, { env: { UPSTREAM_MAX_ATTEMPTS: '1' } })
  const id = simulator.visible().find(({ type }) => type === 'indicator')!.id
  const paths = [`${native}/objects/${id}`, `${native}/objects/${id}/relationships`]
  for (const path of paths) await get(path)
  simulator.clock.advance(3_600_000)
  await simulator.refuse()
  for (const path of paths) {
    const { headers } = await get(path)
    t.match(headers, { 'x-cache': 'stale' })
    t.ok(isAge(headers['age'], 3600))
  }
  t.equal((await get(`${native}/objects/malware--1`)).status, 503)
})

t.test('a file is kept by its hash, and one that has another hash is no answer', async t => {
  const { simulator, get } = await nativeWorld(t)
  const id = simulator.visible().find(({ type }) => type === 'malware')!.id
  const sha256 = simulator.attach(id, Buffer.from('%PDF-1.7 report'))
  const path = `${native}/objects/${id}/files/${sha256}`
  simulator.faults.rate({ kind: 'truncated', match: '/files/' })
  t.equal((await get(path)).status, 502)
  simulator.faults.clear()
  const { text, headers } = await get(path)
  t.same([text, headers['content-type']], ['%PDF-1.7 report', 'application/pdf'])
  simulator.clock.advance(86_400_000)
  simulator.calls.length = 0
  t.equal((await get(path)).status, 200)
  t.equal(callsTo(simulator, '/files/'), 1, 'the right is asked for again')
})

t.test('many who ask at once cost one call', async t => {
  const { simulator, get } = await nativeWorld(t)
  indicator(simulator, 'bad.example')
  const ids = simulator
    .visible()
    .slice(-4)
    .map(({ id }) => id)
  for (const path of [
    byValue('bad.example'),
    byValue('bad.example', 'indicators/context'),
    `${native}/objects/${ids.filter(id => !id.startsWith('relationship')).join(',')}`,
    `${native}/objects/${ids[0]}/relationships`,
    `${native}/feeds`
  ]) {
    simulator.calls.length = 0
    const replies = await Promise.all(Array.from({ length: 10 }, () => get(path)))
    t.ok(
      replies.every(({ status }) => status === 200),
      path
    )
    t.equal(simulator.calls.length, 1, path)
  }
})

t.test(
  'block lists serve a minute, stand in for as long as there is trouble, and are never empty for it',
  async t => {
    const { simulator, get, getDirect } = await nativeWorld(t, {
      simulator: { objects: 2000, historyDays: 30 },
      env: { UPSTREAM_MAX_ATTEMPTS: '1' }
    })
    const path = '/v1/edl-gateway/domain-name'
    const first = await get(path)
    t.equal(first.text, (await getDirect(path)).text)
    t.ok(first.text.length > 0)
    simulator.calls.length = 0
    simulator.clock.advance(59_000)
    t.equal((await get(path)).text, first.text)
    t.equal(simulator.calls.length, 0)
    simulator.clock.advance(100 * 86_400_000)
    simulator.faults.rate({ kind: 'html', match: '/edl-gateway/' })
    const stale = await get(path)
    t.same([stale.text, stale.headers['x-cache']], [first.text, 'stale'])
    const never = await get('/v1/edl-gateway/ipv6')
    t.equal(never.status, 502)
    t.not(never.text, '')
  }
)
