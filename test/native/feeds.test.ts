import t from 'tap'
import type { Gateway } from '../support/app.ts'
import { defaultFeed } from '../support/gateway.ts'
import { native, nativeWorld, pagePath } from '../support/native-world.ts'

const write = async (
  { send }: Gateway,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  data?: object
) => {
  const reply = await send({
    method,
    url: `${native}${path}`,
    headers: { 'content-type': 'application/json' },
    ...(data && { body: JSON.stringify({ data }) })
  })
  return {
    status: reply.statusCode,
    headers: reply.headers,
    body: reply.body && JSON.parse(reply.body)
  }
}

t.test('a feed is made, changed and removed, and every dialect sees it at once', async t => {
  const { gateway, get } = await nativeWorld(t)
  const titles = async () =>
    (await get('/sekoia/collections/')).body.collections.map(
      ({ title }: { title: string }) => title
    )
  const listed = async () =>
    (await get(`${native}/feeds`)).body.items.map(({ title }: { title: string }) => title)
  const inMisp = async () => (await get('/misp/')).text
  await Promise.all([titles(), listed(), inMisp()])
  const made = await write(gateway, 'POST', '/feeds', { title: 'Mine', types: ['malware'] })
  t.equal(made.status, 201)
  const { id } = made.body.data
  t.ok((await titles()).includes('Mine'))
  t.ok((await listed()).includes('Mine'))
  t.match(await inMisp(), /Mine/)
  t.equal((await get(`${native}/feeds/${id}`)).body.data.title, 'Mine')
  t.equal((await write(gateway, 'PUT', `/feeds/${id}`, { title: 'Renamed' })).status, 200)
  t.ok((await titles()).includes('Renamed'))
  t.equal((await get(`${native}/feeds/${id}`)).body.data.title, 'Renamed')
  t.equal((await write(gateway, 'DELETE', `/feeds/${id}`)).status, 204)
  t.notOk((await titles()).includes('Renamed'))
  t.equal((await get(`${native}/feeds/${id}`)).status, 404)
})

t.test('a new feed without a sort order is made oldest first, and the answer says so', async t => {
  const { gateway, simulator } = await nativeWorld(t)
  const plain = await write(gateway, 'POST', '/feeds', { title: 'a' })
  t.same([plain.body.data.sort_order, plain.headers['x-gateway-sort-order']], ['asc', 'asc'])
  const desc = await write(gateway, 'POST', '/feeds', { title: 'b', sort_order: 'desc' })
  t.same([desc.body.data.sort_order, desc.headers['x-gateway-sort-order']], ['desc', undefined])
  t.equal(simulator.calls.at(-1)!.text, '{"data":{"title":"b","sort_order":"desc"}}')
  const other = await nativeWorld(t, { env: { NATIVE_FEED_SORT_ORDER: 'as-sent' } })
  const sent = await write(other.gateway, 'POST', '/feeds', { title: 'a' })
  t.same([sent.body.data.sort_order, sent.headers['x-gateway-sort-order']], ['desc', undefined])
})

t.test('what Sekoia says against a write comes back as it is', async t => {
  const { gateway, simulator } = await nativeWorld(t)
  t.match(await write(gateway, 'PUT', `/feeds/${defaultFeed}`, { title: 'x' }), {
    status: 403,
    body: { code: 'INTHREAT403' }
  })
  t.match(await write(gateway, 'POST', '/feeds'), { status: 400, body: { code: 'INTHREAT400' } })
  simulator.putKey(simulator.key, { permissions: ['viewFeeds'] })
  t.equal((await write(gateway, 'POST', '/feeds', { title: 'x' })).status, 403)
})

t.test(
  'a write is sent once, and the answer says whether anything may have been changed',
  async t => {
    const { gateway, simulator } = await nativeWorld(t)
    const posts = () => simulator.calls.filter(({ method }) => method === 'POST').length
    for (const fault of [
      { kind: 'reset' as const },
      { kind: 'status' as const, status: 500 },
      { kind: 'status' as const, status: 503 },
      { kind: 'bad-gzip' as const }
    ]) {
      simulator.calls.length = 0
      simulator.faults.rate({ ...fault, match: '/feeds' })
      const lost = await write(gateway, 'POST', '/feeds', { title: 'lost' })
      t.match([lost.status, lost.body.message], [503, /may have been/], fault.kind)
      t.equal(posts(), 1)
      simulator.faults.clear()
    }
    simulator.calls.length = 0
    simulator.faults.once({ kind: 'status', status: 429, retryAfterSeconds: 7, match: '/feeds' })
    const limited = await write(gateway, 'POST', '/feeds', { title: 'later' })
    t.same([limited.status, limited.headers['retry-after'], posts()], [429, '7', 1])
    await simulator.refuse()
    const away = await write(gateway, 'POST', '/feeds', { title: 'away' })
    t.match([away.status, away.body.message], [503, /nothing was changed/])
  }
)

t.test('a feed that was just made is walked oldest first', async t => {
  const { gateway, simulator, get } = await nativeWorld(t)
  const { body } = await write(gateway, 'POST', '/feeds', { types: ['indicator'] })
  const page = await get(pagePath('limit=3', body.data.id))
  const oldest = simulator.visible().filter(({ type }) => type === 'indicator')
  t.same(
    page.body.items.map(({ id }: { id: string }) => id),
    oldest.slice(0, 3).map(({ id }) => id)
  )
})
