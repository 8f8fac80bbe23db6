import t from 'tap'
import { buildGateway } from '../support/app.ts'
import { defaultFeed } from '../support/gateway.ts'

const native = '/v2/inthreat'

t.test('the same paths are served below /v2/inthreat, /api and /api/api', async t => {
  const { send, simulator } = await buildGateway(t)
  const id = simulator.visible().find(({ type }) => type === 'malware')!.id
  for (const base of ['', '/api', '/api/api']) {
    for (const path of [
      `${native}/objects/${id}`,
      `${native}//objects/${id}/`,
      `${native}/feeds`,
      '/v1/auth/validate',
      '/v1/apiauth/auth/validate',
      '/v1/me',
      '/v1/edl-gateway/ipv4'
    ]) {
      const reply = await send({ url: `${base}${path}` })
      t.equal(reply.statusCode, 200, `${base}${path}`)
    }
  }
})

t.test('Sekoia is asked with the query as it came, and always with Bearer', async t => {
  const { send, simulator } = await buildGateway(t)
  const query = 'match[value]=x&a=1&a=2&include_revoked=True&empty=&cursor=MjAy='
  const basic = Buffer.from(`anyone:${simulator.key}`).toString('base64')
  await send({
    url: `/api${native}/observables?${query}`,
    headers: { authorization: `Basic ${basic}` }
  })
  t.match(simulator.calls.at(-1), {
    path: `${native}/observables`,
    search: query,
    key: simulator.key
  })
})

t.test('errors have the form of Sekoia', async t => {
  const { send } = await buildGateway(t)
  const reply = async (url: string, headers = {}) => {
    const { statusCode, body, headers: sent } = await send({ url, headers })
    t.match(sent['content-type'], 'application/json', url)
    return { status: statusCode, body: JSON.parse(body) }
  }
  t.match(await reply(`${native}/nothing`), {
    status: 404,
    body: { message: String, code: String }
  })
  t.match(await reply(`/api${native}/a/b/c`), { status: 404, body: { code: String } })
  t.match(await reply('/v1/nothing'), { status: 404, body: { code: String } })
  t.match(await reply(`${native}/%zz`), { status: 400, body: { message: String } })
  t.match(await reply(`${native}/feeds`, { authorization: '' }), {
    status: 401,
    body: { code: 'T300' }
  })
})

t.test("Sekoia's refusals come back as they are, with the codes that clients look for", async t => {
  const { send, simulator } = await buildGateway(t)
  for (const [status, code] of [
    ['expired', 'T301'],
    ['revoked', 'T302']
  ] as const) {
    simulator.putKey(`old-${status}`, { status })
    const { statusCode, body } = await send({
      url: '/v1/auth/validate',
      headers: { authorization: `Bearer old-${status}` }
    })
    t.match([statusCode, JSON.parse(body)], [401, { code, message: String }])
  }
  const missing = await send({ url: `${native}/objects/malware--nothing` })
  t.match([missing.statusCode, JSON.parse(missing.body)], [404, { code: 'INTHREAT404' }])
  const wrong = await send({ url: `${native}/indicators?type=url` })
  t.match([wrong.statusCode, JSON.parse(wrong.body)], [400, { code: 'INTHREAT400' }])
  simulator.putKey('poor', { permissions: [] })
  const poor = await send({ url: `${native}/sources`, headers: { authorization: 'Bearer poor' } })
  t.match([poor.statusCode, JSON.parse(poor.body)], [403, { code: 'INTHREAT403' }])
})

t.test('a GET may have a body, which is ignored; a POST goes on with its own', async t => {
  const { send, simulator } = await buildGateway(t)
  const headers = { 'content-type': 'application/json' }
  const get = await send({ method: 'GET', url: `${native}/sources`, headers, body: '{}' })
  t.equal(get.statusCode, 200)
  const body = '{"term":"x.example"}'
  const post = await send({
    method: 'POST',
    url: `${native}/observables/search?with_indicated_threats=1`,
    headers,
    body
  })
  t.equal(post.statusCode, 200)
  t.match(simulator.calls.at(-1), { text: body, search: 'with_indicated_threats=1' })
})

t.test('HEAD is GET without a body, OPTIONS says what there is, other methods are 405', async t => {
  const { send } = await buildGateway(t)
  const head = await send({ method: 'HEAD', url: `${native}/sources` })
  t.same([head.statusCode, head.body], [200, ''])
  const options = await send({ method: 'OPTIONS', url: `${native}/feeds` })
  t.same([options.statusCode, options.headers['allow']], [204, 'GET, HEAD, OPTIONS, POST'])
  t.equal((await send({ method: 'PUT', url: `${native}/indicators` })).statusCode, 405)
})

t.test('a body above one mebibyte is 413', async t => {
  const { send } = await buildGateway(t)
  const reply = await send({
    method: 'POST',
    url: `${native}/observables/search`,
    headers: { 'content-type': 'application/json' },
    body: `{"term":"${'x'.repeat(1024 * 1024)}"}`
  })
  t.match([reply.statusCode, JSON.parse(reply.body)], [413, { code: 'GATEWAY413' }])
})

t.test('forty ids fit in one path segment', async t => {
  const { send, simulator } = await buildGateway(t, { simulator: { objects: 400 } })
  const ids = simulator
    .visible()
    .filter(({ type }) => type === 'indicator')
    .slice(0, 40)
    .map(({ id }) => id)
  const { statusCode, body } = await send({ url: `${native}/objects/${ids.join(',')}` })
  t.equal(statusCode, 200)
  t.same(
    JSON.parse(body).items.map((item: { id: string }) => item.id),
    ids
  )
})

t.test('what is not documented is 404, or passed on', async t => {
  const closed = await buildGateway(t)
  const before = closed.simulator.calls.length
  t.equal((await closed.send({ url: `${native}/enrichers` })).statusCode, 404)
  t.equal(closed.simulator.calls.length, before)
  const open = await buildGateway(t, { env: { NATIVE_PASS_THROUGH: 'all' } })
  await open.send({ url: `${native}/enrichers`, method: 'PATCH', body: 'x' })
  t.match(open.simulator.calls.at(-1), { path: `${native}/enrichers`, method: 'PATCH' })
  const off = await buildGateway(t, { env: { NATIVE_PASS_THROUGH: 'off' } })
  t.equal((await off.send({ url: `${native}/sources` })).statusCode, 404)
})

t.test('a page of a feed comes through', async t => {
  const { send } = await buildGateway(t)
  const { statusCode, body } = await send({
    url: `${native}/collections/${defaultFeed}/objects?limit=5`
  })
  t.equal(statusCode, 200)
  t.equal(JSON.parse(body).items.length, 5)
})
