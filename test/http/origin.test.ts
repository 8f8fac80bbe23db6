import t, { type Test } from 'tap'
import { buildGateway, type GatewayOptions } from '../support/app.ts'

/** Behind proxies: under which address the client is told to find things. */

async function build(t: Test, env: GatewayOptions['env'] = {}) {
  const gateway = await buildGateway(t, { env })
  /** The API root that discovery names, and where the first MISP feed is. */
  const rootsFor = async (headers: Record<string, string>) => {
    const discovery = await gateway.send({ url: '/taxii2/', headers })
    const misp = await gateway.send({ url: '/misp/', headers })
    return [discovery.json().default, misp.json().feeds[0].url.replace(/misp\/.*/, 'misp/')]
  }
  /** Warnings of forwarding by those who are not trusted. */
  const warnings = () => gateway.lines.filter(({ msg }) => /not trusted/.test(String(msg)))
  return { send: gateway.send, rootsFor, warnings }
}

const trusted = { SERVER_TRUST_PROXY: '127.0.0.1' }

t.test('what a trusted proxy forwards makes the address: protocol, host, port, prefix', async t => {
  const { rootsFor } = await build(t, trusted)
  const host = { host: 'inner:8080' }
  const cases: [Record<string, string>, string][] = [
    [{}, 'http://inner:8080/'],
    [{ 'x-forwarded-proto': 'https' }, 'https://inner:8080/'],
    [
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cti.example.com' },
      'https://cti.example.com/'
    ],
    [
      {
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'cti.example.com',
        'x-forwarded-port': '8443',
        'x-forwarded-prefix': '/feeds/'
      },
      'https://cti.example.com:8443/feeds/'
    ],
    [
      {
        'x-forwarded-proto': 'HTTPS',
        'x-forwarded-host': 'cti.example.com',
        'x-forwarded-port': '443'
      },
      'https://cti.example.com/'
    ],
    [
      { 'x-forwarded-host': 'cti.example.com:81', 'x-forwarded-port': '80' },
      'http://cti.example.com:81/'
    ]
  ]
  for (const [headers, base] of cases)
    t.strictSame(await rootsFor({ ...host, ...headers }), [`${base}sekoia/`, `${base}misp/`])
})

t.test('of two proxies in a row the first value counts, which the client used', async t => {
  const { rootsFor, send, warnings } = await build(t, {
    SERVER_TRUST_PROXY: '127.0.0.1,10.0.0.0/8'
  })
  const headers = {
    'x-forwarded-proto': 'https, http',
    'x-forwarded-host': 'cti.example.com, inner.example.com:8080',
    'x-forwarded-prefix': '/feeds, /inner',
    'x-forwarded-for': '192.0.2.7, 10.0.0.3'
  }
  const base = 'https://cti.example.com/feeds/'
  t.strictSame(await rootsFor(headers), [`${base}sekoia/`, `${base}misp/`])
  t.equal((await send({ url: '/taxii2/', headers })).statusCode, 200)
  t.strictSame(warnings(), [])
})

t.test('what is no protocol, host or prefix is not taken over', async t => {
  const { rootsFor } = await build(t, trusted)
  for (const headers of [
    { 'x-forwarded-proto': 'javascript' },
    { 'x-forwarded-prefix': '//evil.example.com' },
    { 'x-forwarded-prefix': '/a"b' },
    { 'x-forwarded-port': '80; x' }
  ])
    t.strictSame(await rootsFor({ host: 'inner', ...headers }), [
      'http://inner/sekoia/',
      'http://inner/misp/'
    ])
  const odd = await rootsFor({ host: 'inner', 'x-forwarded-host': 'evil/?x' })
  t.strictSame(odd, ['/sekoia/', '/misp/'])
})

t.test('a proxy that is not trusted is not believed, which is logged once', async t => {
  const { rootsFor, warnings } = await build(t, { SERVER_TRUST_PROXY: '10.0.0.0/8' })
  const headers = {
    host: 'inner',
    'x-forwarded-host': 'evil.example.com',
    'x-forwarded-proto': 'https'
  }
  for (let n = 0; n < 3; n++)
    t.strictSame(await rootsFor(headers), ['http://inner/sekoia/', 'http://inner/misp/'])
  const [first, ...more] = warnings()
  t.match(first, { level: 40, header: 'x-forwarded-proto', address: '127.0.0.1' })
  t.match(first!['msg'], /SERVER_TRUST_PROXY/)
  t.strictSame(more, [])
})

t.test('PUBLIC_URL wins over what is forwarded', async t => {
  const { rootsFor } = await build(t, { ...trusted, PUBLIC_URL: 'https://cti.example.com/feeds' })
  t.strictSame(await rootsFor({ 'x-forwarded-host': 'other.example.com' }), [
    'https://cti.example.com/feeds/sekoia/',
    'https://cti.example.com/feeds/misp/'
  ])
})
