import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createScopes } from '../../src/auth/scope.ts'
import { Answers } from '../../src/http/answers.ts'
import { authPlugin } from '../../src/http/auth.ts'
import { type Dialect, errorFormByPrefix } from '../../src/http/dialect.ts'
import { overloadPlugin } from '../../src/http/overload.ts'
import { registerDialect } from '../../src/http/register-dialect.ts'
import { requestLog } from '../../src/http/request-log.ts'
import { buildServer } from '../../src/http/server.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { defaultCredentialOptions } from '../support/credential-options.ts'
import { head, listen, raw } from '../support/raw-http.ts'

/** What every dialect gets by being registered: shown with two that are nothing but values. */

const verbatim = (status: number, value: unknown) => ({
  status,
  headers: { 'content-type': 'application/json' },
  bytes: Buffer.from(JSON.stringify(value))
})

const letters: Dialect = {
  name: 'letters',
  errorForm: ({ kind }) => ({ mediaType: 'text/x-letter', text: `letter ${kind}` }),
  representation: 'r',
  continues: () => false,
  mounts: [{ prefix: '/letters', paths: [] }]
}

/** As an API with JSON bodies, below two prefixes; `/slow` waits until it is let go. */
function things(slow: Promise<void>): Dialect {
  const paths = [
    {
      url: '/things',
      operations: {
        GET: {
          handle: () => ({
            mediaType: 'application/json',
            headers: {},
            digest: 'd',
            body: () => [Buffer.from('[]')]
          })
        },
        POST: {
          maxBodyBytes: 20,
          handle: ({ body }: { body?: unknown }) => verbatim(201, String(body))
        },
        DELETE: { verifies: true, handle: async () => verbatim(204, '') }
      }
    },
    {
      url: '/things/*',
      operations: {
        GET: {
          handle: ({ params, url }: { params: unknown; url: string }) =>
            verbatim(200, [(params as { '*': string })['*'].length, url.split('?')[1]])
        },
        PUT: {
          maxBodyBytes: 1024,
          handle: () => {
            throw new GatewayError('forbidden')
          }
        }
      }
    },
    {
      url: '/slow',
      operations: { GET: { heavy: true, handle: () => slow.then(() => verbatim(200, 'done')) } }
    }
  ]
  return {
    name: 'things',
    errorForm: ({ status, title }) => ({
      mediaType: 'application/json',
      text: JSON.stringify({ message: title, code: status })
    }),
    representation: 'r',
    continues: ({ query }) => 'cursor' in (query as object),
    assertAcceptable: accept => {
      if (accept === 'text/html') throw new GatewayError('not-acceptable')
    },
    mounts: ['/v2/things', '/api/v2/things'].map(prefix => ({ prefix, paths }))
  }
}

async function serve(t: Test, slow: Promise<void> = Promise.resolve()) {
  const lines: string[] = []
  const dialects = [letters, things(slow)] as const
  const app = buildServer({
    logger: pino({ level: 'info' }, { write: line => lines.push(line) }),
    errorFormOf: errorFormByPrefix(dialects)
  })
  await app.register(requestLog)
  await app.register(authPlugin, {
    credentials: defaultCredentialOptions,
    toCaller: createScopes(Buffer.from('test secret'))
  })
  await app.register(overloadPlugin, {
    maxActiveRequests: 1,
    maxQueuedRequests: 0,
    maxEventLoopDelayMs: 0
  })
  const verified: string[] = []
  for (const dialect of dialects)
    await registerDialect(app, dialect, {
      answers: new Answers({}),
      rights: {
        verify: async ({ key }) => {
          verified.push(key.reveal())
          if (key.reveal() !== 'good') throw new GatewayError('unauthorized')
        }
      }
    })
  t.teardown(() => app.close())
  const authorization = 'Bearer good'
  const send = (method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS') => {
    return (url: string, headers: Record<string, string> = {}, payload = '') =>
      app.inject({ method, url, headers: { authorization, ...headers }, payload })
  }
  const logs = () => lines.map(line => JSON.parse(line)).filter(({ msg }) => msg === 'request')
  return { app, send, verified, logs }
}

t.test('the same paths are served below every prefix', async t => {
  const { send, logs } = await serve(t)
  for (const prefix of ['/v2/things', '/api/v2/things', '//API//v2/things']) {
    const answer = await send('GET')(`${prefix}/things/`)
    t.match(answer, { statusCode: 200, body: '[]' })
    t.match(answer.headers, {
      etag: /^W\//,
      'cache-control': 'private, no-cache',
      vary: 'Accept, Accept-Encoding, Authorization'
    })
  }
  t.match(logs(), [{ dialect: 'things' }, { dialect: 'things' }, { dialect: 'things' }])
})

t.test('OPTIONS and 405 name the methods of the path, and need no credentials', async t => {
  const { app, send } = await serve(t)
  const allow = 'GET, HEAD, OPTIONS, POST, DELETE'
  const options = await app.inject({ method: 'OPTIONS', url: '/v2/things/things' })
  t.match(options, { statusCode: 204, headers: { allow } })
  const patch = await app.inject({ method: 'PATCH', url: '/v2/things/things' })
  t.match(patch, { statusCode: 405, headers: { allow } })
  t.match(patch.json(), { code: 405 })
  t.equal((await send('POST')('/v2/things/slow')).statusCode, 405)
})

t.test('the anonymous get 401 with a challenge, for unknown paths too', async t => {
  const { app, send } = await serve(t)
  for (const url of ['/v2/things/things', '/v2/things/nothing', '/letters/x']) {
    const answer = await app.inject({ url })
    t.equal(answer.statusCode, 401, url)
    t.match(answer.headers['www-authenticate'], /^Basic/)
  }
  t.match((await send('GET')('/v2/things/nothing')).json(), { code: 404 })
})

t.test('each failure has the form of the dialect whose prefix the path has', async t => {
  const { app, send } = await serve(t)
  t.equal((await send('GET')('/letters/x')).body, 'letter not-found')
  t.equal((await app.inject('/elsewhere')).body, 'letter not-found', 'else that of the first')
  const port = await listen(app)
  const answers = ['/v2/things/%zz', '//API/v2//things/%zz?a', 'http://x/v2/things/%zz']
  for (const target of answers)
    t.match(await raw(port, head(`GET ${target} HTTP/1.1`)), '"code":400', target)
  t.match(await raw(port, head('GET /v2/thingsandmore/%zz HTTP/1.1')), 'letter malformed')
  t.match(await raw(port, 'nonsense\r\n\r\n'), 'letter malformed')
})

t.test('the Accept rule comes after credentials and before the handler', async t => {
  const { app, send } = await serve(t)
  const accept = 'text/html'
  t.equal((await send('GET')('/v2/things/things', { accept })).statusCode, 406)
  t.equal((await app.inject({ url: '/v2/things/things', headers: { accept } })).statusCode, 401)
})

t.test('a body arrives as it was sent, whatever its type, up to the bound', async t => {
  const { send } = await serve(t)
  const post = send('POST')
  for (const type of ['application/json', 'text/odd', '']) {
    const headers: Record<string, string> = type ? { 'content-type': type } : {}
    const answer = await post('/v2/things/things', headers, '{"a": 1}')
    t.match(answer, { statusCode: 201, body: '"{\\"a\\": 1}"' }, type)
    t.equal(answer.headers.etag, undefined)
  }
  t.equal((await post('/v2/things/things')).json(), 'undefined', 'none at all')
  const long = await post('/v2/things/things', {}, 'x'.repeat(21))
  t.match(long.json(), { code: 413 })
  const headers = { 'content-type': 'application/json' }
  t.match((await send('PUT')('/v2/things/things/a', headers, '{}')).json(), { code: 403 })
})

t.test('an operation without a body is answered before one arrives', async t => {
  const { app, send, verified } = await serve(t)
  const headers = { 'content-type': '?', 'content-length': '100000' }
  t.equal((await send('DELETE')('/v2/things/things', headers)).statusCode, 204)
  t.strictSame(verified, ['good'])
  const port = await listen(app)
  const lines = ['Authorization: Bearer bad', 'Content-Length: 100000']
  t.match(await raw(port, head('DELETE /v2/things/things HTTP/1.1', ...lines)), / 401 /)
})

t.test('a GET with a body is answered as one without', async t => {
  const { send } = await serve(t)
  const headers = { 'content-type': 'application/json' }
  t.equal((await send('GET')('/v2/things/things', headers, '{}')).body, '[]')
})

t.test(
  'a wildcard takes segments longer than a parameter may be, and the query as it is',
  async t => {
    const { send } = await serve(t)
    const answer = await send('GET')(`/v2/things/things/${'x'.repeat(2000)}?a=%5B&a=[]&b=`)
    t.strictSame(answer.json(), [2000, 'a=%5B&a=[]&b='])
  }
)

t.test('a full gateway refuses heavy work, but not what continues in this dialect', async t => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { send } = await serve(t, promise)
  const get = send('GET')
  const active = get('/v2/things/slow').then(answer => answer)
  await new Promise(setImmediate)
  t.match((await get('/v2/things/slow?next=x')).json(), { code: 503 })
  const walking = get('/v2/things/slow?cursor=x').then(answer => answer)
  t.equal((await get('/v2/things/things')).statusCode, 200, 'light work has no part in it')
  resolve()
  for (const answer of await Promise.all([active, walking])) t.equal(answer.statusCode, 200)
})
