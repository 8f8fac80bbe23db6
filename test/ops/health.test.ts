import fastify from 'fastify'
import t, { type Test } from 'tap'
import { type Checks, healthPlugin, type Phase } from '../../src/ops/health.ts'

const well: Checks = { store: () => undefined, upstream: () => undefined }

const get = async (
  t: Test,
  url: string,
  checks: Partial<Checks> = {},
  phase: Phase = 'serving'
) => {
  const app = fastify()
  t.teardown(() => app.close())
  const all = { ...well, ...checks } as Checks
  await app.register(healthPlugin, { phase: () => phase, checks: all })
  return app.inject(url)
}

t.test('GET /livez: 200 `ok`, never cached, whatever the trouble', async t => {
  const trouble = () => 'down'
  const reply = await get(t, '/livez', { store: trouble, upstream: trouble }, 'closing')
  t.equal(reply.statusCode, 200)
  t.equal(reply.body, 'ok')
  t.match(reply.headers, { 'content-type': /^text\/plain/, 'cache-control': 'no-store' })
})

t.test('GET /readyz: 200 `ok` when all is well, never cached', async t => {
  const reply = await get(t, '/readyz')
  t.equal(reply.statusCode, 200)
  t.strictSame(reply.json(), { status: 'ok', checks: { store: 'ok', upstream: 'ok' } })
  t.match(reply.headers, { 'content-type': /^application\/json/, 'cache-control': 'no-store' })
})

t.test(
  'GET /readyz: trouble of the store is told, and does not stop the gateway from serving',
  async t => {
    const reply = await get(t, '/readyz', { store: () => 'writing failed: disk is full' })
    t.equal(reply.statusCode, 200)
    t.strictSame(reply.json(), {
      status: 'degraded',
      checks: { store: 'writing failed: disk is full', upstream: 'ok' }
    })
  }
)

t.test(
  'GET /readyz: trouble of Sekoia is told, and does not stop the gateway from serving',
  async t => {
    const reply = await get(t, '/readyz', { upstream: () => 'Sekoia is left alone for 10 s' })
    t.equal(reply.statusCode, 200)
    t.strictSame(reply.json(), {
      status: 'degraded',
      checks: { store: 'ok', upstream: 'Sekoia is left alone for 10 s' }
    })
  }
)

for (const phase of ['starting', 'closing'] as const) {
  t.test(`GET /readyz: 503 while ${phase}`, async t => {
    const reply = await get(t, '/readyz', { store: () => 'slow' }, phase)
    t.equal(reply.statusCode, 503)
    t.strictSame(reply.json(), { status: phase, checks: { store: 'slow', upstream: 'ok' } })
  })
}
