import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { Answers, type AnswersOptions } from '../../src/http/answers.ts'
import { privateAnswers } from '../../src/http/caching.ts'
import { connectionsPlugin } from '../../src/http/connections.ts'
import { requestLog } from '../../src/http/request-log.ts'
import { buildServer, type ServerOptions } from '../../src/http/server.ts'
import { type EventHashes, HashesFile } from '../../src/misp/events/hashes.ts'
import { decoders } from '../support/misp/http.ts'
import { head, listen } from '../support/raw-http.ts'

/** `hashes.csv` as it goes out: made piece by piece, for whoever takes it (MISP-1.3, MISP-1.5). */

t.setTimeout(120_000)

/** Made-up md5s of so many events. */
function eventsOf(count: number, md5s: number): EventHashes[] {
  return Array.from({ length: count }, (_, event) => ({
    uuid: `00000000-0000-5000-8000-${String(event).padStart(12, '0')}`,
    md5s: Buffer.from(
      Array.from({ length: md5s }, (_, n) =>
        createHash('md5').update(`${event} ${n}`).digest('hex')
      )
        .sort()
        .join(''),
      'hex'
    )
  }))
}

/** The file as its definition says it: a line for each md5 of each event, in ascending order. */
const linesOf = (events: readonly EventHashes[]): string =>
  events
    .flatMap(({ uuid, md5s }) =>
      Array.from(
        { length: md5s.length / 16 },
        (_, n) => `${md5s.toString('hex', n * 16, n * 16 + 16)},${uuid}`
      )
    )
    .sort()
    .join('\n')

const large = eventsOf(150, 1000)
const text = Buffer.from(linesOf(large))
const file = await HashesFile.of(large)

interface Served {
  readonly port: number
  readonly app: ReturnType<typeof buildServer>
  /** Pieces made so far. */
  pieces(): number
  /** Downloads whose pieces are being made. */
  open(): number
  logs(): Record<string, unknown>[]
}

async function serve(
  t: Test,
  { answers, server }: { answers?: AnswersOptions; server?: Partial<ServerOptions> } = {}
): Promise<Served> {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: line => lines.push(line) })
  const app = buildServer({ logger, ...server })
  const sender = new Answers(answers ?? {})
  let made = 0
  let open = 0
  function* pieces() {
    open++
    try {
      for (const piece of file.pieces()) {
        made++
        yield piece
      }
    } finally {
      open--
    }
  }
  await app.register(connectionsPlugin, { maxConnections: 100 })
  await app.register(requestLog)
  await app.register(privateAnswers)
  app.route({
    method: ['GET', 'HEAD'],
    url: '/',
    handler: (request, reply) =>
      sender.send(
        request,
        reply,
        {
          mediaType: 'text/csv',
          headers: {},
          digest: file.digest,
          length: file.length,
          pieces
        },
        ''
      )
  })
  t.teardown(() => app.close())
  return {
    app,
    port: await listen(app),
    pieces: () => made,
    open: () => open,
    logs: () => lines.map(line => JSON.parse(line)).filter(({ msg }) => msg === 'request')
  }
}

async function get(port: number, headers: Record<string, string> = {}) {
  const [answer] = await once(request({ port, host: '127.0.0.1', headers }).end(), 'response')
  return { status: answer.statusCode, headers: answer.headers, body: await buffer(answer) }
}

const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 5))
}

/** The body of a whole answer as it stands on the wire, with a length. */
const bodyOf = (answer: Buffer) => answer.subarray(answer.indexOf('\r\n\r\n') + 4)

t.test('the file is a line for each md5 of each event, in ascending order', async t => {
  for (const events of [large, large.toReversed(), eventsOf(1, 1), eventsOf(3, 5000)]) {
    const made = await HashesFile.of(events)
    const bytes = Buffer.concat([...made.pieces()])
    t.ok(bytes.equals(Buffer.from(linesOf(events))))
    t.equal(made.length, bytes.length)
  }
  const none = await HashesFile.of([])
  t.equal(none.length, 0)
  t.strictSame([...none.pieces()], [])
})

t.test('md5s with one beginning, and one md5 in several events, are in order too', async t => {
  const md5s = ['ffff00', 'ffff01', 'ffffff', '000000', '0000ff'].map(start =>
    start.padEnd(32, '7')
  )
  const events = eventsOf(4, 0).map(({ uuid }, n) => ({
    uuid,
    md5s: Buffer.from(md5s.slice(n).sort().join(''), 'hex')
  }))
  const made = await HashesFile.of(events)
  t.equal(Buffer.concat([...made.pieces()]).toString(), linesOf(events))
})

t.test('its digest changes with its content alone', async t => {
  const digest = (events: readonly EventHashes[]) =>
    HashesFile.of(events).then(({ digest }) => digest)
  const [one, other, ...rest] = eventsOf(10, 20)
  const base = await digest([one!, other!, ...rest])
  t.equal(await digest([other!, ...rest, one!]), base)
  t.not(await digest([other!, ...rest]), base)
  t.not(await digest([{ uuid: one!.uuid, md5s: one!.md5s.subarray(16) }, other!, ...rest]), base)
  const swapped = [
    { uuid: one!.uuid, md5s: other!.md5s },
    { uuid: other!.uuid, md5s: one!.md5s }
  ]
  t.not(await digest([...swapped, ...rest]), base)
})

t.test('as many bytes arrive as were announced, and a connection carries several', async t => {
  const { port, logs } = await serve(t)
  t.ok(text.length > 10_000_000)
  for (let n = 0; n < 3; n++) {
    const { headers, body } = await get(port, { connection: 'keep-alive' })
    t.equal(headers['content-length'], String(text.length))
    t.equal(headers['transfer-encoding'], undefined)
    t.ok(body.equals(text))
  }
  const socket = connect(port, '127.0.0.1')
  const line = 'GET / HTTP/1.1\r\nHost: gateway.example.com\r\n'
  socket.write(`${line}\r\n${line}Connection: close\r\n\r\n`)
  const both = await buffer(socket)
  t.ok(bodyOf(both).subarray(0, text.length).equals(text))
  t.ok(both.subarray(-text.length).equals(text))
  await until(() => logs().length === 5)
  t.match(logs(), Array(5).fill({ status: 200, bytes: text.length }))
})

t.test('compressed it is the same file, of a length not told beforehand', async t => {
  const { port } = await serve(t)
  for (const coding of ['gzip', 'br', 'zstd'] as const) {
    const { headers, body } = await get(port, { 'accept-encoding': coding })
    t.equal(headers['content-encoding'], coding)
    t.equal(headers['content-length'], undefined)
    t.ok(decoders[coding](body).equals(text), coding)
    t.ok(body.length < text.length, coding)
  }
})

t.test('nothing of it is made for HEAD and for who has it', async t => {
  const { app, pieces } = await serve(t)
  const { headers, body } = await app.inject({ method: 'HEAD', url: '/' })
  t.equal(body, '')
  for (const given of [headers['etag'], '*']) {
    const held = { 'if-none-match': String(given) }
    t.equal((await app.inject({ url: '/', headers: held })).statusCode, 304)
  }
  t.equal(pieces(), 0)
})

t.test('it is made only as fast as it is taken', async t => {
  const { port, pieces } = await serve(t)
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.write(head('GET / HTTP/1.1'))
  const all = Math.ceil(text.length / (4096 * 70))
  await until(() => pieces() > 1)
  for (let still = pieces(), turns = 0; turns < 20; turns++) {
    await new Promise(resolve => setTimeout(resolve, 10))
    if (pieces() !== still) [still, turns] = [pieces(), 0]
  }
  t.ok(pieces() < all, `${pieces()} pieces of ${all} are made while nobody reads`)
  t.ok(bodyOf(await buffer(socket)).equals(text), 'read at last, it is whole')
})

for (const coding of [undefined, 'gzip', 'zstd']) {
  t.test(
    `a client that goes away in the middle does no harm (${coding ?? 'as it is'})`,
    async t => {
      const { port, logs, open } = await serve(t)
      const gone = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'))
      await Promise.all(
        gone.map(async socket => {
          socket.on('error', () => {})
          const headers = coding ? [`Accept-Encoding: ${coding}`] : []
          socket.write(head('GET / HTTP/1.1', ...headers))
          await once(socket, 'data')
          socket.destroy()
        })
      )
      await until(() => logs().length === gone.length)
      const isGone = logs().filter(({ outcome }) => outcome === 'client-gone')
      t.ok(isGone.length > 0)
      t.notMatch(logs(), [{ level: 50 }])
      await until(() => open() === 0)
      t.ok((await get(port)).body.equals(text), 'the next one gets all of it')
    }
  )
}

t.test('G9: a client that takes nothing of it is cut off', async t => {
  const { port, logs, open } = await serve(t, { answers: { sendTimeoutMs: 20 } })
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.on('error', () => {})
  socket.write(head('GET / HTTP/1.1'))
  await until(() => logs().length === 1)
  t.match(logs(), [{ outcome: 'client-gone', status: 499 }])
  await until(() => open() === 0)
  socket.destroy()
})

t.test(
  'one that is slow gets all of it, whatever the time an answer may take to be ready',
  async t => {
    const { port } = await serve(t, { server: { handlerTimeoutMs: 30 } })
    const socket = connect(port, '127.0.0.1')
    socket.write(head('GET / HTTP/1.1'))
    await once(socket, 'readable')
    await new Promise(resolve => setTimeout(resolve, 90))
    t.ok(bodyOf(await buffer(socket)).equals(text))
  }
)

for (const coding of [undefined, 'gzip']) {
  t.test(
    `one that is reading when the server closes gets all of it (${coding ?? 'as it is'})`,
    async t => {
      const { app, port } = await serve(t)
      const headers = coding ? { 'accept-encoding': coding } : {}
      const [answer] = await once(request({ port, host: '127.0.0.1', headers }).end(), 'response')
      answer.pause()
      await once(answer, 'readable')
      const closed = app.close()
      await until(() => !app.server.listening)
      const body = await buffer(answer)
      t.ok((coding ? decoders.gzip(body) : body).equals(text))
      await closed
    }
  )
}
