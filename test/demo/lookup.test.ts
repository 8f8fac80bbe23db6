import t from 'tap'
import type { Simulator } from '../../src/demo/simulator.ts'
import { type Item, request, simulate } from './client.ts'

interface Listing {
  items: Item[]
  total: number
  has_more: boolean
  message?: string
}

const read = async <T = Listing>(simulator: Simulator, path: string, init?: RequestInit) => {
  const response = await request(simulator, path, init)
  return { status: response.status, body: (await response.json()) as T }
}
const native = '/v2/inthreat'
const lookUp = (value: string, type: string): string => `?${new URLSearchParams({ value, type })}`

/** Indicators with one value, that of a domain or an address. */
const indicator = (simulator: Simulator, value: string, type = 'domain-name'): string =>
  simulator.add({
    type: 'indicator',
    name: value,
    pattern: `[${type}:value = '${value}']`,
    x_ic_observable_types: [type]
  })[0]!

const link = (simulator: Simulator, source: string, target: string, members: object = {}): string =>
  simulator.add({ type: 'relationship', source_ref: source, target_ref: target, ...members })[0]!

const firstOf = (simulator: Simulator, type: string): string =>
  simulator.visible().find(object => object.type === type)!.id

t.test(
  'item 24: a value is found in every indicator that has it, and an unknown one in none',
  async t => {
    const simulator = await simulate(t, { objects: 2000 })
    const indicators = simulator.visible().filter(({ type }) => type === 'indicator')
    const values = new Map<string, Set<string>>()
    for (const { id } of indicators) {
      const { pattern, x_ic_observable_types: types } = simulator.get(id)!
      const [, value] = /^\[ipv4-addr:value = '(.+)'\]$/.exec(String(pattern)) ?? []
      if (value && String(types) === 'ipv4-addr') {
        values.set(value, (values.get(value) ?? new Set()).add(id))
      }
    }
    t.ok(values.size > 5)
    for (const [value, ids] of values) {
      const { body } = await read(simulator, `${native}/indicators${lookUp(value, 'ipv4-addr')}`)
      const found = new Set(body.items.map(({ id }) => id))
      t.ok([...ids].every(id => found.has(id)))
    }
    const { status, body } = await read(
      simulator,
      `${native}/indicators${lookUp('x.invalid', 'domain-name')}`
    )
    t.same([status, body], [200, { items: [], total: 0, has_more: false }])
  }
)

t.test('item 24: each hash of a file finds its indicator, under the type file only', async t => {
  const simulator = await simulate(t)
  const [id] = simulator.add({
    type: 'indicator',
    pattern: "[file:hashes.'SHA-256' = 'aa11' OR file:hashes.MD5 = 'bb22']",
    x_ic_observable_types: ['file']
  })
  for (const hash of ['aa11', 'bb22']) {
    const { body } = await read(simulator, `${native}/indicators${lookUp(hash, 'file')}`)
    t.same(
      body.items.map(item => item.id),
      [id]
    )
    const other = await read(simulator, `${native}/indicators${lookUp(hash, 'url')}`)
    t.same(other.body.items, [])
  }
})

t.test(
  'item 24: value and type are both required; an unknown type is 400, or finds nothing',
  async t => {
    const simulator = await simulate(t)
    for (const query of ['', '?value=a', '?type=url', lookUp('a', 'nonsense')]) {
      const { status, body } = await read(simulator, `${native}/indicators/context${query}`)
      t.match([status, body], [400, { message: String, code: String }])
    }
    simulator.switches.unknownLookUpType = 'empty'
    const { body } = await read(simulator, `${native}/indicators/context${lookUp('a', 'nonsense')}`)
    t.same(body, { items: [], has_more: false })
  }
)

t.test(
  'item 24: the context of a value is one bundle for each indicator, without spec_version',
  async t => {
    const simulator = await simulate(t)
    const malware = firstOf(simulator, 'malware')
    const id = indicator(simulator, 'bad.example.com')
    const relationship = link(simulator, id, malware)
    const { body } = await read<{ items: { objects: Item[] }[]; has_more: boolean }>(
      simulator,
      `${native}/indicators/context${lookUp('bad.example.com', 'domain-name')}`
    )
    const [bundle] = body.items
    t.notOk('spec_version' in bundle!)
    const ids = bundle!.objects.map(object => object.id)
    t.same(ids.slice(0, 3), [id, malware, relationship])
    t.ok(bundle!.objects.some(({ type }) => type === 'marking-definition'))
    t.equal(new Set(ids).size, ids.length)
  }
)

t.test('item 23: a bundle has at most 100 related objects', async t => {
  const simulator = await simulate(t)
  const malware = firstOf(simulator, 'malware')
  for (let i = 0; i < 101; i++) link(simulator, indicator(simulator, `h${i}.example`), malware)
  const { body } = await read<{ objects: Item[] }>(
    simulator,
    `${native}/objects/${malware}/context`
  )
  t.equal(body.objects.filter(({ type }) => type === 'relationship').length, 100)
})

t.test(
  'item 23: relationships of an object come twenty at a time, revoked ones only when asked for',
  async t => {
    const simulator = await simulate(t)
    const malware = simulator.add({ type: 'malware' })[0]!
    const path = `${native}/objects/${malware}/relationships`
    const ids = Array.from({ length: 25 }, (_, i) =>
      link(simulator, indicator(simulator, `h${i}.example`), malware, { revoked: false })
    )
    const first = (await read(simulator, path)).body
    t.same([first.items.length, first.has_more, first.total], [20, true, 25])
    simulator.revoke(ids[0]!)
    t.equal((await read(simulator, path)).body.total, 24)
    t.equal((await read(simulator, `${path}?include_revoked=True`)).body.total, 25)
  }
)

t.test(
  'item 23: the relationships of the base are found from both ends, as a scan finds them',
  async t => {
    const simulator = await simulate(t, { objects: 4000 })
    const links = simulator.visible().filter(({ type }) => type === 'relationship')
    const ends = links.map(({ id }) => simulator.get(id)!)
    const sample = ends.filter((_, i) => i % 97 === 0)
    for (const id of sample.flatMap(end => [
      String(end['source_ref']),
      String(end['target_ref'])
    ])) {
      const expected = ends.filter(({ source_ref: source, target_ref: target }) => {
        if (source !== id && target !== id) return false
        return simulator.get(String(source === id ? target : source)) !== undefined
      })
      const { body } = await read(
        simulator,
        `${native}/objects/${id}/relationships?include_revoked=true&limit=1`
      )
      t.equal(body.total, expected.length, id)
    }
  }
)

t.test('an edit that moves a relationship moves it between the objects that have it', async t => {
  const simulator = await simulate(t)
  const id = firstOf(simulator, 'relationship')
  const from = String(simulator.get(id)!['source_ref'])
  const to = indicator(simulator, 'new.example')
  const relationshipsOf = async (object: string) => {
    const path = `${native}/objects/${object}/relationships?include_revoked=1&limit=100`
    const { body } = await read<{ items: { relationship: Item }[] }>(simulator, path)
    return body.items.map(({ relationship }) => relationship.id)
  }
  t.ok((await relationshipsOf(from)).includes(id))
  simulator.edit(id, { source_ref: to })
  t.notOk((await relationshipsOf(from)).includes(id))
  t.same(await relationshipsOf(to), [id])
})

t.test('sources of an object, and the list of all', async t => {
  const simulator = await simulate(t)
  const id = firstOf(simulator, 'indicator')
  const { body } = await read(simulator, `${native}/objects/${id}/sources`)
  t.same(
    body.items.map(item => item.id),
    simulator.get(id)!['x_inthreat_sources_refs']
  )
  const all = (await read(simulator, `${native}/sources?limit=100`)).body
  t.equal(all.items.length, 60)
  const named = await read(simulator, `${native}/sources?match[name]=${all.items[3]!['name']}`)
  t.same(
    named.body.items.map(item => item.id),
    [all.items[3]!.id]
  )
})

t.test('a file comes by the hash of its bytes, and from its own object only', async t => {
  const simulator = await simulate(t)
  const report = firstOf(simulator, 'malware')
  const sha256 = simulator.attach(report, Buffer.from('%PDF-1.7'))
  t.match(simulator.get(report), { x_inthreat_uploaded_files: [{ sha256 }] })
  const response = await request(simulator, `${native}/objects/${report}/files/${sha256}`)
  t.equal(await response.text(), '%PDF-1.7')
  t.equal(response.headers.get('content-type'), 'application/pdf')
  const other = firstOf(simulator, 'campaign')
  t.equal((await read(simulator, `${native}/objects/${other}/files/${sha256}`)).status, 404)
  t.equal(await (await request(simulator, `${native}/bundles/${sha256}`)).text(), '%PDF-1.7')
})

t.test('what indicators indicate comes as one bundle', async t => {
  const simulator = await simulate(t)
  const malware = firstOf(simulator, 'malware')
  const ids = ['a.example', 'b.example'].map(value => indicator(simulator, value))
  for (const id of ids) link(simulator, id, malware)
  link(simulator, ids[0]!, malware, { relationship_type: 'related-to' })
  const { body } = await read<{ type: string; objects: Item[] }>(
    simulator,
    `${native}/indicators/indicates-relationships`,
    { method: 'POST', body: JSON.stringify({ ids }) }
  )
  t.equal(body.type, 'bundle')
  t.equal(body.objects.filter(({ type }) => type === 'relationship').length, 2)
  t.equal(body.objects.filter(({ id }) => id === malware).length, 1)
})

t.test('observables: by value; a filter that is not known gives unrelated ones', async t => {
  const simulator = await simulate(t)
  indicator(simulator, 'bad.example.com')
  const found = await read(
    simulator,
    `${native}/observables?match[value]=bad.example.com&match[type]=domain-name`
  )
  t.match(found.body, { items: [{ type: 'domain-name', value: 'bad.example.com' }], total: 1 })
  const other = await read(
    simulator,
    `${native}/observables?match[value]=bad.example.com&match[type]=url`
  )
  t.same(other.body.items, [])
  const ignored = await read(
    simulator,
    `${native}/observables?value=bad.example.com&type=domain-name&limit=20`
  )
  t.equal(ignored.body.items.length, 20)
})

t.test('POST observables/search finds a term, with the threats when asked', async t => {
  const simulator = await simulate(t)
  const malware = firstOf(simulator, 'malware')
  link(simulator, indicator(simulator, 'bad.example.com'), malware)
  const search = (query: string, body: string) =>
    read(simulator, `${native}/observables/search${query}`, { method: 'POST', body })
  const { body } = await search('?with_indicated_threats=1', '{"term":"bad.example.com"}')
  t.match(body.items, [{ value: 'bad.example.com', x_ic_indicated_threats: [{ id: malware }] }])
  t.same((await search('', '{"term":"x.invalid"}')).body.items, [])
  t.equal((await search('', 'not JSON')).status, 400)
})

t.test('POST objects/search takes its term from the query or the body', async t => {
  const simulator = await simulate(t)
  const [id] = simulator.add({ type: 'malware', name: 'Remcos RAT' })
  const search = (query: string, body: string) =>
    read(simulator, `${native}/objects/search${query}`, { method: 'POST', body })
  t.same(
    (await search('?term=remcos&sort=pertinence', '{}')).body.items.map(o => o.id),
    [id]
  )
  t.same(
    (await search('', '{"term":"REMCOS"}')).body.items.map(o => o.id),
    [id]
  )
})

t.test('collections/relationships walks the relationships of the objects asked for', async t => {
  const simulator = await simulate(t)
  const malware = firstOf(simulator, 'malware')
  const ids = ['a.example', 'b.example', 'c.example'].map(v => indicator(simulator, v))
  const links = ids.map(id => link(simulator, id, malware))
  interface Walk {
    items: { relationship: Item; related_object: Item }[]
    next_cursor: string
  }
  const path = `${native}/collections/relationships?match[id]=${ids.join(',')}&limit=2`
  const first = (await read<Walk>(simulator, path)).body
  t.same(
    first.items.map(({ relationship }) => relationship.id),
    links.slice(0, 2)
  )
  t.equal(first.items[0]!.related_object.id, malware)
  const second = (await read<Walk>(simulator, `${path}&cursor=${first.next_cursor}`)).body
  t.same(
    second.items.map(({ relationship }) => relationship.id),
    links.slice(2)
  )
  const tip = (await read<Walk>(simulator, `${path}&cursor=${second.next_cursor}`)).body
  t.same(tip, { items: [], next_cursor: second.next_cursor })
  t.equal((await read(simulator, `${native}/collections/relationships`)).status, 400)
})

t.test('collections/observables and patterns walk the indicators of a feed', async t => {
  const simulator = await simulate(t)
  const indicators = simulator.visible().filter(({ type }) => type === 'indicator')
  const walk = async (path: string): Promise<Item[]> => {
    const items: Item[] = []
    for (let cursor = ''; ; ) {
      const page = `${path}?limit=50${cursor && `&cursor=${cursor}`}`
      const { body } = await read<{ items: Item[]; next_cursor: string }>(simulator, page)
      items.push(...body.items)
      if (body.items.length < 50) return items
      cursor = body.next_cursor
    }
  }
  t.equal((await walk(`${native}/collections/observables`)).length, indicators.length)
  const feed = simulator.putFeed({ sort_order: 'asc' })
  const patterns = await walk(`${native}/collections/${feed}/patterns`)
  const current = indicators.filter(({ id }) => simulator.get(id)!['revoked'] !== true)
  t.same(
    patterns.map(({ uuid }) => uuid),
    current.map(({ id }) => id)
  )
  t.match(patterns[0], { pattern: String, pattern_type: 'stix', revoked: false })
})

t.test('block lists hold the values in force, and refuse unknown types with 422', async t => {
  const simulator = await simulate(t, { objects: 0 })
  const until = (valid_until: string) => ({ valid_until })
  const current = indicator(simulator, '192.0.2.1', 'ipv4-addr')
  simulator.edit(current, until('2099-01-01T00:00:00Z'))
  simulator.edit(indicator(simulator, '192.0.2.2', 'ipv4-addr'), until('2020-01-01T00:00:00Z'))
  simulator.revoke(indicator(simulator, '192.0.2.3', 'ipv4-addr'))
  indicator(simulator, 'bad.example.com')
  const list = await request(simulator, '/v1/edl-gateway/ipv4')
  t.equal(await list.text(), '192.0.2.1\n')
  t.match(list.headers.get('content-type'), 'text/plain')
  t.match(await read(simulator, '/api/v1/edl-gateway/md5'), { status: 422, body: { detail: [{}] } })
})

t.test('unknown query parameters are ignored everywhere', async t => {
  const simulator = await simulate(t)
  const listed = await read(simulator, `${native}/objects?match[value]=x.invalid`)
  t.equal(listed.body.items.length, 20)
  const page = `${native}/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects?colour=blue`
  t.equal((await read(simulator, page)).body.items.length, 100)
})

t.test('return_all_fields gives pages the members that by-id answers have', async t => {
  const simulator = await simulate(t)
  const page = `${native}/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects`
  t.notOk('lang' in (await read(simulator, page)).body.items[0]!)
  t.match((await read(simulator, `${page}?return_all_fields=true`)).body.items[0], { lang: 'en' })
})

t.test('convert_network_traffic gives the far end as a pattern of its own', async t => {
  const simulator = await simulate(t, { objects: 0 })
  simulator.add({
    type: 'indicator',
    pattern: "[network-traffic:dst_ref.value = 'c2.example' AND network-traffic:dst_port = 82]",
    x_ic_observable_types: ['domain-name']
  })
  const page = `${native}/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects`
  const pattern = async (query: string) =>
    (await read(simulator, `${page}${query}`)).body.items[0]!['pattern']
  t.match(await pattern(''), /network-traffic/)
  t.equal(await pattern('?convert_network_traffic=True'), "[domain-name:value = 'c2.example']")
})

t.test('permissions: limited access opens objects by id and files, nothing else', async t => {
  const simulator = await simulate(t)
  const malware = firstOf(simulator, 'malware')
  const sha256 = simulator.attach(malware, Buffer.from('x'))
  const relationship = firstOf(simulator, 'relationship')
  simulator.putKey(simulator.key, { permissions: ['limitedIntelligence'] })
  const status = async (path: string, init?: RequestInit) =>
    (await request(simulator, path, init)).status
  t.equal(await status(`${native}/objects/${malware}`), 200)
  t.equal(await status(`${native}/objects/${malware}/files/${sha256}`), 200)
  t.equal(await status('/v1/auth/validate'), 200)
  const closed = [
    `/relationships/${relationship}`,
    '/objects',
    `/objects/${malware}/relationships`,
    `/objects/${malware}/context`,
    `/objects/${malware}/sources`,
    `/indicators${lookUp('a', 'url')}`,
    `/indicators/context${lookUp('a', 'url')}`,
    '/observables',
    '/sources',
    `/bundles/${sha256}`,
    '/collections/observables',
    `/collections/relationships?match[id]=${malware}`,
    '/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/patterns'
  ]
  for (const path of closed) t.equal(await status(`${native}${path}`), 403, path)
  t.equal(await status('/v1/edl-gateway/ipv4'), 403)
  for (const path of [
    'objects/search',
    'observables/search',
    'indicators/indicates-relationships'
  ]) {
    t.equal(await status(`${native}/${path}`, { method: 'POST', body: '{}' }), 403, path)
  }
})

t.test('item 27: each fault strikes look-ups as it strikes pages', async t => {
  const simulator = await simulate(t)
  const paths = [
    `${native}/indicators${lookUp('a', 'url')}`,
    `${native}/indicators/context${lookUp('a', 'url')}`,
    `${native}/observables`,
    `${native}/objects/${firstOf(simulator, 'malware')}/relationships`,
    '/v1/auth/validate'
  ]
  for (const path of paths) {
    const text = async () => (await request(simulator, path)).text()
    const right = await text()
    simulator.faults.once({ kind: 'null', match: path })
    t.equal(await text(), 'null')
    simulator.faults.once({ kind: 'html', match: path })
    t.match(await text(), /^<html>/)
    simulator.faults.once({ kind: 'truncated', match: path })
    t.equal(await text(), right.slice(0, right.length >> 1))
    simulator.faults.once({ kind: 'status', status: 429, retryAfterSeconds: 3, match: path })
    t.equal((await request(simulator, path)).headers.get('retry-after'), '3')
    simulator.faults.once({ kind: 'slow', delayMs: 20, match: path })
    t.equal(await text(), right)
  }
})

t.test('item 27: a page may have its items and a null cursor', async t => {
  const simulator = await simulate(t)
  simulator.faults.once({ kind: 'null-cursor' })
  const page = `${native}/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/objects`
  const { body } = await read<{ items: Item[]; next_cursor: string | null }>(simulator, page)
  t.same([body.items.length, body.next_cursor], [100, null])
})

t.test(
  'another method on a known path is 405, an unknown path 404, in the form of inthreat',
  async t => {
    const simulator = await simulate(t)
    const post = { method: 'POST' }
    t.match(await read(simulator, `${native}/indicators`, post), {
      status: 405,
      body: { code: String }
    })
    t.match(await read(simulator, `${native}/nothing`), { status: 404, body: { code: String } })
  }
)

t.test('the log of calls has the query and the body as they came', async t => {
  const simulator = await simulate(t)
  await request(simulator, `${native}/objects/search?term=a%20b&x&x=1`, {
    method: 'POST',
    body: '{}'
  })
  t.match(simulator.calls, [{ search: 'term=a%20b&x&x=1', text: '{}', status: 200 }])
})
