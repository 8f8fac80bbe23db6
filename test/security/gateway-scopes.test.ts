import fc from 'fast-check'
import t from 'tap'
import { buildGateway } from '../support/app.ts'
import { basic } from '../support/taxii-server.ts'

/** What one key is told of the gateway has nothing in it of another key: no scope, feed, client, count (G5). */

const token = 'operator-token-of-this-test'
const defaultFeed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const resources = ['status', 'feeds', 'consumers', 'checks', 'setup', 'clients', 'history']
/** The pages hold no data at all, whoever asks. */
const pages = ['/', '/status', '/look-up']

/** Each key has one feed to itself, and clients that name themselves after it. */
const owners = ['ann', 'bob', 'cyd'] as const
type Owner = (typeof owners)[number]
const keyOf = (owner: Owner) => `key-of-${owner}`
const feedOf = (owner: Owner) => `0000000${owners.indexOf(owner)}-1111-4111-8111-111111111111`
const headersOf = (owner: Owner) => ({
  authorization: basic(`user-${owner}`, keyOf(owner)),
  'user-agent': `agent-${owner}/1`
})

const targets: readonly ((owner: Owner) => string)[] = [
  owner => `/sekoia/collections/${feedOf(owner)}/objects/?limit=5`,
  owner => `/sekoia/collections/${feedOf(owner)}/manifest/`,
  owner => `/misp/${feedOf(owner)}/hashes.csv`,
  owner => `/v2/inthreat/collections/${feedOf(owner)}/objects`,
  () => '/v2/inthreat/indicators/context?value=nobody.example&type=domain-name',
  () => `/sekoia/collections/${defaultFeed}/objects/`,
  () => '/sekoia/collections/',
  () => '/v2/inthreat/collections'
]

const step = fc.record({
  owner: fc.constantFrom(...owners),
  /** Also the feeds of others, which a key may ask for and not get. */
  of: fc.constantFrom(...owners),
  target: fc.nat(targets.length - 1),
  isLost: fc.boolean(),
  pauseMs: fc.constantFrom(0, 1000, 400_000)
})

t.test('no key is told anything of another, whatever was asked before', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async steps => {
      const feeds = owners.map(owner => ({
        id: feedOf(owner),
        title: `title-${owner}`,
        sort_order: 'asc' as const
      }))
      const gateway = await buildGateway(t, {
        env: { OPERATOR_TOKEN: token },
        simulator: { objects: 20, feeds }
      })
      const { simulator, send } = gateway
      for (const owner of owners) simulator.putKey(keyOf(owner), { feeds: [feedOf(owner)] })
      for (const { owner, of, target, isLost, pauseMs } of steps) {
        await send({ url: targets[target]!(of), headers: headersOf(owner) })
        if (isLost) simulator.putKey(keyOf(of), { feeds: [] })
        simulator.clock.advance(pauseMs)
      }
      const scopes = new Map<Owner, string>()
      for (const owner of owners) {
        await send({ url: '/taxii2/', headers: headersOf(owner) })
        scopes.set(owner, String(gateway.lines.findLast(({ msg }) => msg === 'request')!['scope']))
      }
      for (const owner of owners) {
        const headers = { ...headersOf(owner), accept: 'text/html, application/json' }
        const urls = [...resources.map(name => `/gateway/v1/${name}`), ...pages]
        const told = await Promise.all(urls.map(url => send({ url, headers })))
        const text = told.map(({ body }) => body).join('\n')
        for (const other of owners.filter(name => name !== owner)) {
          for (const trace of [
            scopes.get(other)!,
            `user-${other}`,
            `agent-${other}`,
            `title-${other}`
          ])
            t.notOk(text.includes(trace), `${owner} is told ${trace}`)
          const asked = steps.some(step => step.owner === owner && step.of === other)
          if (!asked) t.notOk(text.includes(feedOf(other)), `${owner} is told the feed of ${other}`)
        }
      }
      await gateway.close()
    }),
    { seed: 20_260_115, numRuns: 12 }
  )
})

t.test('counts of a key are of its own alone, those of the operator of all', async t => {
  const gateway = await buildGateway(t, { env: { OPERATOR_TOKEN: token } })
  const { simulator, send } = gateway
  for (const owner of owners) {
    simulator.putKey(keyOf(owner))
    const url = `/sekoia/collections/${defaultFeed}/objects/?limit=1000`
    await send({ url, headers: headersOf(owner) })
  }
  const status = async (headers: Record<string, string>) =>
    (await send({ url: '/gateway/v1/status', headers })).json()
  const own = await status(headersOf('ann'))
  t.match(own, { feeds: { logs: 1, objects: 60 }, consumers: { 'at-the-tip': 1 } })
  const all = await status({ authorization: `Bearer ${token}` })
  t.match(all, { feeds: { logs: 3, objects: 180 }, consumers: { 'at-the-tip': 3 } })
})

t.test('the history, which is of all keys together, is told to no key', async t => {
  const { send } = await buildGateway(t, { env: { OPERATOR_TOKEN: token } })
  const reply = await send({ url: '/gateway/v1/history' })
  t.equal(reply.statusCode, 403)
  t.strictSame(Object.keys(reply.json()), ['error'])
  const { sekoia, replicas } = (await send({ url: '/gateway/v1/status' })).json()
  t.strictSame([sekoia.recent, replicas], [null, null])
})

t.test('a key that lost a feed is told no more of it than that', async t => {
  const gateway = await buildGateway(t, {
    simulator: { objects: 60, feeds: [{ id: feedOf('ann'), title: 'of ann', sort_order: 'asc' }] }
  })
  const { simulator, send } = gateway
  const url = `/sekoia/collections/${feedOf('ann')}/objects/?limit=1000`
  await send({ url })
  simulator.putKey(simulator.key, { feeds: [] })
  simulator.clock.advance(700_000)
  await send({ url })
  const { feeds } = (await send({ url: '/gateway/v1/feeds' })).json()
  t.notMatch(JSON.stringify(feeds), 'of ann')
  t.notMatch(JSON.stringify(feeds), feedOf('ann'))
})

t.test('of a feed that is listed and may no longer be read, what is held is not told', async t => {
  const { simulator, send } = await buildGateway(t, {
    simulator: { objects: 60, feeds: [{ id: feedOf('ann'), title: 'of ann', sort_order: 'asc' }] }
  })
  const url = `/sekoia/collections/${feedOf('ann')}/objects/?limit=1000`
  await send({ url })
  const told = async () => {
    const { feeds } = (await send({ url: '/gateway/v1/feeds' })).json()
    return feeds.find(({ feedId }: { feedId: string }) => feedId === feedOf('ann'))
  }
  t.match(await told(), { obstacle: null, logs: [{ newest: /^20/ }] })
  simulator.faults.rate({ kind: 'status', status: 403, match: feedOf('ann') })
  simulator.clock.advance(700_000)
  await send({ url })
  const lost = await told()
  t.equal(lost.obstacle.reason, 'forbidden')
  t.strictSame(lost.logs, [])
})
