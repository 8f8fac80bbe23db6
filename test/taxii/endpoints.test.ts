import t from 'tap'
import { failed, ids, ok } from '../support/expect.ts'
import { C, collectionA, indicator1, M, O, R } from '../support/objects.ts'
import { buildTaxiiServer, credentials } from '../support/taxii-server.ts'

const headers = { authorization: credentials }
const object = `${O}${indicator1}/`

t.test('endpoints, paths, methods (TAXII 2.1 §3.1, §8.2.1)', async t => {
  const server = await buildTaxiiServer(t, {
    extend: app => void app.get('/livez', async () => 'alive')
  })

  t.test('T-8.2.1-1: discovery is at /taxii2/ directly under the host', async t => {
    const elsewhere = await buildTaxiiServer(t, {
      settings: { apiRootPath: '/other/', publicUrl: 'https://ti.example.com/base/' }
    })
    const { api_roots: roots } = ok(t, await elsewhere.get('/taxii2/'))
    t.strictSame(roots, ['https://ti.example.com/base/other/'])
    ok(t, await elsewhere.get('/other/collections/'))
  })

  t.test('T-8.2.1-2: there is an API root, and each one answers', async t => {
    const { api_roots: roots } = ok(t, await server.get('/taxii2/'))
    t.ok(roots.length >= 1)
    for (const root of roots) ok(t, await server.get(root))
  })

  t.test('T-8.2.1-3: other URLs live beside the TAXII paths', async t => {
    t.equal((await server.send({ url: '/livez' })).body, 'alive')
  })

  t.test('T-3.1-1: the nine paths are answered with their slash', async t => {
    for (const url of ['/taxii2/', R, `${R}collections/`, C, M, O, object, `${object}versions/`]) {
      ok(t, await server.get(url), url)
    }
    failed(t, await server.get(`${R}status/${collectionA}/`), 404)
  })

  t.test(
    'T-3.1-2 D-6: no slash, and doubled slashes, are answered like the proper form',
    async t => {
      const proper = ok(t, await server.get(`${O}?limit=1`))
      for (const url of [`${C}objects?limit=1`, `/${C}/objects//?limit=1`]) {
        t.strictSame(ok(t, await server.get(url), url), proper)
      }
      for (const url of ['/taxii2', '//taxii2//', R.slice(0, -1), C.slice(0, -1)]) {
        ok(t, await server.get(url), url)
      }
    }
  )

  t.test('T-3.1-3: each endpoint answers with its own resource', async t => {
    const keys = async (url: string) => Object.keys(ok(t, await server.get(url), url)).sort()
    t.strictSame(await keys('/taxii2/'), ['api_roots', 'default', 'title'])
    t.strictSame(await keys(R), ['max_content_length', 'title', 'versions'])
    t.strictSame(await keys(`${R}collections/`), ['collections'])
    t.strictSame(await keys(O), ['more', 'objects'])
    t.strictSame(await keys(object), ['more', 'objects'])
    t.strictSame(await keys(M), ['more', 'objects'])
    t.strictSame(await keys(`${object}versions/`), ['more', 'versions'])
    t.strictSame(await keys(C), [
      'alias',
      'can_read',
      'can_write',
      'description',
      'id',
      'media_types',
      'title'
    ])
  })

  t.test('T-3.1-5: no method of the table is refused with 405', async t => {
    const pairs = [
      ...['/taxii2/', R, `${R}status/${collectionA}/`, `${R}collections/`, C, M, O, object].map(
        url => ['GET', url] as const
      ),
      ['GET', `${object}versions/`],
      ['POST', O],
      ['DELETE', object]
    ] as const
    for (const [method, url] of pairs) {
      const { statusCode } = await server.send({ method, url, headers })
      t.not(statusCode, 405, `${method} ${url}`)
    }
  })

  t.test('T-3.1-6 D-17: a method that a path does not have is 405 with Allow', async t => {
    const pairs = [
      ['PUT', O, 'GET, HEAD, OPTIONS, POST'],
      ['PATCH', O, 'GET, HEAD, OPTIONS, POST'],
      ['POST', M, 'GET, HEAD, OPTIONS'],
      ['DELETE', O, 'GET, HEAD, OPTIONS, POST'],
      ['POST', '/taxii2/', 'GET, HEAD, OPTIONS'],
      ['PUT', object, 'GET, HEAD, OPTIONS, DELETE']
    ] as const
    for (const [method, url, allow] of pairs) {
      const type = { 'content-type': 'application/xml' }
      const request = { method, url, headers: type, payload: '<x/>' } as const
      const response = await server.send(request)
      failed(t, response, 405, `${method} ${url}`)
      t.equal(response.headers.allow, allow)
    }
  })

  t.test('T-3.1-7: an unknown path is 404', async t => {
    for (const url of ['/nope/', `${C}nope/`, '/taxii2/nope/', `${R}nope/`, `${object}nope/`]) {
      failed(t, await server.get(url), 404, url)
    }
    const post = { method: 'POST', url: '/nope/', payload: '<x/>' } as const
    failed(t, await server.send({ ...post, headers: { 'content-type': 'text/xml' } }), 404)
  })

  t.test('D-15: below the TAXII paths, an unknown path is 401 to the anonymous', async t => {
    for (const url of ['/taxii2/nope/', `${R}nope/`, `${C}nope/`, `${R}collections/abc/`]) {
      failed(t, await server.send({ url }), 401, url)
    }
    failed(t, await server.send({ url: '/nope/' }), 404)
  })

  t.test('T-3.1-8: endpoints without filtering ignore the query', async t => {
    for (const url of ['/taxii2/', R, `${R}collections/`, C]) {
      const plain = await server.get(url)
      const filtered = await server.get(`${url}?match[type]=indicator&limit=1&added_after=x`)
      t.equal(filtered.statusCode, 200, url)
      t.equal(filtered.body, plain.body, url)
    }
  })

  t.test('T-3.1-8: endpoints with filtering filter', async t => {
    t.strictSame(ids(ok(t, await server.get(`${O}?match[id]=${indicator1}`))), [indicator1])
  })
})
