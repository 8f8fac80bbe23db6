import t from 'tap'
import { defaultFeed, type PageBody, page, pagePath, request, simulate, walk } from './client.ts'

const ids = (items: readonly { id: string }[]): string[] => items.map(item => item.id)

t.test('item 16: a custom feed is newest first by default', async t => {
  const simulator = await simulate(t, { objects: 30, feeds: [{ id: 'custom' }] })
  const first = await page(simulator, { limit: 10 }, 'custom')
  const second = await page(simulator, { limit: 30, cursor: first.next_cursor! }, 'custom')
  const down = ids(simulator.visible()).reverse()
  t.same(ids([...first.items, ...second.items]), down)
  simulator.putFeed({ id: 'custom', sort_order: 'asc' })
  t.same(ids((await page(simulator, { limit: 30 }, 'custom')).items), down.reverse())
})

t.test('item 16: latest=true forces newest first, or does nothing', async t => {
  const simulator = await simulate(t, { objects: 30 })
  const all = ids(simulator.visible())
  t.equal((await page(simulator, { latest: 'true' })).items[0]!.id, all.at(-1))
  simulator.switches.latest = 'ignore'
  t.equal((await page(simulator, { latest: 'true' })).items[0]!.id, all[0])
})

t.test('item 16: categories are ANDed, values inside one are ORed', async t => {
  const white = 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9'
  const simulator = await simulate(t, { objects: 2000 })
  const everything = await walk(simulator, { limit: 1000 })
  const source = (everything[0]!['x_inthreat_sources_refs'] as string[])[0]!
  const has = (item: Record<string, unknown>, name: string, values: string[]) =>
    values.some(value => ((item[name] ?? []) as string[]).includes(value))
  const check = async (feed: object, test: (item: Record<string, unknown>) => boolean) => {
    const id = simulator.putFeed({ ...feed, sort_order: 'asc' })
    const expected = everything.filter(test)
    t.ok(expected.length > 0)
    t.same(ids((await page(simulator, { limit: 2000 }, id)).items), ids(expected))
    t.same(ids(simulator.visible(id)), ids(expected))
  }
  await check({ tlps: [white] }, item => has(item, 'object_marking_refs', [white]))
  await check({ labels: ['c2', 'phishing'] }, item => has(item, 'labels', ['c2', 'phishing']))
  await check({ sources: [source] }, item => has(item, 'x_inthreat_sources_refs', [source]))
  await check(
    { types: ['indicator', 'malware'], tlps: [white] },
    item => /indicator|malware/.test(`${item['type']}`) && has(item, 'object_marking_refs', [white])
  )
  await check({ observable_types: ['url'] }, item => has(item, 'x_ic_observable_types', ['url']))
  await check({ include_revoked: false }, item => item['revoked'] === false)
  await check(
    { skip_expired: true },
    item => !(Date.parse(`${item['valid_until']}`) <= simulator.clock.now())
  )
})

t.test('item 16: types without relationship drop relationships', async t => {
  const simulator = await simulate(t, { feeds: [{ id: 'custom', types: ['indicator'] }] })
  const { items } = await page(simulator, { limit: 300 }, 'custom')
  t.ok(items.length > 100)
  t.ok(items.every(item => item.type === 'indicator'))
})

t.test('item 25: feeds are listed with limit, offset, term and match[id]', async t => {
  const simulator = await simulate(t, { feeds: [{ id: 'a', title: 'Alpha' }, { id: 'b' }] })
  const list = async (query: string) => {
    const response = await request(simulator, `/v2/inthreat/feeds?${query}`)
    const body = (await response.json()) as { items: { id: string }[]; total: number }
    return [ids(body.items), body.total]
  }
  t.same(await list(''), [[defaultFeed, 'a', 'b'], 3])
  t.same(await list('limit=1&offset=1'), [['a'], 3])
  t.same(await list('term=alph'), [['a'], 1])
  t.same(await list('match[id]=b,a'), [['a', 'b'], 2])
  simulator.putKey(simulator.key, { feeds: ['b'] })
  t.same(await list(''), [[defaultFeed, 'b'], 2])
})

t.test('item 25: a feed is made, read, changed and deleted, wrapped in data', async t => {
  const simulator = await simulate(t)
  const call = async (method: string, path: string, data?: object) => {
    const init = { method, ...(data && { body: JSON.stringify({ data }) }) }
    const response = await request(simulator, `/v2/inthreat/feeds${path}`, init)
    const text = await response.text()
    const body = text === '' ? {} : (JSON.parse(text) as { data: { id: string; title: string } })
    return { status: response.status, ...body }
  }
  const made = await call('POST', '', { title: 'Mine', types: ['malware'] })
  t.match(made, { status: 201, data: { title: 'Mine', sort_order: 'desc', format: 'json' } })
  const path = `/${(made as unknown as { data: { id: string } }).data.id}`
  t.match(await call('PUT', path, { title: 'Yours' }), { status: 200, data: { title: 'Yours' } })
  t.match(await call('GET', path), { status: 200, data: { title: 'Yours', types: ['malware'] } })
  t.match(await call('DELETE', path), { status: 204 })
  t.match(await call('GET', path), { status: 404 })
  t.match(await call('DELETE', `/${defaultFeed}`), { status: 403 })
  t.match(await call('POST', ''), { status: 400 })
})

t.test('item 26: text, csv and custom bodies carry the cursor in a header', async t => {
  const simulator = await simulate(t, { objects: 0 })
  simulator.add({ type: 'indicator', name: 'a.example.com' })
  simulator.add({ type: 'indicator', name: 'say "hi", b' })
  const fields = ['type', 'name']
  simulator.putFeed({ id: 'custom', sort_order: 'asc', fields, template: '$type=$name' })
  const get = async (format: string) => {
    const response = await request(simulator, pagePath({ format }, 'custom'))
    return [await response.text(), response.headers.get('cursor')]
  }
  const json = (await (await request(simulator, pagePath({}, 'custom'))).json()) as PageBody
  t.type(json.next_cursor, 'string')
  t.same(await get('text'), ['a.example.com\nsay "hi", b\n', json.next_cursor])
  t.same(await get('csv'), [
    'type,name\nindicator,a.example.com\nindicator,"say ""hi"", b"\n',
    json.next_cursor
  ])
  t.same(await get('custom'), [
    'indicator=a.example.com\nindicator=say "hi", b\n',
    json.next_cursor
  ])
  t.equal((await request(simulator, pagePath({ format: 'xml' }))).status, 400)
})

t.test('item 3: text takes a limit of 10,000', async t => {
  const simulator = await simulate(t, { objects: 2500 })
  const text = await (await request(simulator, pagePath({ format: 'text', limit: 10_000 }))).text()
  t.equal(text.split('\n').length, 2501)
})
