import t from 'tap'
import { defaultFeed } from '../support/gateway.ts'
import { keysOf, nativeWorld, pagePath, walk } from '../support/native-world.ts'

const pageCalls = <T extends { path: string }>(calls: readonly T[]): T[] =>
  calls.filter(({ path }) => path.endsWith(`/collections/${defaultFeed}/objects`))

const query = 'match[observable_type]=url'

t.test('clients with the same parameters share a chain of their own', async t => {
  const { simulator, get, getDirect } = await nativeWorld(t, { simulator: { objects: 500 } })
  const direct = await walk(getDirect, { query })
  simulator.calls.length = 0
  const first = await walk(get, { query })
  t.same(keysOf(first.items), keysOf(direct.items))
  const calls = pageCalls(simulator.calls).length
  t.equal(calls, first.pages)
  const second = await walk(get, { query: 'match%5Bobservable_type%5D=url' })
  t.same(keysOf(second.items), keysOf(direct.items))
  t.equal(pageCalls(simulator.calls).length, calls)
  simulator.clock.advance(3_600_000)
  await get(pagePath(query))
  simulator.calls.length = 0
  await walk(get, { query })
  t.equal(pageCalls(simulator.calls).length, 1, 'only the end is asked for again')
})

t.test(
  'an object that becomes visible among those of a full page reaches who asks next',
  async t => {
    const { simulator, get } = await nativeWorld(t, { simulator: { objects: 100 } })
    const now = simulator.clock.now()
    const at = (ms: number) => new Date(now - ms).toISOString()
    const add = (modified: string) =>
      simulator.add({ type: 'indicator', x_ic_observable_types: ['url'] }, { modified })[0]!
    for (let i = 0; i < 40; i++) add(at(600_000 - i * 1000))
    const recent = `${query}&modified_after=${at(700_000)}`
    const ids = async () =>
      (await walk(get, { query: recent, limit: 10 })).items.map(({ id }) => id)
    t.equal((await ids()).length, 40)
    simulator.clock.advance(11_000)
    const late = add(at(595_500))
    t.ok((await ids()).includes(late))
  }
)

t.test('its end is ten seconds old at most, and stands in while Sekoia is in trouble', async t => {
  const { simulator, get } = await nativeWorld(t, { env: { UPSTREAM_MAX_ATTEMPTS: '1' } })
  const { cursor } = await walk(get, { query })
  simulator.clock.advance(11_000)
  const [id] = simulator.add({ type: 'indicator', x_ic_observable_types: ['url'] })
  const found = await walk(get, { query, cursor })
  t.same(
    found.items.map(item => item.id),
    [id]
  )
  simulator.clock.advance(60_000)
  simulator.faults.rate({ kind: 'html', match: '/collections/' })
  const stale = await get(pagePath(`limit=20&${query}&cursor=${cursor}`))
  t.match([stale.status, stale.headers['x-cache']], [200, 'stale'])
  const other = await get(pagePath(`limit=21&${query}&cursor=${cursor}`))
  t.equal(other.status, 502)
})

t.test('what a client does not want to see is never brought back by a kept page', async t => {
  const { simulator, get } = await nativeWorld(t, { simulator: { objects: 400 } })
  const unrevoked = `limit=200&${query}&include_revoked=false`
  const before = await get(pagePath(unrevoked))
  const id = before.body.items[0].id
  simulator.clock.advance(11_000)
  simulator.revoke(id)
  const after = await get(pagePath(unrevoked))
  t.notOk(after.body.items.some((item: { id: string }) => item.id === id))
})

t.test('a null cursor, and the one asked with, never come with objects', async t => {
  const { simulator, get, getDirect } = await nativeWorld(t, { simulator: { objects: 500 } })
  const direct = await walk(getDirect, { query })
  for (const kind of ['null-cursor', 'loop-cursor'] as const) {
    simulator.faults.rate({ kind, match: 'observable_type' }, 0.5)
    const through = await walk(get, { query: `${query}&kind=${kind}` })
    t.same(new Set(keysOf(through.items)), new Set(keysOf(direct.items)), kind)
    simulator.faults.clear()
  }
})

t.test('objects of such pages are repaired, too', async t => {
  const simulator = { objects: 2000 }
  const nulls = async (env: Record<string, string>) => {
    const { get } = await nativeWorld(t, { simulator, env })
    const { items } = await walk(get, { query: 'return_all_fields=true', limit: 2000 })
    return items.filter(item => item['external_references'] === null).length
  }
  t.equal(await nulls({}), 0)
  t.ok((await nulls({ STIX_REPAIR: 'off' })) > 0)
})

t.test('block lists of a feed serve a minute and stand in in trouble', async t => {
  const { simulator, get } = await nativeWorld(t, { env: { UPSTREAM_MAX_ATTEMPTS: '1' } })
  const path = pagePath('format=text&limit=10000&skip_expired=true&include_revoked=false')
  const { text } = await get(path)
  simulator.clock.advance(86_400_000)
  simulator.faults.rate({ kind: 'html', match: 'format=text' })
  const stale = await get(path)
  t.same([stale.text, stale.headers['x-cache']], [text, 'stale'])
})
