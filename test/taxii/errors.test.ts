import t, { type Test } from 'tap'
import { GatewayError } from '../../src/kernel/errors.ts'
import { taxiiType } from '../../src/taxii/negotiate.ts'
import { failed } from '../support/expect.ts'
import { C, collectionA, M, O, R, uuid } from '../support/objects.ts'
import { head, listen, raw } from '../support/raw-http.ts'
import { buildTaxiiServer, credentials } from '../support/taxii-server.ts'

/** An answer read from a socket: status line and exact type, and a body that says the same status. */
function failedRaw(t: Test, answer: string, status: number) {
  const [top = '', body = ''] = answer.split('\r\n\r\n')
  t.match(top, new RegExp(`^HTTP/1\\.1 ${status} `))
  t.match(top.toLowerCase(), `\r\ncontent-type: ${taxiiType}`)
  t.equal(JSON.parse(body).http_status, String(status))
}

t.test('errors (TAXII 2.1 §3.6)', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-3.6-1, T-3.6.1-1, -2, -3, T-3.1-4: every error is an error resource', async t => {
    failed(t, await server.get(O, { authorization: undefined }), 401)
    failed(t, await server.get(O, { accept: 'text/html' }), 406)
    failed(t, await server.get(`${O}?limit=0`), 400)
    failed(t, await server.get('/nope/'), 404)
    failed(t, await server.send({ method: 'PUT', url: O }), 405)
  })

  t.test('T-3.6.1-4: error_id names one occurrence, also in the log', async t => {
    const [first, second] = [
      failed(t, await server.get(`${O}?limit=0`), 400),
      failed(t, await server.get(`${O}?limit=0`), 400)
    ]
    t.not(first['error_id'], second['error_id'])
    t.equal(first['error_code'], second['error_code'])
    for (const { error_id } of [first, second]) {
      t.equal(server.logs.filter(({ errorId }) => errorId === error_id).length, 1)
    }
  })

  t.test('T-3.6.1-5 G6: the text is plain and free of what happened inside', async t => {
    const cause = new TypeError('connect https://api.sekoia.io/v2 with valid-key failed')
    for (const [failure, status] of [
      [cause, 500],
      [new GatewayError('bad-answer', { cause }), 502],
      [new GatewayError('unavailable', { cause }), 503]
    ] as const) {
      const own = await buildTaxiiServer(t)
      own.records.read = async () => {
        throw failure
      }
      const response = await own.get(O)
      failed(t, response, status)
      t.notMatch(response.body, /sekoia\.io|valid-key|at \/|TypeError|\.ts/)
    }
  })

  t.test('T-3.6.1-6: faults that the framework finds have the same form', async t => {
    const { app } = await buildTaxiiServer(t, { server: { requestTimeoutMs: 1000 } })
    const port = await listen(app)
    const authorization = `Authorization: ${credentials}`
    failedRaw(t, await raw(port, head('GET /%zz/ HTTP/1.1')), 400)
    failedRaw(t, await raw(port, head(`GET ${O}%ff/ HTTP/1.1`, authorization)), 400)
    failedRaw(t, await raw(port, head('GET /nope/ HTTP/1.1')), 404)
    failedRaw(t, await raw(port, head(`GET ${R}status/${'x'.repeat(600)}/ HTTP/1.1`)), 414)
    failedRaw(t, await raw(port, head('GET / HTTP/1.1', `X-Long: ${'x'.repeat(40_000)}`)), 431)
    failedRaw(t, await raw(port, 'nonsense\r\n\r\n'), 400)
    failedRaw(t, await raw(port, head('GET / HTTP/1.1', 'Content-Length: x')), 400)
  })

  t.test('T-B-4, D-24: hidden and unknown collections are answered alike', async t => {
    server.records.keys.add('other-key')
    server.records.hidden.add(`other-key ${collectionA}`)
    const headers = { authorization: 'Bearer other-key' }
    for (const url of [C, O, M]) {
      const hidden = failed(t, await server.get(url, headers), 404)
      const unknown = failed(t, await server.get(url.replace(collectionA, uuid(9)), headers), 404)
      t.strictSame({ ...hidden, error_id: '' }, { ...unknown, error_id: '' })
    }
  })

  t.test('D-23 P-34: upstream trouble is 502, 503 or 504, never an empty answer', async t => {
    for (const [kind, status] of [
      ['bad-answer', 502],
      ['unavailable', 503],
      ['timeout', 504],
      ['throttled', 429]
    ] as const) {
      server.records.failure = new GatewayError(kind)
      for (const url of [O, M, `${R}collections/`]) failed(t, await server.get(url), status)
      const { headers } = await server.get(O)
      t.equal('retry-after' in headers, status === 503 || status === 429)
    }
    server.records.failure = new GatewayError('unavailable', { retryAfterSeconds: 1.2 })
    t.equal((await server.get(O)).headers['retry-after'], '2')
  })
})
