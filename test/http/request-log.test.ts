import t from 'tap'
import { GatewayError } from '../../src/kernel/errors.ts'
import { collectionA, O, R } from '../support/objects.ts'
import { head, listen, raw } from '../support/raw-http.ts'
import { basic, buildTaxiiServer } from '../support/taxii-server.ts'

const key = 'sio_very-secret-key'

t.test('one line per request, with what an operator asks for', async t => {
  const server = await buildTaxiiServer(t)
  await server.get(`${O}?limit=2`, { 'x-request-id': 'proxy-1' })
  t.equal(server.logs.length, 1)
  t.match(server.logs[0], {
    level: 30,
    method: 'GET',
    route: '/sekoia/collections/:collection/objects/',
    path: O,
    status: 200,
    outcome: 'held',
    items: 2,
    collection: collectionA,
    token: 'none',
    requestId: 'proxy-1',
    scope: /^[0-9a-f]{8}$/
  })
  t.type(server.logs[0]!['ms'], 'number')
  t.ok(Number(server.logs[0]!['bytes']) > 100)
  t.strictSame(
    server.counts.filter(count => count.startsWith('http_requests')),
    ['http_requests GET /sekoia/collections/:collection/objects/ 200']
  )
})

t.test('every kind of answer has exactly one line', async t => {
  const server = await buildTaxiiServer(t)
  const port = await listen(server.app)
  const requests = ['GET /%zz/', 'GET /nope/', 'PUT /taxii2/', 'OPTIONS /taxii2/', `GET ${R}`]
  for (const request of requests) await raw(port, head(`${request} HTTP/1.1`))
  await raw(port, 'nonsense\r\n\r\n')
  t.strictSame(
    server.logs.map(({ status }) => status),
    [400, 404, 405, 204, 401, 400]
  )
  t.strictSame(
    server.logs.map(({ outcome }) => outcome),
    ['malformed', 'not-found', 'method-not-allowed', undefined, 'unauthorized', 'malformed']
  )
})

t.test('an odd X-Request-Id is replaced', async t => {
  const server = await buildTaxiiServer(t)
  for (const id of ['a b', '<x>', 'x'.repeat(65)])
    await server.get('/taxii2/', { 'x-request-id': id })
  for (const { requestId } of server.logs) t.match(requestId, /^[0-9a-f-]{36}$/)
})

t.test('levels: upstream trouble warns, our faults are errors, both with their cause', async t => {
  const server = await buildTaxiiServer(t)
  server.records.failure = new GatewayError('unavailable', { cause: new Error('ECONNREFUSED') })
  await server.get(O)
  server.records.failure = undefined
  server.records.read = async () => {
    throw new TypeError('a fault')
  }
  await server.get(O)
  await server.get(`${O}?limit=0`)
  t.strictSame(
    server.logs.map(({ level }) => level),
    [40, 50, 30]
  )
  t.match(JSON.stringify(server.logs[0]), 'ECONNREFUSED')
  t.match(JSON.stringify(server.logs[1]), 'a fault')
})

t.test('G6: a key never gets into the log, however it was sent', async t => {
  const server = await buildTaxiiServer(t, { credentials: { queryParameter: 'apikey' } })
  const port = await listen(server.app)
  server.records.keys.add(key)
  for (const headers of [
    { authorization: `Bearer ${key}` },
    { authorization: `Digest ${key}` },
    { authorization: basic('user', key) },
    { authorization: undefined, 'x-api-key': key },
    { authorization: undefined, cookie: key }
  ]) {
    for (const url of ['/taxii2/', O, '/nope/', `${O}?limit=0`, `/taxii2/?apikey=${key}`]) {
      await server.get(url, headers)
      await server.get(`${url}${url.includes('?') ? '&' : '?'}api_key=${key}`, headers)
    }
  }
  await raw(port, head(`GET http://user:${key}@gateway.example.com/taxii2/ HTTP/1.1`))
  await raw(port, head(`GET /%zz/?apikey=${key} HTTP/1.1`))
  await raw(port, head('GET /taxii2/ HTTP/1.1', `X-Long: ${key}${'x'.repeat(40_000)}`))
  t.ok(server.logs.length > 50)
  t.notMatch(server.logText(), key)
  t.notMatch(server.logText(), Buffer.from(`user:${key}`).toString('base64'))
})

t.test('K11: a key typed into the path is not logged, words and ids are', async t => {
  const server = await buildTaxiiServer(t)
  const port = await listen(server.app)
  const keys = [key, `eyJ${'hbGciOiJIUzI1NiJ9.'.repeat(3)}x`, 'a1b2c3d4e5f6a7b8c9d0e1f2']
  for (const typed of keys)
    for (const path of [
      '/K/',
      '/taxii2/K',
      `${R}K/`,
      `${R}collections/K/objects/`,
      '/misp/K',
      `${O}K/`
    ]) {
      await raw(port, head(`GET ${path.replace('K', typed)} HTTP/1.1`))
      await server.get(path.replace('K', typed))
    }
  for (const typed of keys) t.notOk(server.logText().includes(typed), typed)
  t.ok(server.logs.some(({ path }) => path === '/taxii2/[hidden]'))
  for (const path of ['/taxii/collections/', `${O}`, `${O}indicator--${collectionA}/`, '/v2.1/']) {
    await server.get(path)
    t.equal(server.logs.at(-1)!['path'], path)
  }
})
