import t from 'tap'
import { buildGateway } from '../support/app.ts'

/** How pages are served: to whom, with which headers, on which listener. */

const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const anonymous = { authorization: '' }

t.test('a browser gets the page at / without a credential', async t => {
  const { send } = await buildGateway(t)
  const page = await send({ url: '/', headers: { ...browser, ...anonymous } })
  t.equal(page.statusCode, 200)
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  t.match(page.headers['vary'], /\bAccept\b/)
  t.match(page.body, '<title>Set-up')
})

t.test('each page has its address; with a slash too much it leads there', async t => {
  const { send } = await buildGateway(t)
  for (const [url, title] of [
    ['/status', 'Status'],
    ['/look-up', 'Look-up']
  ]) {
    const page = await send({ url: url!, headers: { ...browser, ...anonymous } })
    t.equal(page.statusCode, 200)
    t.match(page.body, `<title>${title}`)
    const moved = await send({ url: `${url}/`, headers: browser })
    t.equal(moved.statusCode, 308)
    t.equal(new URL(String(moved.headers.location), `http://gateway${url}/`).pathname, url)
  }
})

t.test('a client that does not ask for HTML gets what an unknown path gives', async t => {
  const { send } = await buildGateway(t)
  const unknown = await send({ url: '/unknown' })
  const accepts = ['application/taxii+json;version=2.1', 'application/json', '*/*', 'text/*', '']
  for (const accept of accepts) {
    const { statusCode, body, headers } = await send({ url: '/', headers: { accept } })
    t.equal(statusCode, 404, accept)
    t.equal(headers['content-type'], unknown.headers['content-type'])
    t.equal(JSON.parse(body).description, JSON.parse(unknown.body).description)
  }
  t.equal((await send({ url: '/', method: 'POST', headers: browser })).statusCode, 405)
})

t.test('every file comes under the strict policy, sets no cookie and has a validator', async t => {
  const { send } = await buildGateway(t)
  const pages = ['/', '/status', '/look-up']
  const bodies = await Promise.all(
    pages.map(async url => (await send({ url, headers: browser })).body)
  )
  const named = bodies.flatMap(body =>
    [...body.matchAll(/(?:src|href)="(pages\/[^"]+)"/g)].map(([, path]) => `/${path}`)
  )
  t.ok(named.includes('/pages/status/status.css'))
  for (const url of new Set([...pages, '/pages/preact.js', ...named])) {
    const { statusCode, headers } = await send({ url, headers: browser })
    t.equal(statusCode, 200, url)
    t.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'; /)
    t.notMatch(headers['content-security-policy'], 'unsafe')
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.equal(headers['set-cookie'], undefined)
    t.equal(headers['cache-control'], 'no-cache')
    const held = { ...browser, 'if-none-match': String(headers['etag']) }
    const again = await send({ url, headers: held })
    t.equal(again.statusCode, 304, url)
    t.equal(again.body, '')
  }
})

t.test('a page holds no script, no style and no address of its own', async t => {
  const { send } = await buildGateway(t)
  const { body } = await send({ url: '/', headers: browser })
  t.notMatch(body, /<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=/)
  t.notMatch(body, /(?:src|href)="(?:\/|https?:)/, 'so that it works below any prefix')
})

t.test('the page says which credentials its listener takes, and the key of a demo', async t => {
  const facts = async (env: Record<string, string>) => {
    const { send, sendOps } = await buildGateway(t, { env })
    const request = { url: '/', headers: browser }
    const own = env['OPS_PORT'] ? (await sendOps(request)).body : ''
    return [(await send(request)).body, own].map(body => ({
      listener: /name="listener" content="([^"]*)"/.exec(body)?.[1],
      demoKey: /name="demo-key" content="([^"]*)"/.exec(body)?.[1]
    }))
  }
  const token = { OPERATOR_TOKEN: 'operator-token-of-this-test' }
  const sekoia = { SEKOIA_URL: 'https://api.sekoia.io' }
  t.match(await facts({}), [{ listener: 'key', demoKey: 'demo-key' }])
  t.match(await facts({ ...token, ...sekoia }), [{ listener: 'key operator', demoKey: '' }])
  const apart = await facts({ ...token, OPS_PORT: '9090', DEMO_KEY: '"><script>' })
  t.strictSame(apart, [
    { listener: 'key', demoKey: '&#34;&#62;&#60;script&#62;' },
    { listener: 'operator', demoKey: '' }
  ])
})

t.test('PAGES_ENABLED=false: there is no page and no file of one', async t => {
  const { send } = await buildGateway(t, { env: { PAGES_ENABLED: 'false' } })
  for (const url of ['/', '/pages/shell/text.css'])
    t.equal((await send({ url, headers: browser })).statusCode, 404, url)
})
