import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { Answers, type AnswersOptions } from '../../src/http/answers.ts'
import { privateAnswers } from '../../src/http/caching.ts'
import { requestLog } from '../../src/http/request-log.ts'
import { buildServer } from '../../src/http/server.ts'
import { head, listen } from '../support/raw-http.ts'

/** A server that answers `/` with these pieces, and counts how often they are asked for. */
async function serve(t: Test, pieces: readonly Buffer[], options: AnswersOptions = {}) {
  const lines: string[] = []
  const app = buildServer({ logger: pino({ level: 'info' }, { write: line => lines.push(line) }) })
  const answers = new Answers(options)
  let bodies = 0
  const body = () => {
    bodies++
    return pieces
  }
  await app.register(requestLog)
  await app.register(privateAnswers)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-own', 'of a hook')
    done()
  })
  app.route({
    method: ['GET', 'HEAD'],
    url: '/',
    handler: (request, reply) =>
      answers.send(
        request,
        reply,
        { mediaType: 'application/x', headers: { 'x-own': 'yes' }, digest: 'd', body },
        ''
      )
  })
  t.teardown(() => app.close())
  return {
    app,
    bodies: () => bodies,
    logs: () => lines.map(line => JSON.parse(line)).filter(({ msg }) => msg === 'request')
  }
}

const large = (byte: string) => Buffer.alloc(300_000, byte)

/** Over a real socket, on which nothing is joined for us. */
async function fetchRaw(port: number): Promise<{ headers: object; body: Buffer }> {
  const [answer] = await once(request({ port, host: '127.0.0.1', agent: false }).end(), 'response')
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return { headers: answer.headers, body: Buffer.concat(chunks) }
}

t.test(
  'G10: a body in pieces goes out byte for byte, with its length and one log line',
  async t => {
    const many = Array.from({ length: 3000 }, (_, n) => Buffer.from(`piece ${n},`))
    for (const pieces of [
      [Buffer.from('{"a":['), large('x'), Buffer.from(','), large('y'), Buffer.from(']}')],
      many,
      [large('z')],
      [Buffer.from('{}')],
      []
    ]) {
      const server = await serve(t, pieces)
      const { headers, body } = await fetchRaw(await listen(server.app))
      const whole = Buffer.concat(pieces)
      t.ok(body.equals(whole), String(pieces.length))
      t.match(headers, {
        'content-type': 'application/x',
        'content-length': String(whole.length),
        'cache-control': 'private, no-cache',
        vary: 'Accept, Accept-Encoding, Authorization',
        'x-own': /^yes$/
      })
      t.match(server.logs(), [{ status: 200, bytes: whole.length }])
      t.equal(server.logs().length, 1)
    }
  }
)

t.test('a body is not even made for a 304, for HEAD, or when it is held compressed', async t => {
  const server = await serve(t, [large('x')])
  const ask = (headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') =>
    server.app.inject({ method, url: '/', headers })
  const { headers } = await ask({}, 'HEAD')
  t.equal((await ask({ 'if-none-match': String(headers['etag']) })).statusCode, 304)
  t.equal(server.bodies(), 0)
  for (let n = 0; n < 3; n++) {
    const { rawPayload } = await ask({ 'accept-encoding': 'gzip' })
    t.ok(gunzipSync(rawPayload).equals(large('x')))
  }
  t.equal(server.bodies(), 1)
})

t.test('G9: a client that does not read its answer is cut off', async t => {
  const server = await serve(t, Array(64).fill(Buffer.alloc(1_000_000)), { sendTimeoutMs: 20 })
  const socket = connect(await listen(server.app), '127.0.0.1')
  socket.pause()
  socket.on('error', () => {})
  socket.write(head('GET / HTTP/1.1'))
  while (server.logs().length === 0) await new Promise(setImmediate)
  t.match(server.logs(), [{ outcome: 'client-gone', status: 499 }])
  socket.destroy()
})

t.test('a client that reads slowly gets all of its answer', async t => {
  const server = await serve(t, Array(16).fill(Buffer.alloc(1_000_000)), { sendTimeoutMs: 1000 })
  const socket = connect(await listen(server.app), '127.0.0.1')
  socket.write(head('GET / HTTP/1.1'))
  let bytes = 0
  for await (const chunk of socket) {
    bytes += chunk.length
    await new Promise(setImmediate)
  }
  t.ok(bytes > 16_000_000)
})

t.test('an answer whose handler timeout passes while it is read is not cut off', async t => {
  const server = buildServer({ logger: pino({ level: 'silent' }), handlerTimeoutMs: 30 })
  const answers = new Answers({})
  await server.register(privateAnswers)
  server.get('/', (request, reply) =>
    answers.send(
      request,
      reply,
      {
        mediaType: 'application/x',
        headers: {},
        digest: 'd',
        body: () => Array(32).fill(Buffer.alloc(1_000_000))
      },
      ''
    )
  )
  t.teardown(() => server.close())
  const socket = connect(await listen(server), '127.0.0.1')
  socket.write(head('GET / HTTP/1.1'))
  await once(socket, 'readable')
  await new Promise(resolve => setTimeout(resolve, 60))
  let bytes = 0
  for await (const chunk of socket) bytes += chunk.length
  t.ok(bytes > 32_000_000)
})
