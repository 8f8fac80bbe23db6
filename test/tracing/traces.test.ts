import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { defaultFeedId } from '../../src/demo/feeds/feeds.ts'
import { startSimulator } from '../../src/demo/simulator.ts'
import { startGateway } from '../support/gateway-process.ts'
import { type ReceivedSpan, startReceiver } from '../support/otlp-receiver.ts'
import { tracesOf } from '../support/traces.ts'

/** Traces go to a collector where one is named; without, nothing of OpenTelemetry is loaded. */

const teller = fileURLToPath(new URL('../support/tell-opentelemetry.ts', import.meta.url))
const watched = { NODE_OPTIONS: `--import=${teller}` }
const objects = `/sekoia/collections/${defaultFeedId}/objects/`

async function build(t: Test, env: Record<string, string> = {}) {
  const simulator = await startSimulator({ objects: 300 })
  t.teardown(() => simulator.close())
  const receiver = await startReceiver(t)
  const gateway = await startGateway(t, {
    SEKOIA_URL: simulator.url,
    AUTH_QUERY_PARAMETER: 'key',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    ...watched,
    ...env
  })
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const authorization = `Bearer ${simulator.key}`
    const reply = await fetch(gateway.url + path, { headers: { authorization, ...headers } })
    await reply.arrayBuffer()
    return reply.status
  }
  return { simulator, receiver, gateway, get }
}

const named = (spans: readonly ReceivedSpan[], name: string) =>
  spans.filter(span => span.name === name)

t.test('request, log read, store and upstream call are spans of one trace', async t => {
  const { receiver, gateway, get } = await build(t)
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`
  t.equal(await get(`${objects}?limit=100`, { traceparent }), 200)
  t.match((await gateway.stop()).stdout, /^loaded: .*@opentelemetry\/sdk-trace-node/m)
  const spans = receiver.spans.filter(span => span.traceId === traceId)
  const [request] = named(spans, 'request')
  t.match(request, {
    parentSpanId: 'b7ad6b7169203331',
    kind: 2,
    attributes: {
      'http.request.method': 'GET',
      'http.route': `/sekoia/collections/:collection/objects/`,
      'http.response.status_code': 200
    }
  })
  const [read] = named(spans, 'log read')
  t.equal(read?.parentSpanId, request?.spanId)
  const [load] = named(spans, 'store load').filter(span => span.parentSpanId === read?.spanId)
  t.strictSame(load?.attributes, { 'gateway.store': 'log' })
  t.ok(named(spans, 'store commit').length > 0)
  const calls = named(spans, 'GET')
  t.ok(calls.length > 0)
  for (const { kind, attributes } of calls)
    t.match({ kind, attributes }, { kind: 3, attributes: { 'http.response.status_code': 200 } })
  const ids = new Set(spans.map(span => span.spanId))
  t.ok(spans.every(span => span === request || ids.has(span.parentSpanId ?? '')))
})

t.test('no key, path, query or text of Sekoia is in a span (G6)', async t => {
  const { simulator, receiver, gateway, get } = await build(t)
  const secret = 'looked-up.example'
  simulator.add({ type: 'indicator', name: secret, pattern: `[domain-name:value = '${secret}']` })
  const paths = [
    `/v2/inthreat/indicators?value=${secret}&type=domain-name`,
    `/v2/inthreat/objects/indicator--00000000-1111-4111-8111-111111111111`,
    `${objects}?key=${simulator.key}&match[id]=x--not-logged`,
    `/nowhere/a-text-of-the-client-0123456789-abcdef`,
    `/misp/${defaultFeedId}/manifest.json`
  ]
  for (const path of paths) await get(path, { 'user-agent': 'agent-of-client' })
  simulator.faults.rate({ kind: 'status', status: 500 })
  await get('/v2/inthreat/sources')
  const { stdout } = await gateway.stop()
  const text = receiver.text()
  t.ok(receiver.spans.length > 10)
  t.strictSame(tracesOf(simulator.key, text), [])
  const scope = /"scope":"([0-9a-f]{8})"/.exec(stdout)?.[1]
  for (const trace of [
    secret,
    scope!,
    'Object not found',
    'not-logged',
    'agent-of-client',
    '/nowhere',
    '00000000-1111',
    'a-text-of-the-client'
  ])
    t.notOk(text.includes(trace), trace)
  const names = new Set(receiver.spans.flatMap(({ attributes }) => Object.keys(attributes)))
  for (const name of names)
    t.notMatch(name, /url\.(?:full|path|query)|user_agent|message|exception/)
  t.ok(receiver.spans.some(({ attributes }) => attributes['http.response.status_code'] === 500))
})

t.test('Sekoia is told of no trace', async t => {
  const headers: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    headers.push(request.headers)
    response.statusCode = 401
    response.setHeader('content-type', 'application/json').end('{"code":"T300"}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { get } = await build(t, { SEKOIA_URL: url })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  t.equal(await get(objects, { traceparent }), 401)
  t.ok(headers.length > 0)
  for (const { traceparent } of headers) t.equal(traceparent, undefined)
})

t.test('a collector that is not there costs no answer, and is told once', async t => {
  const { gateway, get } = await build(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    OTEL_BSP_SCHEDULE_DELAY: '50'
  })
  for (let n = 0; n < 3; n++) t.equal(await get(`${objects}?limit=1`), 200)
  await gateway.told(/the collector of traces does not take them/)
  const { stdout, code } = await gateway.stop()
  t.equal(code, 0)
  t.equal(stdout.match(/the collector of traces does not take them/g)?.length, 1)
})

t.test('without a collector nothing of OpenTelemetry is loaded', async t => {
  for (const env of [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, { OTEL_SDK_DISABLED: 'true' }]) {
    const { receiver, gateway, get } = await build(t, env)
    t.equal(await get(objects), 200)
    const { stdout } = await gateway.stop()
    t.match(stdout, /"msg":"request"/)
    t.notMatch(stdout, /^loaded: /m)
    t.equal(receiver.text(), '')
  }
})
