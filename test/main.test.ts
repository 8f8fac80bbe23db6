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
      t.match(await body.text(), /^\{"(title|collections|more|[0-9a-f-]{36})":/)
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
