import { Validator } from '@seriousme/openapi-schema-validator'
import fastify from 'fastify'
import t, { type Test } from 'tap'
import { anyCredential } from '../../src/http/described.ts'
import { documentFor, openapiDocument } from '../../src/openapi/document.ts'
import { buildGateway } from '../support/app.ts'

/** `/openapi.json` says what the router does: every path and method of every dialect, and no other. */

interface Operation {
  readonly operationId: string
  readonly security?: readonly object[]
  readonly servers?: readonly { readonly url: string }[]
  readonly responses: Readonly<Record<string, unknown>>
}

interface Document {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

async function build(t: Test, env: Record<string, string> = {}) {
  const gateway = await buildGateway(t, { env })
  const document = (headers = {}, server = 'gateway.test'): Promise<Document> =>
    gateway
      .send({ url: '/openapi.json', headers: { host: server, authorization: '', ...headers } })
      .then(answer => answer.json())
  return { ...gateway, document }
}

/** Paths of the router: each has a counter from its registration on, whatever its methods and its description. */
async function pathsOf({ meter }: Awaited<ReturnType<typeof build>>): Promise<string[]> {
  const text = await meter.text()
  const routes = text.matchAll(/http_requests_total\{method="GET",route="([^"]+)",status="200"\}/g)
  return [...new Set([...routes].map(([, route]) => route!))]
}

/** Pages for people, and the files that they load, are no part of the API. */
async function withoutPages({ send }: Awaited<ReturnType<typeof build>>, paths: string[]) {
  const headers = { accept: 'text/html', authorization: '' }
  const isPage = async (path: string) => {
    const type = String((await send({ url: path, headers })).headers['content-type'])
    return path.startsWith('/docs') || /html|css|javascript|image|font/.test(type)
  }
  const pages = await Promise.all(paths.map(isPage))
  return paths.filter((_, i) => !pages[i])
}

const slashed = (path: string) => `${path.replace(/\/+$/, '')}/`
const nameless = (path: string) => slashed(path).replace(/:\w+|\{\w+\}|\*/g, '{}')

/** Methods that a path has, by its own word: OPTIONS, or a GET that is no 404. */
async function methodsAt({ send }: Awaited<ReturnType<typeof build>>, path: string) {
  const url = path.replace(/:\w+|\*/g, 'x')
  const { headers } = await send({ method: 'OPTIONS', url })
  const allow = headers['allow'] ?? 'GET'
  return String(allow)
    .toLowerCase()
    .split(', ')
    .filter(method => method !== 'head' && method !== 'options')
    .toSorted()
}

for (const env of [
  {},
  { NATIVE_PASS_THROUGH: 'all' },
  { NATIVE_PASS_THROUGH: 'off' },
  { MISP_ENABLED: 'false' }
])
  t.test(`the document has every route and no other: ${JSON.stringify(env)}`, async t => {
    const gateway = await build(t, env)
    const document = await gateway.document()
    const told = new Map<string, string[]>()
    for (const [path, operations] of Object.entries(document.paths)) {
      const servers = Object.values(operations)[0]!.servers ?? [{ url: 'http://gateway.test' }]
      for (const { url } of servers)
        told.set(
          nameless(new URL(url).pathname.replace(/\/$/, '') + path),
          Object.keys(operations).toSorted()
        )
    }
    const routed = await withoutPages(gateway, await pathsOf(gateway))
    t.ok(routed.length > 25)
    t.strictSame([...told.keys()].toSorted(), [...new Set(routed.map(nameless))].toSorted())
    for (const path of routed)
      t.strictSame(told.get(nameless(path)), await methodsAt(gateway, path), path)
  })

t.test('it is valid OpenAPI 3.1, with a name for each operation and schema', async t => {
  const { document } = await build(t, { NATIVE_PASS_THROUGH: 'all' })
  const told = await document()
  const validator = new Validator()
  const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(told)))
  t.ok(valid, JSON.stringify(errors))
  t.equal(validator.version, '3.1')
  const operations = Object.values(told.paths).flatMap(item => Object.values(item))
  const ids = operations.map(({ operationId }) => operationId)
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids.every(id => /^\w+$/.test(id)))
  const named = new Set(JSON.stringify(told).match(/#\/components\/schemas\/\w+/g))
  t.strictSame(
    [...named].map(ref => ref.split('/').at(-1)!).toSorted(),
    Object.keys(told.components.schemas).toSorted()
  )
  t.ok(named.has('#/components/schemas/TaxiiEnvelope'))
})

t.test('no failure of the gateway itself is part of the contract', async t => {
  const { document } = await build(t)
  const { paths } = await document()
  for (const operation of Object.values(paths).flatMap(item => Object.values(item)))
    t.notOk(
      Object.keys(operation.responses).some(status => ['500', '5XX', 'default'].includes(status))
    )
})

t.test('addresses are those that the client uses, also behind a prefix', async t => {
  const { document } = await build(t, { SERVER_TRUST_PROXY: 'true' })
  const told = await document({ 'x-forwarded-prefix': '/feeds', 'x-forwarded-proto': 'https' })
  t.strictSame(told.servers, [{ url: 'https://gateway.test/feeds' }])
  t.strictSame(told.paths['/v2/inthreat/feeds']!['get']!.servers, [
    { url: 'https://gateway.test/feeds' },
    { url: 'https://gateway.test/feeds/api' },
    { url: 'https://gateway.test/feeds/api/api' }
  ])
  const fixed = await build(t, { PUBLIC_URL: 'https://cti.example.com/' })
  t.strictSame((await fixed.document()).servers, [{ url: 'https://cti.example.com' }])
  const odd = await document({ host: 'a b' })
  t.strictSame(odd.servers, [{ url: '/' }])
})

t.test('what is told follows the options', async t => {
  const { document } = await build(t, { AUTH_API_KEY_HEADER: 'X-Other', TAXII_API_ROOT: 'cti' })
  const { paths, components } = await document()
  t.match(components, { securitySchemes: { keyHeader: { name: 'X-Other' } } })
  const security = [{ bearer: [] }, { basic: [] }, { keyHeader: [] }]
  t.strictSame(paths['/cti/collections/']!['get']!.security, security)
})

t.test('without a header for keys it names none', async t => {
  const app = fastify()
  t.teardown(() => app.close())
  await app.register(openapiDocument, { version: '1.0.0', keyHeader: '' })
  const response = { '200': { description: 'fine' } }
  const openapi = { operationId: 'a', summary: 'A', tags: [], security: anyCredential, response }
  app.get('/a', { config: { openapi } }, async () => 'a')
  await app.ready()
  const told = documentFor(app, 'http://a.test') as Document
  t.strictSame(told.paths['/a']!['get']!.security, [{ bearer: [] }, { basic: [] }])
  t.notMatch(JSON.stringify(told), 'keyHeader')
})

t.test("the operator's listener has no document; it tells of the public one alone", async t => {
  const { document, sendOps } = await build(t, { OPS_PORT: '1' })
  const { paths } = await document()
  t.notOk('/readyz' in paths)
  t.ok('/gateway/v1/status' in paths)
  t.equal((await sendOps({ url: '/openapi.json' })).statusCode, 404)
})

t.test(
  'descriptions check nothing: what the document calls wrong is answered as before',
  async t => {
    const { send, config } = await build(t)
    const feed = config.sekoia.defaultFeedId
    const objects = `/sekoia/collections/${feed}/objects/`
    for (const query of [
      'added_after=2024-01-01',
      'limit=',
      'unknown=1',
      'match[type]=, indicator ,'
    ])
      t.equal((await send({ url: `${objects}?${query}` })).statusCode, 200, query)
    const page = await send({
      url: `/v2/inthreat/collections/${feed}/objects?limit=5&include_revoked=True`
    })
    t.equal(page.statusCode, 200)
  }
)

t.test('/docs is a page of its own files, without inline script or another origin', async t => {
  const { send } = await build(t)
  const bare = await send({ url: '/docs', headers: { authorization: '' } })
  t.match(bare, { statusCode: 302, headers: { location: 'docs/' } })
  const page = await send({ url: '/docs/', headers: { authorization: '' } })
  t.match(page, { statusCode: 200, headers: { 'content-type': /^text\/html/ } })
  const policy = String(page.headers['content-security-policy'])
  t.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/)
  t.notMatch(policy, /unsafe|https?:|\*/)
  const addresses = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url!)
  t.ok(addresses.length >= 5)
  for (const address of addresses) {
    t.match(address, /^\.\/static\//)
    const { pathname } = new URL(address, 'http://gateway.test/docs/')
    t.equal((await send({ url: pathname })).statusCode, 200, address)
  }
  t.notMatch(page.body, /<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/i)
  const own = await send({ url: '/docs/json' })
  t.strictSame(own.json(), (await send({ url: '/openapi.json' })).json())
})

t.test('a method that a path of no dialect lacks is 405 with Allow', async t => {
  const { send } = await build(t)
  for (const url of ['/livez', '/readyz?a=b', '/metrics', '/openapi.json'])
    for (const method of ['POST', 'DELETE', 'OPTIONS'] as const) {
      const answer = await send({ method, url, headers: { authorization: '' } })
      t.match(answer, { statusCode: 405, headers: { allow: 'GET, HEAD' } }, `${method} ${url}`)
    }
  t.equal((await send({ method: 'POST', url: '/elsewhere' })).statusCode, 404)
})
