import fastify from 'fastify'
import t, { type Test } from 'tap'
import { createScopes } from '../../src/auth/scope.ts'
import { authPlugin } from '../../src/http/auth.ts'
import { plainText, sendError } from '../../src/http/errors.ts'
import { newcomersPlugin } from '../../src/http/newcomers.ts'
import { buildGateway } from '../support/app.ts'
import { defaultCredentialOptions } from '../support/credential-options.ts'

/** How often keys that Sekoia never accepted may be tried from one address (K8). */

async function build(t: Test, maxPerMinute: number, accepted: readonly string[] = []) {
  const app = fastify({ trustProxy: true })
  t.teardown(() => app.close())
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply, plainText))
  await app.register(authPlugin, {
    credentials: defaultCredentialOptions,
    toCaller: createScopes(Buffer.from('secret'))
  })
  await app.register(newcomersPlugin, {
    maxPerMinute,
    wasAccepted: async ({ key }) => accepted.includes(key.reveal())
  })
  const config = {
    dialect: 'test',
    continues: ({ query }: { query: unknown }) => Object.hasOwn(query as object, 'next')
  }
  app.get('/data', { config }, async () => 'data')
  app.get('/livez', async () => 'ok')
  return async (url: string, key?: string, address = '192.0.2.1') => {
    const headers = { 'x-forwarded-for': address, ...(key && { 'x-api-key': key }) }
    const reply = await app.inject({ url, headers })
    return { status: reply.statusCode, retryAfter: Number(reply.headers['retry-after']) }
  }
}

t.test(
  'keys that were never accepted: so many requests a minute and address, then 429',
  async t => {
    const get = await build(t, 3, ['known'])
    for (let n = 0; n < 3; n++) t.equal((await get('/data', `made-up-${n}`)).status, 200)
    const { status, retryAfter } = await get('/data', 'made-up-3')
    t.equal(status, 429)
    t.ok(retryAfter >= 1 && retryAfter <= 60)
    t.equal((await get('/data', 'made-up-0', '192.0.2.2')).status, 200, 'of another address')
    t.equal((await get('/data?next=token', 'made-up-5')).status, 200, 'a walk goes on')
    t.equal((await get('/data', 'known')).status, 200, 'a key that was accepted')
    t.equal((await get('/data')).status, 200, 'no key is for others to refuse')
    t.equal((await get('/livez', 'made-up-6')).status, 200, 'a path of no dialect')
  }
)

t.test('0: any number', async t => {
  const get = await build(t, 0)
  for (let n = 0; n < 500; n++) t.equal((await get('/data', `made-up-${n}`)).status, 200)
})

t.test('K8: made-up keys cost Sekoia no more than the bound, and the store nothing', async t => {
  const gateway = await buildGateway(t, { env: { AUTH_MAX_UNKNOWN_PER_MINUTE: '20' } })
  const url = '/sekoia/collections/'
  await gateway.send({ url })
  const before = gateway.simulator.calls.length
  const statuses = new Map<number, number>()
  for (let n = 0; n < 200; n++) {
    const { statusCode } = await gateway.send({ url, headers: { authorization: `Bearer no-${n}` } })
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
  }
  // The first request of the key that is known was counted as well: it was new then.
  t.strictSame(
    [...statuses],
    [
      [401, 19],
      [429, 181]
    ]
  )
  t.equal(gateway.simulator.calls.length - before, 19)
  t.equal((await gateway.send({ url })).statusCode, 200, 'who is known is served')
})
