import t from 'tap'
import type { Fault } from '../../src/demo/faults.ts'
import type { Simulator } from '../../src/demo/simulator.ts'
import {
  type Get,
  type Item,
  keysOf,
  native,
  nativeWorld,
  pagePath
} from '../support/native-world.ts'

/**
 * The requests of clients that exist, as they send them, with the troubles that each of them chokes on. The numbers are
 * those of the list in docs/native-api.md.
 */

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Retried at once, so that a fault that passes costs a test no time. */
const env = { UPSTREAM_BACKOFF_MS: '1' }

const passing: readonly Fault[] = [
  { kind: 'status', status: 429, retryAfterSeconds: 1 },
  { kind: 'status', status: 503 },
  { kind: 'reset' },
  { kind: 'html' },
  { kind: 'null' },
  { kind: 'truncated' },
  { kind: 'no-items' },
  { kind: 'slow', delayMs: 200 }
]

const indicator = (simulator: Simulator, value: string, type = 'domain-name'): string =>
  simulator.add({
    type: 'indicator',
    name: value,
    pattern: `[${type}:value = '${value}']`,
    x_ic_observable_types: [type]
  })[0]!

const types = ['indicator', 'relationship', 'malware', 'campaign', 'report']

/** What the connector of OpenCTI does in one run: pages, by id what they refer to, relationships one by one. */
async function connectorRun(get: Get, cursor: string): Promise<{ items: Item[]; cursor: string }> {
  const items: Item[] = []
  for (let next = cursor; ; ) {
    const page = pagePath(
      `limit=200&cursor=${encodeURIComponent(next)}&match%5Btype%5D=${types.join('%2C')}`
    )
    const { body } = await get(page)
    // A null would be taken for now, and all in between would be lost.
    if (body.next_cursor === null) throw new Error('null')
    items.push(...body.items)
    for (const item of body.items as Item[])
      for (const _ of (item['external_references'] ?? []) as unknown[]);
    await fetchRefs(get, body.items)
    if (body.next_cursor === next || body.items.length === 0) return { items, cursor: next }
    next = body.next_cursor
  }
}

async function fetchRefs(get: Get, items: readonly Item[]): Promise<void> {
  const refs = new Set(
    items.flatMap(item => [
      item['created_by_ref'] as string,
      ...((item['object_marking_refs'] ?? []) as string[]),
      ...((item['x_inthreat_sources_refs'] ?? []) as string[])
    ])
  )
  const ids = [...refs]
  for (let at = 0; at < ids.length; at += 40) {
    const { body } = await get(`${native}/objects/${ids.slice(at, at + 40).join(',')}`)
    const found = (body.items ?? [body.data]) as Item[]
    if (found.some(({ id }) => id === undefined)) throw new Error('an object without an id')
  }
  for (const { id, type } of items) {
    if (type !== 'indicator') continue
    const { body } = await get(`${native}/objects/${id}/relationships`)
    for (const { relationship } of body.items) {
      if (!relationship.source_ref || !relationship.target_ref) throw new Error('no ends')
    }
  }
}

t.test(
  '1: the sample script keeps its cursor in a file of texts, and stops at a short page',
  async t => {
    const { simulator, get } = await nativeWorld(t, { simulator: { objects: 4100 }, env })
    const counts: number[] = []
    let cursor = ''
    for (const fault of passing.slice(2, 6)) {
      simulator.faults.once({ ...fault, match: 'limit=2000' })
      simulator.clock.advance(11_000)
      const { body } = await get(pagePath(`limit=2000${cursor && `&cursor=${cursor}`}`))
      t.type(body.next_cursor, 'string', fault.kind)
      cursor = body.next_cursor
      counts.push(body.items.length)
    }
    t.same(counts, [2000, 2000, 100, 0])
  }
)

t.test('2: the connector starts at a time of its own, and ten of them cost one', async t => {
  const { simulator, get } = await nativeWorld(t, {
    simulator: { objects: 300, bloat: false },
    env
  })
  const start = base64('2020-01-01T00:00:00Z')
  const one = await connectorRun(get, start)
  const expected = simulator
    .visible()
    .filter(({ modified }) => modified > '2020-01-01T00:00:00Z')
    .filter(({ type }) => types.includes(type))
  const keys = new Set(keysOf(one.items))
  t.same(
    keysOf(expected as never).filter(key => !keys.has(key)),
    []
  )
  const [pages, others] = split(simulator)
  const second = await nativeWorld(t, { simulator: { objects: 300, bloat: false }, env })
  const runs = await Promise.all(Array.from({ length: 10 }, () => connectorRun(second.get, start)))
  for (const { items } of runs) t.same(new Set(keysOf(items)), keys)
  const [pagesOfTen, othersOfTen] = split(second.simulator)
  t.ok(pagesOfTen <= pages + 1, `${pagesOfTen} calls for pages, ${pages} of one`)
  t.ok(othersOfTen <= others, `${othersOfTen} other calls, ${others} of one`)
  simulator.clock.advance(11_000)
  t.same((await connectorRun(get, one.cursor)).items, [])

  function split({ calls }: Simulator): [number, number] {
    const isPage = ({ path }: { path: string }) => path.includes('/collections/')
    return [calls.filter(isPage).length, calls.filter(call => !isPage(call)).length]
  }
})

t.test(
  '2: the connector finishes whatever passes, and a null in an object stops no run',
  async t => {
    const { simulator, get } = await nativeWorld(t, { simulator: { objects: 250 }, env })
    simulator.edit(simulator.visible()[3]!.id, { external_references: null })
    for (const fault of passing) simulator.faults.once(fault)
    const { items } = await connectorRun(get, base64('2019-01-01T00:00:00+00:00Z'))
    t.ok(items.length > 200)
  }
)

t.test(
  '3: the Splunk app reads indicators by 300 below either root, and needs 401 for a bad key',
  async t => {
    const { simulator, get } = await nativeWorld(t, { simulator: { objects: 2000 }, env })
    const indicators = simulator.visible().filter(({ type }) => type === 'indicator').length
    for (const root of ['', '/api']) {
      let [cursor, count, size] = ['', 0, 300]
      while (size === 300) {
        const query = `match[type]=indicator&limit=300${cursor && `&cursor=${cursor}`}`
        const { body } = await get(`${root}${pagePath(query)}`)
        size = body.items.length
        count += size
        cursor = body.next_cursor
        t.type(cursor, 'string')
      }
      t.equal(count, indicators)
    }
    const wrong = await get(pagePath('match[type]=indicator&limit=300'), 'wrong')
    t.equal(wrong.status, 401)
  }
)

t.test('3, 4: revoked objects come unless they are declined', async t => {
  const { simulator, get } = await nativeWorld(t, { env })
  const id = indicator(simulator, 'gone.example')
  simulator.revoke(id)
  const has = async (query: string) =>
    (await get(pagePath(query))).body.items.some((item: Item) => item.id === id)
  t.ok(await has('match[type]=indicator&limit=300'))
  t.notOk(await has('limit=1000&include_revoked=False&skip_expired=true'))
  t.ok(await has('limit=1000&include_revoked=True&skip_expired=true'))
})

t.test(
  '4: the playbook module asks for sources by match[id], for none at the tip, and searches',
  async t => {
    const { gateway, simulator, get } = await nativeWorld(t, { env })
    const first = pagePath('limit=1000&include_revoked=False&skip_expired=true')
    for (const fault of passing.slice(0, 4))
      simulator.faults.once({ ...fault, match: 'collections' })
    const { status, body } = await get(`/api/api${first}`)
    t.equal(status, 200)
    const sources = (body.items as Item[]).flatMap(
      item => item['x_inthreat_sources_refs'] as string[]
    )
    const listed = await get(`/api${native}/objects?match[id]=${[...new Set(sources)].join(',')}`)
    t.ok(listed.body.items.length > 0)
    t.match(await get(`/api${native}/objects?match[id]=`), { status: 200, body: { items: [] } })
    const search = await gateway.send({
      method: 'POST',
      url: `/api${native}/objects/search?term=Synthetic&sort=pertinence`,
      headers: { 'content-type': 'application/json' },
      body: '{}'
    })
    t.ok(JSON.parse(search.body).items.length > 0)
  }
)

t.test('4: a look-up answers or fails within the five seconds that the module waits', async t => {
  const { simulator, get } = await nativeWorld(t, { env })
  simulator.faults.rate({ kind: 'slow', delayMs: 60_000 })
  const paths = [
    `${native}/indicators?value=a&type=url`,
    `${native}/objects/malware--1`,
    `${native}/observables`,
    '/v1/auth/validate'
  ]
  const replies = await Promise.all(paths.map(path => get(path)))
  t.same(
    replies.map(({ status }) => status),
    [504, 504, 504, 504]
  )
  t.ok(replies.every(({ body }) => body.code === 'GATEWAY504'))
})

t.test('5: the feed grader asks for 10,000, and ends when its cursor comes back', async t => {
  const { simulator, get } = await nativeWorld(t, { simulator: { objects: 4100 }, env })
  let [cursor, count] = ['', 0]
  for (let i = 0; i < 10; i++) {
    const { body } = await get(pagePath(`limit=10000${cursor && `&cursor=${cursor}`}`))
    if (body.next_cursor === cursor) break
    count += body.items.length
    cursor = body.next_cursor
  }
  t.equal(count, simulator.size)
  const after = simulator.visible()[4000]!.modified.replace(/(?:\.\d+)?Z$/, 'Z')
  const { body } = await get(pagePath(`limit=10000&modified_after=${after}&match[type]=identity`))
  t.same(body.items, [])
})

t.test('6, 7, 8: look-ups have the members that clients read', async t => {
  const { gateway, simulator, get } = await nativeWorld(t, { env })
  indicator(simulator, '192.0.2.77', 'ipv4-addr')
  const value = 'value=192.0.2.77&type=ipv4-addr'
  let turn = 0
  for (const path of [
    `${native}/indicators?${value}`,
    `/api${native}/indicators?type=ipv4-addr&value=192.0.2.77`,
    `${native}/indicators/context?${value}`,
    `/api${native}/indicators/context?${value}`,
    `${native}/observables?match[value]=192.0.2.77&match[type]=ipv4-addr`,
    `${native}/observables?${value}&limit=20`
  ]) {
    simulator.faults.clear()
    simulator.faults.once(passing[turn++]!)
    const { status, body, headers } = await get(path)
    t.equal(status, 200, path)
    t.ok(body.items.length > 0, path)
    t.match(headers['content-type'], 'json')
  }
  const search = await gateway.send({
    method: 'POST',
    url: `/api${native}/observables/search?with_indicated_threats=1`,
    headers: { 'content-type': 'application/json' },
    body: '{"term":"192.0.2.77"}'
  })
  t.equal(JSON.parse(search.body).items[0].value, '192.0.2.77')
  t.equal((await get('/v1/auth/validate')).status, 200)
  t.equal((await get('/v1/apiauth/auth/validate')).status, 200)
})

t.test('6, 8: what is known is never called unknown, whatever Sekoia answers', async t => {
  const { simulator, get } = await nativeWorld(t, { env: { ...env, UPSTREAM_MAX_ATTEMPTS: '1' } })
  indicator(simulator, 'bad.example')
  const faults: readonly Fault[] = [
    ...passing.slice(1),
    { kind: 'error-object' },
    { kind: 'bad-gzip' },
    { kind: 'status', status: 500 }
  ]
  for (const fault of faults) {
    simulator.faults.rate({ ...fault, match: 'bad.example' })
    for (const path of ['indicators', 'indicators/context', 'observables']) {
      const query =
        path === 'observables' ? 'match[value]=bad.example' : 'value=bad.example&type=domain-name'
      const { status, body } = await get(`${native}/${path}?${query}`)
      t.ok(status >= 500 || body.items.length > 0, `${fault.kind} ${path} ${status}`)
    }
    simulator.faults.clear()
    simulator.clock.advance(120_000)
  }
})

t.test('9: a firewall reads a list of texts with Basic, whatever it accepts', async t => {
  const { gateway, simulator } = await nativeWorld(t, { env })
  const basic = Buffer.from(`username:${simulator.key}`).toString('base64')
  for (const accept of ['application/txt', 'text/plain', '*/*']) {
    const { statusCode, headers, body } = await gateway.send({
      url: `/api${pagePath('format=text&limit=10000&skip_expired=true&include_revoked=false')}`,
      headers: { authorization: `Basic ${basic}`, accept }
    })
    t.equal(statusCode, 200, accept)
    t.match(headers['content-type'], 'text/plain')
    t.ok(headers['cursor'])
    t.ok(body.split('\n').length > 10)
  }
})

t.test('10: the block lists of the gateway service are below /v1 and /api/v1', async t => {
  const { get } = await nativeWorld(t, { simulator: { objects: 2000, historyDays: 30 }, env })
  const { text } = await get('/v1/edl-gateway/domain-name')
  t.ok(text.length > 0)
  t.equal((await get('/api/v1/edl-gateway/domain-name')).text, text)
  t.equal((await get('/v1/edl-gateway/md5')).status, 422)
})

t.test('12: an enricher asks for the context of a value, and stops at 429', async t => {
  const { simulator, get } = await nativeWorld(t, { env })
  indicator(simulator, 'bad.example')
  simulator.faults.once({ kind: 'status', status: 429, retryAfterSeconds: 2 })
  const { status, body } = await get(
    `${native}/indicators/context?type=domain-name&value=bad.example`
  )
  t.equal(status, 200)
  t.equal(body.items[0].objects[0].type, 'indicator')
})

t.test('12: a rate limit that lasts is told with the time to come back', async t => {
  const { simulator, get } = await nativeWorld(t, { env })
  simulator.faults.rate({ kind: 'status', status: 429, retryAfterSeconds: 3600 })
  const { status, headers } = await get(`${native}/indicators/context?type=url&value=a`)
  t.equal(status, 429)
  t.ok(Number(headers['retry-after']) > 60)
})

t.test('14: the older script reads pages of 1,500 and objects by their data', async t => {
  const { simulator, get } = await nativeWorld(t, { simulator: { objects: 2000 }, env })
  const { body } = await get(pagePath('match[type]=indicator&limit=1500'))
  t.ok(body.items.length > 900)
  const { id } = body.items[0]
  simulator.faults.once({ kind: 'status', status: 504 })
  t.equal((await get(`${native}/objects/${id}`)).body.data.id, id)
})
