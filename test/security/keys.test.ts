import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import type { Fault } from '../../src/demo/faults.ts'
import { buildGateway, type Gateway } from '../support/app.ts'
import { head, raw } from '../support/raw-http.ts'
import { tracesOf } from '../support/traces.ts'

/** Keys leave no trace: not in the log, the store, the metrics or an answer, at any log level (G6); nor does Sekoia's text. */

const secret = Buffer.from('a server secret that is long enough for anybody')
const feed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const objects = `/sekoia/collections/${feed}/objects/`
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

/** One key for each way to show one; characters that encodings treat specially are among them. */
const styles: readonly (readonly [string, (key: string) => Partial<InjectOptions>])[] = [
  ['bearer', key => ({ headers: { authorization: `Bearer ${key}` } })],
  ['token', key => ({ headers: { authorization: `Token ${key}` } })],
  ['basic-password', key => ({ headers: { authorization: basic(`alice:${key}`) } })],
  ['basic-user', key => ({ headers: { authorization: basic(`${key}:`) } })],
  ['api-key-header', key => ({ headers: { authorization: '', 'x-api-key': key } })],
  ['query', key => ({ headers: { authorization: '' }, query: { api_key: key } })]
]

const keyOf = (style: string): string => `sio_${style}_4Zk"9\\q+/=&%41~Vb8mW2xT7`

const faults: readonly Fault[] = [
  { kind: 'status', status: 401 },
  { kind: 'status', status: 403 },
  { kind: 'status', status: 404 },
  { kind: 'status', status: 418 },
  { kind: 'status', status: 429, retryAfterSeconds: 600 },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'reset' },
  { kind: 'reset', afterBytes: 0 },
  { kind: 'truncated' },
  { kind: 'stall' },
  { kind: 'error-object' },
  { kind: 'html' },
  { kind: 'no-items' },
  { kind: 'bad-gzip' },
  { kind: 'status', status: 502 },
  { kind: 'slow', delayMs: 1000 },
  { kind: 'reset', afterBytes: 10 }
]

/** Well-formed and malformed requests on every kind of path. */
const paths = [
  '/taxii2/',
  '/sekoia/',
  '/sekoia/collections/',
  `/sekoia/collections/${feed}/`,
  objects,
  `${objects}?limit=7`,
  `${objects}?limit=nonsense`,
  `${objects}?next=nonsense`,
  `${objects}?match[type]=indicator`,
  `${objects}indicator--00000000-0000-4000-8000-000000000000/`,
  `/sekoia/collections/${feed}/manifest/`,
  '/sekoia/collections/2f0d6f9c-8a5b-4c3e-9d1a-0b1c2d3e4f5a/objects/',
  '/sekoia/status/1/',
  '/nowhere/%zz'
]

/** Everything that a run leaves behind, by place. */
interface Remains {
  readonly log: string
  readonly metrics: string
  readonly answers: string
  readonly store: Buffer
}

async function remainsOf(t: Test, level: string): Promise<Remains> {
  const dataDir = t.testdir()
  const gateway = await buildGateway(t, {
    env: {
      LOG_LEVEL: level,
      AUTH_QUERY_PARAMETER: 'api_key',
      UPSTREAM_TOTAL_TIMEOUT_MS: '100',
      UPSTREAM_BREAKER_FAILURES: '1000',
      UPSTREAM_BACKOFF_MS: '1',
      FEED_LOG_PAGE_LIMIT: '10'
    },
    store: { dataDir },
    secret
  })
  for (const [style] of styles) gateway.simulator.putKey(keyOf(style))
  const answers = await playThrough(gateway)
  const metrics = await gateway.meter.text()
  const store = Buffer.concat(readdirSync(dataDir).map(name => readFileSync(join(dataDir, name))))
  await gateway.close()
  return { log: gateway.logText(), metrics, answers, store }
}

/** Every style on every path, in good times and bad, held and not. Gives all that was answered. */
async function playThrough(gateway: Gateway): Promise<string> {
  const { simulator } = gateway
  const answers: string[] = []
  const send = async (request: InjectOptions) => {
    const { headers, body } = await gateway.send(request)
    answers.push(JSON.stringify(headers), body)
  }
  for (const [style, credentials] of styles) {
    for (const url of paths) await send({ ...withQuery(url, credentials(keyOf(style))) })
    await send({
      method: 'POST',
      ...withQuery(objects, credentials(keyOf(style))),
      payload: keyOf(style)
    })
    await send({ method: 'PUT', ...withQuery(objects, credentials(keyOf(style))) })
    await send(withQuery(objects, credentials(`unknown-${keyOf(style)}`)))
  }
  for (const [n, fault] of [...faults, ...faults.toReversed()].entries()) {
    simulator.faults.rate(fault)
    simulator.clock.advance(700_000)
    const unheld = `${objects}?match[type]=x-type-${n}`
    const [style, credentials] = styles[n % styles.length]!
    for (const url of [objects, unheld, '/sekoia/collections/', '/taxii2/'])
      await send(withQuery(url, credentials(keyOf(style))))
    simulator.faults.clear()
  }
  simulator.keys.clear()
  simulator.clock.advance(700_000)
  for (const [style, credentials] of styles)
    await send(withQuery(objects, credentials(keyOf(style))))
  answers.push(...(await garbage(gateway)))
  return answers.join('\n')
}

/** A request with more query parameters. */
const withQuery = (url: string, { headers, query }: Partial<InjectOptions>): InjectOptions => {
  const more = new URLSearchParams((query ?? {}) as Record<string, string>).toString()
  return {
    url: more ? `${url}${url.includes('?') ? '&' : '?'}${more}` : url,
    ...(headers && { headers })
  }
}

/** What HTTP itself refuses, with a key in it. */
async function garbage(gateway: Gateway): Promise<string[]> {
  const port = Number(new URL(await gateway.listen()).port)
  const key = keyOf('bearer')
  const authorization = `Authorization: Bearer ${key}`
  const requests = [
    head(`GET ${objects} HTTP/1.1`, authorization, 'Bad Header: x'),
    head(
      `GET http://user:${encodeURIComponent(key)}@gateway.example.com/taxii2/ HTTP/1.1`,
      authorization
    ),
    head(`GET ${objects} HTTP/1.1`, authorization, `X-Large: ${'x'.repeat(40_000)}`),
    head(`NONSENSE ${objects} HTTP/1.1`, authorization)
  ]
  const answers = []
  for (const request of requests) answers.push(await raw(port, request))
  return answers
}

const scopeOf = (key: string): string => createHmac('sha256', secret).update(key).digest('hex')

t.setTimeout(120_000)

for (const level of ['info', 'debug', 'trace']) {
  t.test(
    `log level ${level}: no key is left in the log, the metrics, the store or an answer`,
    async t => {
      const { log, metrics, answers, store } = await remainsOf(t, level)
      for (const [style] of styles) {
        const key = keyOf(style)
        const scope = scopeOf(key)
        for (const [place, bytes] of Object.entries({ log, metrics, answers, store }))
          t.same(tracesOf(key, bytes), [], `${style} in ${place}`)
        for (const [place, text] of Object.entries({ log, metrics, answers }))
          t.notOk(text.includes(scope.slice(0, 32)), `the scope of ${style} in ${place}`)
        t.notOk(store.includes(scope), 'the whole HMAC is nowhere')
        t.notOk(answers.includes(scope.slice(0, 8)), 'nor any of it in an answer')
        t.ok(
          log.includes(`"scope":"${scope.slice(0, 8)}"`),
          `${style} was seen: its lines are there`
        )
        t.ok(store.includes(scope.slice(0, 32)), `${style} was served: its log is in the store`)
      }
      t.notMatch(log, /"stack"|node_modules|<html/, 'no stack and nothing that Sekoia wrote')
      t.match(log, /"err":\{"type":"GatewayError","message":"[^"]+","at":"sekoia\//)
      const statuses = new Set(log.split('\n').map(line => /"status":(\d+)/.exec(line)?.[1]))
      for (const status of ['200', '400', '401', '403', '404', '405', '502', '503', '504'])
        t.ok(statuses.has(status), `the run had answers of status ${status}`)
      t.match(metrics, /sekoia_gateway_http_requests_total\{/)
      t.match(metrics, /upstream_requests_total\{/)
    }
  )
}

t.test('the search finds a key in every form in which it could be left behind', async t => {
  const key = keyOf('bearer')
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const samples = [
    `{"key":${JSON.stringify(key)}}`,
    `/path?api_key=${encodeURIComponent(key)}`,
    base64(`alice:${key}`),
    base64(`al:${key}`),
    base64(`${key}:`),
    Buffer.from(`x${key}`).toString('base64url'),
    Buffer.from(key).toString('hex')
  ]
  for (const sample of samples) t.not(tracesOf(key, sample).length, 0, sample)
  t.not(tracesOf(key, Buffer.from(key, 'utf16le')).length, 0)
  t.same(tracesOf(key, `${key.slice(0, -1)} ${key.slice(1)}`), [])
})
