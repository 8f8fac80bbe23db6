import t from 'tap'
import { defaultFeed } from '../support/gateway.ts'
import { keysOf, native, nativeWorld, type Page, pagePath, walk } from '../support/native-world.ts'

const feedCalls = <T extends { path: string }>(calls: readonly T[]): T[] =>
  calls.filter(({ path }) => path.endsWith(`/collections/${defaultFeed}/objects`))

t.test(
  'a walk gives what a walk at Sekoia gives, in full pages, then nothing, then an edit',
  async t => {
    const { simulator, get, getDirect } = await nativeWorld(t, { simulator: { objects: 203 } })
    const direct = await walk(getDirect)
    const first = await walk(get)
    t.same(keysOf(first.items), keysOf(direct.items))
    t.equal(first.pages, Math.ceil(204 / 20))
    const second = await walk(get, { cursor: first.cursor })
    t.same(second.items, [])
    t.equal(second.cursor, first.cursor)
    simulator.clock.advance(11_000)
    const id = simulator.visible()[7]!.id
    const modified = simulator.edit(id)
    const third = await walk(get, { cursor: second.cursor })
    t.same(keysOf(third.items), keysOf([{ id, modified }]))
    simulator.clock.advance(11_000)
    t.same((await walk(get, { cursor: third.cursor })).items, [])
  }
)

t.test('clients with any limit, and TAXII clients, share one walk', async t => {
  const { gateway, simulator, get } = await nativeWorld(t, { simulator: { objects: 300 } })
  await walk(get, { limit: 2000 })
  await walk(get, { limit: 7 })
  await walk(get, { limit: 100 })
  await gateway.send({
    url: `/sekoia/collections/${defaultFeed}/objects/?limit=300`,
    headers: { accept: 'application/taxii+json;version=2.1' }
  })
  const pages = feedCalls(simulator.calls).filter(({ query }) => query['limit'] === '2000')
  t.same(new Set(pages.map(({ query }) => query['match[type]'])), new Set([undefined]))
  t.equal(new Set(pages.map(({ query }) => query['cursor'])).size, pages.length)
})

t.test('limit is 100 when left out, 2,000 at most, and 10,000 may be asked for', async t => {
  const { get } = await nativeWorld(t, { simulator: { objects: 2500 } })
  const count = async (query: string) => (await get(pagePath(query))).body.items.length
  t.equal(await count(''), 100)
  t.equal(await count('limit=2000'), 2000)
  t.equal(await count('limit=10000'), 2000)
})

t.test('what Sekoia refuses of a query comes back as Sekoia says it', async t => {
  const { get, getDirect } = await nativeWorld(t)
  for (const query of [
    'limit=0',
    'limit=x',
    'include_revoked=maybe',
    'modified_after=yesterday',
    'format=xml',
    'cursor=%21%21%21'
  ]) {
    const [through, direct] = [await get(pagePath(query)), await getDirect(pagePath(query))]
    t.same([through.status, through.body], [400, direct.body], query)
  }
  const foreign = `${native}/collections/feed--nothing/objects`
  t.same((await get(foreign)).body, (await getDirect(foreign)).body)
  t.equal((await get(foreign)).status, 404)
})

t.test('types, revoked and expired objects are left out as at Sekoia', async t => {
  const { simulator, get, getDirect } = await nativeWorld(t, { simulator: { objects: 400 } })
  simulator.revoke(simulator.visible()[3]!.id)
  const until = { valid_until: '2020-01-01T00:00:00Z' }
  simulator.edit(simulator.visible().find(({ type }) => type === 'indicator')!.id, until)
  for (const query of [
    'match[type]=indicator',
    'match%5Btype%5D=malware%2Cindicator',
    'match[type]=',
    'match[type]=nonsense',
    'include_revoked=False',
    'include_revoked=false&skip_expired=true',
    'include_revoked=True&skip_expired=0',
    'include_revoked=True&skip_expired=true&match[type]=indicator',
    'colour=blue'
  ]) {
    const [through, direct] = [await walk(get, { query }), await walk(getDirect2, { query })]
    t.same(keysOf(through.items), keysOf(direct.items), query)
  }

  /** At Sekoia an empty result has no cursor. */
  async function getDirect2(path: string) {
    const reply = await getDirect(path)
    const { items, next_cursor } = reply.body as Page
    return { ...reply, body: { items, next_cursor: next_cursor ?? 'none' } }
  }
})

t.test('a boolean that is sent twice, with both values, leaves nothing out', async t => {
  const { simulator, get } = await nativeWorld(t)
  const id = simulator.visible()[5]!.id
  simulator.revoke(id)
  const query = 'include_revoked=True&skip_expired=true&include_revoked=false'
  const { items } = await walk(get, { query })
  t.ok(items.some(item => item.id === id))
})

t.test('modified_after starts a walk at a time', async t => {
  const { simulator, get } = await nativeWorld(t, { simulator: { objects: 500 } })
  const all = simulator.visible()
  const from = all[300]!.modified
  const { items } = await walk(get, { query: `modified_after=${from}` })
  t.same(keysOf(items.slice(-199)), keysOf(all.slice(301) as never))
})

t.test('what is invalid STIX is repaired, and raw with STIX_REPAIR=off', async t => {
  const simulator = { objects: 2000 }
  const nulls = async (env: Record<string, string>) => {
    const { get } = await nativeWorld(t, { simulator, env })
    const { items } = await walk(get, { limit: 2000 })
    return items.filter(item => item['external_references'] === null).length
  }
  t.equal(await nulls({}), 0)
  t.ok((await nulls({ STIX_REPAIR: 'off' })) > 0)
})

t.test('answers have an entity tag, X-Cache, and 304 for who has them', async t => {
  const { gateway, get } = await nativeWorld(t)
  await get(pagePath())
  const { headers } = await get(pagePath())
  t.equal(headers['x-cache'], 'hit')
  const again = await gateway.send({
    url: pagePath(),
    headers: { 'if-none-match': String(headers['etag']) }
  })
  t.same([again.statusCode, again.body], [304, ''])
})

t.test('formats and parameters that no log has come from Sekoia', async t => {
  const { simulator, get, getDirect } = await nativeWorld(t)
  for (const query of [
    'format=text&limit=10000&skip_expired=true&include_revoked=false',
    'format=csv'
  ]) {
    t.equal((await get(pagePath(query))).text, (await getDirect(pagePath(query))).text, query)
  }
  for (const query of [
    'latest=true&limit=3',
    'match[observable_type]=url',
    'return_all_fields=true',
    'convert_network_traffic=True&limit=1'
  ]) {
    const [through, direct] = [await get(pagePath(query)), await getDirect(pagePath(query))]
    t.same(keysOf(through.body.items), keysOf(direct.body.items), query)
    t.equal(through.body.next_cursor, direct.body.next_cursor)
  }
  t.ok((await get(pagePath('format=text&limit=3'))).headers['cursor'])
  const desc = simulator.putFeed({})
  const newest = simulator.visible().at(-1)!.id
  t.equal((await get(pagePath('limit=1', desc))).body.items[0].id, newest)
})

t.test('all dialects say whether Sekoia was asked', async t => {
  const { gateway, simulator, get } = await nativeWorld(t)
  const headers = { accept: 'application/taxii+json;version=2.1' }
  const url = `/sekoia/collections/${defaultFeed}/objects/`
  const taxii = async () => (await gateway.send({ url, headers })).headers['x-cache']
  t.equal(await taxii(), 'miss')
  t.equal(await taxii(), 'hit')
  t.equal((await get(pagePath())).headers['x-cache'], 'hit')
  simulator.clock.advance(11_000)
  await simulator.refuse()
  t.equal(await taxii(), 'stale')
  t.equal(
    (await get(pagePath('limit=5'))).headers['x-cache'],
    'hit',
    'a page before the end needs no news'
  )
  t.equal((await get(pagePath('limit=2000'))).headers['x-cache'], 'stale')
})
