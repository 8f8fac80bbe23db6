import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { version } from '../../src/ops/version.ts'
import { buildGateway, type GatewayOptions } from '../support/app.ts'
import { programOf } from '../support/system-package.ts'

/** `/metrics` of the whole gateway: its form, its documentation, and what it says of feeds and answers. */

const feed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const objects = `/sekoia/collections/${feed}/objects/`

async function build(t: Test, options: GatewayOptions = {}) {
  const gateway = await buildGateway(t, options)
  const metrics = async () => (await gateway.send({ url: '/metrics' })).body
  /** The value of a series, by its name and labels as they stand in the text. */
  const value = async (series: string) => {
    const lines = (await metrics()).split('\n')
    const line = lines.find(line => line.startsWith(`sekoia_gateway_${series} `))
    return line === undefined ? undefined : Number(line.split(' ').at(-1))
  }
  /** Resolves once the series is 0: a log is confirmed somewhat after its objects are answered. */
  const isZero = async (series: string) => {
    while ((await value(series)) !== 0) await setImmediate()
  }
  return { ...gateway, metrics, value, isZero }
}

t.test('promtool finds nothing wrong with the metrics of a gateway that has served', async t => {
  const { send, metrics } = await build(t)
  for (const url of ['/taxii2/', objects, '/misp/manifest.json', '/nowhere/']) await send({ url })
  const promtool = programOf('prometheus', 'usr/bin/promtool')
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], {
    input: await metrics(),
    encoding: 'utf8'
  })
  t.strictSame([status, stdout, stderr], [0, '', ''])
})

t.test(
  'docs/operations.md has every metric that is served, with its labels, and no other',
  async t => {
    const { send, metrics } = await build(t)
    await send({ url: objects })
    const served = [...(await metrics()).matchAll(/^# TYPE (sekoia_\w+) (\w+)$/gm)]
    const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
    const documented = [...text.matchAll(/^\| `(sekoia_gateway_\w+)` \| (\w+) \|/gm)]
    const pairs = (found: RegExpExecArray[]) =>
      found.map(([, name, type]) => [name, type]).toSorted()
    t.strictSame(pairs(documented), pairs(served))
  }
)

t.test('every help text is a sentence of its own', async t => {
  const { metrics } = await build(t)
  const helps = [...(await metrics()).matchAll(/^# HELP sekoia_gateway_\w+ (.*)$/gm)]
  const texts = helps.map(([, text]) => text!)
  t.ok(texts.length > 30)
  for (const text of texts) t.match(text, /^[A-Z].*\w \w.*\.$/)
  t.equal(new Set(texts).size, texts.length)
})

t.test('the version and the state of the parts are told from the first moment on', async t => {
  const { metrics, value } = await build(t)
  t.match(
    await metrics(),
    `sekoia_gateway_build_info{version="${version}",node="${process.version}"} 1`
  )
  for (const part of ['store', 'upstream', 'feeds'])
    t.equal(await value(`degraded{part="${part}"}`), 0)
  t.equal(await value('upstream_breakers{state="closed"}'), 1)
  t.equal(await value('upstream_breakers{state="open"}'), 0)
  t.ok((await value('store_size_bytes{part="feed_logs"}'))! > 0)
  t.ok((await value('store_size_bytes{part="documents"}'))! > 0)
  t.ok((await value('store_free_bytes'))! > 0)
  t.equal(await value('feed_end_age_max_seconds'), undefined, 'no feed is followed yet')
  const route = 'method="GET",route="/sekoia/collections/:collection/objects/",status='
  t.equal(await value(`http_requests_total{${route}"500"}`), 0)
})

t.test('the age of the end of a feed grows until Sekoia confirms it again', async t => {
  const { send, value, isZero, simulator } = await build(t)
  await send({ url: objects })
  await isZero('feed_end_age_max_seconds')
  simulator.clock.advance(30_000)
  t.equal(await value('feed_end_age_max_seconds'), 30)
  t.equal(await value(`feed_end_age_seconds{feed="${feed}"}`), 30)
  t.equal(await value('feed_logs_followed'), 1)
  await send({ url: objects })
  await isZero('feed_end_age_max_seconds')
})

t.test('METRICS_MAX_FEEDS bounds the series of feeds, and not the oldest end of all', async t => {
  const { send, value, isZero } = await build(t, { env: { METRICS_MAX_FEEDS: '0' } })
  await send({ url: objects })
  await isZero('feed_end_age_max_seconds')
  t.equal(await value(`feed_end_age_seconds{feed="${feed}"}`), undefined)
})

t.test('answers are timed by dialect and outcome, calls to Sekoia by kind and outcome', async t => {
  const { send, value } = await build(t)
  await send({ url: objects })
  await send({ url: objects })
  await send({ url: '/taxii2/', headers: { authorization: '' } })
  await send({ url: '/misp/' })
  const count = (name: string, labels: string) => value(`${name}_duration_seconds_count{${labels}}`)
  for (const name of ['request_read', 'request_send']) {
    t.equal(await count(name, 'dialect="taxii",outcome="fetched"'), 1)
    t.equal(await count(name, 'dialect="taxii",outcome="held"'), 1)
    t.equal(await count(name, 'dialect="taxii",outcome="unauthorized"'), 1)
    t.equal(await count(name, 'dialect="misp",outcome="answered"'), 1)
  }
  t.ok((await count('upstream_request', 'endpoint="page",outcome="200"'))! >= 1)
  t.equal(await count('request_read', 'dialect="taxii",outcome="answered"'), undefined, 'no probes')
})

t.test('the age of Sekoia’s last success grows while it fails, and ends with the next', async t => {
  const { send, value, simulator } = await build(t)
  t.equal(await value('upstream_success_age_seconds'), undefined, 'nothing was asked yet')
  await send({ url: objects })
  t.equal(await value('upstream_success_age_seconds'), 0)
  simulator.faults.rate({ kind: 'status', status: 500 }, 1)
  simulator.clock.advance(60_000)
  await send({ url: objects })
  t.ok((await value('upstream_success_age_seconds'))! >= 60)
  simulator.faults.clear()
  simulator.clock.advance(60_000)
  await send({ url: objects })
  t.equal(await value('upstream_success_age_seconds'), 0)
})
