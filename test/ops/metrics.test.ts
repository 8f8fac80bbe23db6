import fastify from 'fastify'
import t from 'tap'
import { createMeter, metricsPlugin } from '../../src/ops/metrics.ts'

/** The samples of a meter's text, without help and type lines. */
const samples = (text: string) => text.split('\n').filter(line => line && !line.startsWith('#'))

t.test('count: one counter for each name, one series for each set of labels', async t => {
  const meter = createMeter()
  meter.count('http_requests', { status: '200' })
  meter.count('http_requests', { status: '200' })
  meter.count('http_requests', { status: '404' })
  meter.count('objects_read', {}, 2000)
  meter.count('objects_read', {}, 0)
  meter.count('cursors_refused')
  t.same(samples(await meter.text()), [
    'sekoia_gateway_http_requests_total{status="200"} 2',
    'sekoia_gateway_http_requests_total{status="404"} 1',
    'sekoia_gateway_objects_read_total 2000',
    'sekoia_gateway_cursors_refused_total 1'
  ])
})

t.test(
  'count: labels that differ from the first call’s never throw and never lose a count',
  async t => {
    const meter = createMeter()
    meter.count('reads', { outcome: 'held' })
    meter.count('reads', { outcome: 'held', dialect: 'taxii' })
    meter.count('reads')
    t.same(samples(await meter.text()), [
      'sekoia_gateway_reads_total{outcome="held"} 2',
      'sekoia_gateway_reads_total 1'
    ])
  }
)

t.test('count: a scope or a key that got into a label is hidden, a feed id is shown', async t => {
  const scope = '0123456789abcdef0123456789abcdef'
  const key = `key-${'Ab9_'.repeat(20)}`
  const feed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
  const meter = createMeter()
  for (const value of [scope, `log:${scope}`, key, feed]) meter.count('reads', { log: value })
  const text = await meter.text()
  t.notOk(text.includes(scope))
  t.notOk(text.includes(key))
  t.same(samples(text), [
    'sekoia_gateway_reads_total{log="[hidden]"} 3',
    `sekoia_gateway_reads_total{log="${feed}"} 1`
  ])
})

t.test('count: nothing is lost over many sets of labels, nor over many readings', async t => {
  const meter = createMeter()
  for (let round = 1; round <= 2; round++) {
    for (let n = 0; n < 2500; n++) meter.count('reads', { kind: `k${n}` }, 2)
    const lines = samples(await meter.text())
    t.equal(lines.length, 2500)
    t.ok(lines.every(line => line.endsWith(`} ${2 * round}`)))
  }
})

t.test('two meters count apart; process metrics are off unless asked for', async t => {
  const one = createMeter()
  one.count('reads')
  t.equal((await createMeter().text()).trim(), '')
  t.match(await createMeter({ processMetrics: true }).text(), /^sekoia_gateway_process_cpu/m)
})

t.test('GET /metrics: Prometheus text, never cached', async t => {
  const meter = createMeter()
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(metricsPlugin, { meter })
  meter.count('http_requests', { status: '200' })
  const reply = await app.inject('/metrics')
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  t.equal(reply.headers['cache-control'], 'no-store')
  t.equal(reply.body, await meter.text())
  t.match(reply.body, '# TYPE sekoia_gateway_http_requests_total counter')
})
