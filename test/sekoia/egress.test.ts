import { once } from 'node:events'
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type RequestListener
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { proxiesOf } from '../../src/sekoia/dispatcher.ts'
import { makeCertificate } from '../support/certificate.ts'
import { failure } from '../support/failure.ts'
import { caller, clientOf } from '../support/sekoia-client.ts'

/** Ways out to Sekoia: proxies of the environment, and a private CA (R9). */

const request = { feedId: 'd6092c37-d8d7-45c3-8aff-c4dc26030608', types: [], limit: 2000 }
const { key, cert } = makeCertificate(t, 'sekoia')

const answer: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json').end('{"items":[],"next_cursor":"c"}')
}

async function listen(t: Test, server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const plainSekoia = async (t: Test) => `http://${await listen(t, createServer(answer))}`
const tlsSekoia = async (t: Test) =>
  `https://${await listen(t, createTlsServer({ key, cert }, answer))}`

interface Proxy {
  readonly url: string
  /** The hosts asked for. */
  readonly asked: string[]
  readonly authorizations: (string | undefined)[]
}

/** A proxy as HTTP describes it: CONNECT, then bytes both ways (RFC 9110 §9.3.6); GET of a whole URL (RFC 9112 §3.2.2). */
async function connectProxy(t: Test, status = 200): Promise<Proxy> {
  const asked: string[] = []
  const authorizations: (string | undefined)[] = []
  const server = createServer(({ url = '', headers }, response) => {
    asked.push(new URL(url).host)
    authorizations.push(headers['proxy-authorization'])
    forward(url, { headers }, from => {
      response.writeHead(from.statusCode!, from.headers)
      from.pipe(response)
    }).end()
  })
  server.on('connect', ({ url = '', headers }: IncomingMessage, client: Socket) => {
    asked.push(url)
    authorizations.push(headers['proxy-authorization'])
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\n\r\n`)
      return
    }
    const [host, port] = url.split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    for (const socket of [upstream, client]) socket.on('error', () => {})
  })
  return { url: `http://${await listen(t, server)}`, asked, authorizations }
}

t.test('HTTPS_PROXY and HTTP_PROXY: Sekoia is asked through the proxy', async t => {
  for (const sekoia of [await tlsSekoia(t), await plainSekoia(t)]) {
    const proxy = await connectProxy(t)
    const withUser = proxy.url.replace('//', '//user:secret@')
    const proxies = proxiesOf({ HTTPS_PROXY: withUser, http_proxy: withUser })
    const client = clientOf(t, sekoia, { proxies, ca: cert })
    t.equal((await client.page(caller, request)).nextCursor, 'c')
    t.same(proxy.asked, [new URL(sekoia).host])
    t.match(proxy.authorizations, [/^Basic /])
  }
})

t.test('NO_PROXY: what it names is connected to straight', async t => {
  const sekoia = await plainSekoia(t)
  const { host } = new URL(sekoia)
  for (const [names, count] of [
    ['127.0.0.1', 0],
    [`a.example,${host}`, 0],
    ['*', 0],
    ['.example', 1]
  ] as const) {
    const proxy = await connectProxy(t)
    const proxies = proxiesOf({ HTTP_PROXY: proxy.url, NO_PROXY: names })
    const client = clientOf(t, sekoia, { proxies })
    t.equal((await client.page(caller, request)).nextCursor, 'c', names)
    t.equal(proxy.asked.length, count, names)
  }
})

t.test('an environment without proxies is none, and lower case comes first', async t => {
  t.equal(proxiesOf({ NO_PROXY: '*' }), undefined)
  t.same(proxiesOf({ https_proxy: 'http://a', HTTPS_PROXY: 'http://b' }), {
    https: 'http://a',
    http: '',
    none: ''
  })
})

t.test('a proxy that refuses, or is not there, makes Sekoia unreachable for all keys', async t => {
  const sekoia = await tlsSekoia(t)
  const refusing = await connectProxy(t, 407)
  for (const url of [refusing.url, 'http://127.0.0.1:1']) {
    const proxies = proxiesOf({ HTTPS_PROXY: url })
    const client = clientOf(t, sekoia, { proxies, ca: cert, maxAttempts: 1, breakerFailures: 1 })
    await t.rejects(
      client.page(caller, request),
      failure('unavailable', { cause: { trouble: 'unreachable' } })
    )
    t.match(client.health(), { breaker: 'open', troubleKind: 'unreachable' })
  }
})

t.test('a certificate of a private CA is accepted with that CA alone', async t => {
  const sekoia = await tlsSekoia(t)
  t.equal((await clientOf(t, sekoia, { ca: cert }).page(caller, request)).nextCursor, 'c')
  const { cert: other } = makeCertificate(t, 'other')
  for (const ca of [undefined, other])
    await t.rejects(
      clientOf(t, sekoia, { ca, maxAttempts: 1 }).page(caller, request),
      failure('unavailable', { cause: { trouble: 'unreachable' } })
    )
})
