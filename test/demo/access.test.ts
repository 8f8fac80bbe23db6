import t from 'tap'
import { defaultFeed, page, pagePath, pageStatus, request, simulate } from './client.ts'

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
})

t.test('item 2: Bearer, and Basic with any user', async t => {
  const simulator = await simulate(t)
  const status = async (headers: Record<string, string>) =>
    (await request(simulator, pagePath({ limit: 1 }), { headers })).status
  t.equal(await status({ authorization: `bearer ${simulator.key}` }), 200)
  t.equal(await status(basic('anyone', simulator.key)), 200)
  t.equal(await status(basic('', simulator.key)), 200)
  t.equal(await status(basic(simulator.key, 'x')), 401)
})

t.test(
  'item 2: 401 says T300 for a bad key, T301 for an expired, T302 for a revoked one',
  async t => {
    const simulator = await simulate(t)
    const code = async (authorization: string) => {
      const response = await request(simulator, '/v1/me', { headers: { authorization } })
      t.equal(response.status, 401)
      const body = (await response.json()) as { message: string; code: string }
      t.type(body.message, 'string')
      return body.code
    }
    t.equal(await code(''), 'T300')
    t.equal(await code('Bearer other'), 'T300')
    simulator.putKey('old', { status: 'expired' })
    t.equal(await code('Bearer old'), 'T301')
    simulator.putKey('old', { status: 'revoked' })
    t.equal(await code('Bearer old'), 'T302')
  }
)

t.test('item 2: a key without the permission gets 403', async t => {
  const simulator = await simulate(t)
  simulator.putKey(simulator.key, { permissions: ['viewIntelligence'] })
  t.equal((await request(simulator, '/v2/inthreat/feeds')).status, 403)
  t.equal(await pageStatus(simulator, {}), 200)
  simulator.putKey(simulator.key, { permissions: [] })
  t.equal(await pageStatus(simulator, {}), 403)
})

t.test('section 1: a key is checked without side effects', async t => {
  const simulator = await simulate(t)
  for (const path of ['/v1/me', '/v1/auth/validate', '/v1/apiauth/auth/validate', '/api/v1/me']) {
    const response = await request(simulator, path)
    t.match(await response.json(), { type: 'access', identity: /^apikey:/ }, path)
  }
})

t.test('item 16: a feed of another community is 404, or 403', async t => {
  const simulator = await simulate(t, { feeds: [{ id: 'theirs' }, { id: 'ours' }] })
  simulator.putKey(simulator.key, { feeds: ['ours'] })
  t.equal(await pageStatus(simulator, {}, 'ours'), 200)
  t.equal(await pageStatus(simulator, {}, defaultFeed), 200)
  t.equal(await pageStatus(simulator, {}, 'theirs'), 404)
  t.equal(await pageStatus(simulator, {}, 'nowhere'), 404)
  simulator.switches.foreignFeed = 403
  t.equal(await pageStatus(simulator, {}, 'theirs'), 403)
})

t.test('item 27 and asserts: the log of calls names path, query, key and status', async t => {
  const simulator = await simulate(t)
  await page(simulator, { limit: 2 })
  await request(simulator, '/api/v1/me/', { headers: { authorization: 'Bearer wrong' } })
  t.match(simulator.calls, [
    {
      method: 'GET',
      path: `/v2/inthreat/collections/${defaultFeed}/objects`,
      query: { limit: '2' },
      key: simulator.key,
      status: 200
    },
    { path: '/v1/me', key: 'wrong', status: 401 }
  ])
})
