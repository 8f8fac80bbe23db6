import t, { type Test } from 'tap'
import { buildGateway } from '../support/app.ts'

const origin = 'https://soc.example.com'
const preflight = {
  origin,
  authorization: '',
  'access-control-request-method': 'GET',
  'access-control-request-headers': 'authorization'
}

const build = (t: Test, origins?: string) =>
  buildGateway(t, { env: origins === undefined ? {} : { SERVER_CORS_ORIGINS: origins } })

t.test('without the option no web page may read anything', async t => {
  const { send } = await build(t)
  for (const url of ['/taxii2/', '/misp/']) {
    t.equal(
      (await send({ url, headers: { origin } })).headers['access-control-allow-origin'],
      undefined
    )
    const { headers } = await send({ method: 'OPTIONS', url, headers: preflight })
    t.equal(headers['access-control-allow-origin'], undefined)
  }
})

t.test('pages of a named origin may, with a key of their own', async t => {
  const { send } = await build(t, `https://other.example.com,${origin}`)
  for (const url of ['/taxii2/', '/sekoia/collections/', '/misp/']) {
    const before = await send({ method: 'OPTIONS', url, headers: preflight })
    t.equal(before.statusCode, 204)
    t.equal(before.headers['access-control-allow-origin'], origin)
    t.match(before.headers['access-control-allow-headers'], /Authorization.*X-API-Key/)
    const { statusCode, headers } = await send({ url, headers: { origin } })
    t.equal(statusCode, 200)
    t.equal(headers['access-control-allow-origin'], origin)
    t.match(headers['access-control-expose-headers'], 'X-TAXII-Date-Added-Last')
    t.match(headers['vary'], /Accept.*Origin/)
    t.equal(headers['access-control-allow-credentials'], undefined)
  }
})

t.test('pages of another origin may not; an error is readable where a page is', async t => {
  const { send } = await build(t, origin)
  const other = await send({ url: '/taxii2/', headers: { origin: 'https://evil.example.com' } })
  t.equal(other.headers['access-control-allow-origin'], undefined)
  const refused = await send({ url: '/taxii2/', headers: { origin, authorization: '' } })
  t.equal(refused.statusCode, 401)
  t.equal(refused.headers['access-control-allow-origin'], origin)
})

t.test('Vary names every header that may carry a key', async t => {
  const { send } = await buildGateway(t, { env: { AUTH_API_KEY_HEADER: 'X-Token' } })
  for (const url of ['/taxii2/', '/sekoia/collections/', '/misp/']) {
    const { headers } = await send({ url })
    for (const name of ['accept', 'accept-encoding', 'authorization', 'x-token'])
      t.ok(String(headers['vary']).toLowerCase().split(', ').includes(name), `${url}: ${name}`)
  }
})
