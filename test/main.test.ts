import t from 'tap'
import { Agent, request } from 'undici'
import { startSimulator } from '../src/demo/simulator.ts'
import { makeCertificate } from './support/certificate.ts'
import { startGateway } from './support/gateway-process.ts'

/** The process: what its environment, its signals and its output are to the one who runs it. */

const basic = (key: string) => ({
  authorization: `Basic ${Buffer.from(`any:${key}`).toString('base64')}`
})

t.test(
  'without any setting it serves a demo, tells what to try, and ends with 0 when asked to',
  async t => {
    const gateway = await startGateway(t, {})
    const [text] = await gateway.told(/DEMO: no SEKOIA_URL is set.*For your own feeds/s)
    const commands = [...text.matchAll(/curl -u demo:(\S+) '?(http[^'\s]+)/g)]
    t.equal(commands.length, 4)
    for (const [, key = '', url = ''] of commands) {
      const { statusCode, body } = await request(url, { headers: basic(key) })
      t.equal(statusCode, 200, url)
      t.match(await body.text(), /^\{\s*"(title|collections|more|[0-9a-f-]{36})":/)
    }
    const { code, stderr } = await gateway.stop()
    t.equal(code, 0)
    t.equal(stderr, '')
  }
)

t.test('with a certificate of its own it speaks TLS, and only that', async t => {
  const simulator = await startSimulator({ objects: 20 })
  t.teardown(() => simulator.close())
  const { cert, certFile, keyFile } = makeCertificate(t, 'gateway')
  const gateway = await startGateway(t, {
    SEKOIA_URL: simulator.url,
    SERVER_TLS_CERT_FILE: certFile,
    SERVER_TLS_KEY_FILE: keyFile
  })
  const dispatcher = new Agent({ connect: { ca: cert } })
  t.teardown(() => dispatcher.close())
  const headers = basic(simulator.key)
  const { statusCode, body } = await request(gateway.discovery, { dispatcher, headers })
  t.equal(statusCode, 200)
  t.match(await body.json(), { api_roots: [/^https:/] })
  await t.rejects(request(gateway.discovery.replace('https:', 'http:'), { headers }))
})

t.test('a wrong setting stops the start, in a sentence that names it, with code 2', async t => {
  const failure = await startGateway(t, { FEED_LOG_PAGE_LIMIT: 'many' }).catch(error => error)
  const { code, stdout, stderr } = failure.cause
  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, /^.*FEED_LOG_PAGE_LIMIT.*"many".*\n$/)
})

t.test('K11: a password in the URL of Sekoia stops the start and is not printed', async t => {
  const env = { SEKOIA_URL: 'https://user:hunter2-secret@api.sekoia.io' }
  const { code, stdout, stderr } = (await startGateway(t, env).catch(error => error)).cause
  t.strictSame([code, stdout], [2, ''])
  t.match(stderr, /^sekoia\.url \(SEKOIA_URL\) .*without user.*\n$/)
  t.notMatch(stderr, 'hunter2')
})

t.test('a key that does not belong to the certificate stops the start by its name', async t => {
  const [one, other] = [makeCertificate(t, 'one'), makeCertificate(t, 'other')]
  const env = { SERVER_TLS_CERT_FILE: one.certFile, SERVER_TLS_KEY_FILE: other.keyFile }
  const { code, stderr } = (await startGateway(t, env).catch(error => error)).cause
  t.equal(code, 2)
  t.match(stderr, /^server\.tls\.keyFile \(SERVER_TLS_KEY_FILE\) .*\n$/)
})

t.test('K11: a data directory below /proc keeps nobody waiting: memory serves', async t => {
  const gateway = await startGateway(t, { DATA_DIR: '/proc/no/such/place' })
  const reply = await request(`${gateway.url}/readyz`)
  t.match(await reply.body.json(), {
    status: 'degraded',
    checks: { store: 'the data directory cannot be used: the path is no directory' }
  })
})

t.test('a misspelt variable is told, with the one that may be meant', async t => {
  const gateway = await startGateway(t, { SEKIOA_URL: 'https://api.sekoia.io', TAXII_LIMIT: '5' })
  await gateway.told(/SEKIOA_URL is not an option and is ignored; did you mean SEKOIA_URL\?/)
  await gateway.told(/TAXII_LIMIT is not an option and is ignored; did you mean TAXII_/)
})

t.test(
  'its first line of JSON says version, upstream, store and address; nothing else is there',
  async t => {
    const simulator = await startSimulator({ objects: 20 })
    t.teardown(() => simulator.close())
    const gateway = await startGateway(t, { SEKOIA_URL: simulator.url })
    const [line] = await gateway.told(/^.*the gateway serves"\}$/m)
    t.match(JSON.parse(line), {
      version: /^\d+\.\d+\.\d+/,
      upstream: simulator.url,
      store: /^SQLite in \//,
      address: gateway.url
    })
    const { stdout } = await gateway.stop()
    for (const text of stdout.trim().split('\n')) t.doesNotThrow(() => JSON.parse(text), text)
  }
)

t.test('started by npm, the first lines are for people, and say what to try', async t => {
  const simulator = await startSimulator({ objects: 20 })
  t.teardown(() => simulator.close())
  const env = { SEKOIA_URL: simulator.url, npm_lifecycle_event: 'start' }
  const gateway = await startGateway(t, env)
  const [text] = await gateway.told(/^[\s\S]*Try: curl.*$/m)
  const lines = text.split('\n')
  t.match(lines[0], /^sekoia-feed-gateway \d+\.\d+\.\d+$/)
  t.match(lines[1], simulator.url)
  t.match(lines[2], /store +SQLite in \//)
  t.match(lines[3], gateway.url)
  t.match(text, `${gateway.url}/taxii2/`)
})
