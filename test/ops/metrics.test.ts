import { readdirSync, readFileSync } from 'node:fs'
import fastify from 'fastify'
import { Histogram, Registry } from 'prom-client'
import t from 'tap'
import { counters, gauges, histograms } from '../../src/ops/metric-table.ts'
import { createMeter, metricsPlugin } from '../../src/ops/metrics.ts'

/** The samples of one metric in a meter's text. */
const samples = (text: string, name: string) =>
  text.split('\n').filter(line => line.startsWith(`sekoia_gateway_${name}`))

t.test('count: one counter for each name, one series for each set of labels', async t => {
  const meter = createMeter()
  meter.count('http_requests', { status: '200' })
  meter.count('http_requests', { status: '200' })
  meter.count('http_requests', { status: '404' })
  meter.count('objects_read', {}, 2000)
  meter.count('objects_read', {}, 0)
  const text = await meter.text()
  t.same(samples(text, 'http_requests'), [
    'sekoia_gateway_http_requests_total{status="200"} 2',
    'sekoia_gateway_http_requests_total{status="404"} 1'
  ])
  t.same(samples(text, 'objects_read'), ['sekoia_gateway_objects_read_total 2000'])
})

t.test('counters whose labels are known start at 0 in every combination', async t => {
  const text = await createMeter().text()
  t.same(samples(text, 'store_errors'), [
    'sekoia_gateway_store_errors_total{operation="load"} 0',
    'sekoia_gateway_store_errors_total{operation="read"} 0',
    'sekoia_gateway_store_errors_total{operation="write"} 0',
    'sekoia_gateway_store_errors_total{operation="commit"} 0'
  ])
  t.same(samples(text, 'cursors_refused'), ['sekoia_gateway_cursors_refused_total 0'])
  const { labels } = counters['upstream_requests']!
  const combinations = labels!['endpoint']!.length * labels!['outcome']!.length
  t.equal(samples(text, 'upstream_requests').length, combinations)
  t.same(samples(text, 'http_requests'), [], 'routes are not known to the meter')
})

t.test('every name that is counted or timed in src is in the table of metrics', async t => {
  const root = new URL('../../src/', import.meta.url)
  const code = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => readFileSync(new URL(name, root), 'utf8'))
    .join('\n')
  /** The words in the first argument of every call of the method. */
  const named = (method: string) => {
    const calls = code.matchAll(new RegExp(`\\b${method}\\(([^,)]*)`, 'g'))
    const words = [...calls].flatMap(([, first]) => [...first!.matchAll(/'([a-z_]+)'/g)])
    return [...new Set(words.map(([, word]) => word))].toSorted()
  }
  t.strictSame(named('count'), Object.keys(counters).toSorted())
  t.strictSame(named('observe'), Object.keys(histograms).toSorted())
  t.strictSame(named('gauge'), Object.keys(gauges).toSorted())
})

t.test(
  'count: labels that differ from the first call’s never throw and never lose a count',
  async t => {
    const meter = createMeter()
    meter.count('reads', { outcome: 'held' })
    meter.count('reads', { outcome: 'held', dialect: 'taxii' })
    meter.count('reads')
    t.same(samples(await meter.text(), 'reads'), [
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
  t.same(samples(text, 'reads'), [
    'sekoia_gateway_reads_total{log="[hidden]"} 3',
    `sekoia_gateway_reads_total{log="${feed}"} 1`
  ])
})

t.test('count: nothing is lost over many sets of labels, nor over many readings', async t => {
  const meter = createMeter()
  for (let round = 1; round <= 2; round++) {
    for (let n = 0; n < 2500; n++) meter.count('reads', { kind: `k${n}` }, 2)
    const lines = samples(await meter.text(), 'reads')
    t.equal(lines.length, 2500)
    t.ok(lines.every(line => line.endsWith(`} ${2 * round}`)))
  }
})

t.test(
  'observe: a duration is in every bucket from its own up, in the sum and the count',
  async t => {
    const meter = createMeter()
    const labels = { dialect: 'taxii', outcome: 'held' }
    meter.observe('request_read_duration', labels, 0.3)
    meter.observe('request_read_duration', labels, 0.003)
    const lines = samples(await meter.text(), 'request_read_duration_seconds')
    const value = (end: string) => lines.find(line => line.includes(end))?.split(' ')[1]
    t.equal(value('_bucket{le="0.001"'), '0')
    t.equal(value('_bucket{le="0.005"'), '1')
    t.equal(value('_bucket{le="0.5"'), '2')
    t.equal(value('_count{dialect="taxii",outcome="held"}'), '2')
    t.equal(value('_sum'), '0.303')
  }
)

t.test(
  'observe: the text is that of a histogram of prom-client, in whatever order the labels come',
  async t => {
    const name = 'request_read_duration'
    const { help, labels, buckets } = histograms[name]!
    const registry = new Registry()
    const options = { name: `sekoia_gateway_${name}_seconds`, help, buckets: [...buckets] }
    const labelNames = Object.keys(labels!)
    const expected = new Histogram({ ...options, labelNames, registers: [registry] })
    const meter = createMeter()
    for (const [dialect, outcome, seconds] of [
      ['taxii', 'held', 0.0005],
      ['native', 'hit', 0.001],
      ['taxii', 'a "quoted" one', 7],
      ['taxii', 'held', 1000],
      ['native', 'hit', 0]
    ] as const) {
      const given = seconds === 1000 ? { outcome, dialect } : { dialect, outcome }
      expected.observe(given, seconds)
      meter.observe(name, given, seconds)
    }
    const lines = samples(await meter.text(), name)
    t.strictSame(lines, samples(await registry.metrics(), name))
    t.equal(lines.length, 3 * (buckets.length + 3))
  }
)

t.test(
  'gauge: read for each scrape; one that cannot be read is left out, and is not 0',
  async t => {
    const meter = createMeter()
    let read = async () => [{ value: 7 }]
    meter.gauge('store_free_bytes', () => read())
    let feeds = ['a', 'b']
    meter.gauge('feed_end_age_seconds', () => feeds.map(feed => ({ labels: { feed }, value: 1 })))
    const first = await meter.text()
    t.same(samples(first, 'store_free'), ['sekoia_gateway_store_free_bytes 7'])
    t.equal(samples(first, 'feed_end_age_seconds').length, 2)
    read = () => Promise.reject(new Error('gone'))
    feeds = ['b']
    const second = await meter.text()
    t.same(samples(second, 'store_free'), [])
    t.same(samples(second, 'feed_end_age_seconds'), [
      'sekoia_gateway_feed_end_age_seconds{feed="b"} 1'
    ])
  }
)

t.test('two meters count apart; process metrics are off unless asked for', async t => {
  const one = createMeter()
  one.count('reads')
  const other = await createMeter().text()
  t.same(samples(other, 'reads'), [])
  t.notMatch(other, /^process_/m)
  const text = await createMeter({ processMetrics: true }).text()
  t.match(text, /^process_resident_memory_bytes \d/m)
  for (const part of ['p50', 'p90', 'p99', 'max'])
    t.match(text, new RegExp(`^nodejs_eventloop_lag_${part}_seconds \\S`, 'm'), part)
})

t.test('GET /metrics: Prometheus text, never cached', async t => {
  const meter = createMeter()
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(metricsPlugin, meter)
  meter.count('http_requests', { status: '200' })
  const reply = await app.inject('/metrics')
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  t.equal(reply.headers['cache-control'], 'no-store')
  t.equal(reply.body, await meter.text())
  t.match(reply.body, '# TYPE sekoia_gateway_http_requests_total counter')
})
