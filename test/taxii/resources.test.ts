import t from 'tap'
import { apiRootUrl } from '../../src/taxii/resources.ts'
import { type Body, failed, ids, ok } from '../support/expect.ts'
import {
  C,
  collectionA,
  collectionB,
  currentIds,
  indicator1,
  M,
  O,
  R,
  uuid
} from '../support/objects.ts'
import { buildTaxiiServer, credentials } from '../support/taxii-server.ts'
import { defaultTaxiiSettings } from '../support/taxii-settings.ts'

const rootShape = /^(https:\/\/[^?]+|\/[^/?][^?]*)\/$/

t.test('discovery (TAXII 2.1 §4.1)', async t => {
  const server = await buildTaxiiServer(t, { settings: { contact: 'soc@example.com' } })

  t.test('T-4.1-1, T-4.1.1-1, -2, -5, I-3.2.1: the discovery resource', async t => {
    t.strictSame(ok(t, await server.get('/taxii2/')), {
      title: 'Sekoia threat intelligence feeds',
      contact: 'soc@example.com',
      default: R,
      api_roots: [R]
    })
  })

  t.test('T-4.1-2: 401 and 406 as named', async t => {
    failed(t, await server.get('/taxii2/', { authorization: undefined }), 401)
    failed(t, await server.get('/taxii2/', { accept: 'text/html' }), 406)
    failed(t, await server.get('/taxii2/', { authorization: 'Bearer revoked' }), 401)
  })

  t.test('T-4.1.1-4: roots are relative or https, never http', async t => {
    for (const host of ['ti.example.com', 'ti.example.com:8080', 'evil/?x', '']) {
      const { api_roots: roots } = ok(t, await server.get('/taxii2/', { host }))
      for (const root of roots) t.match(root, rootShape, host)
    }
    const proxied = await buildTaxiiServer(t, { server: { trustProxy: true } })
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'ti.example.com' }
    const { default: root } = ok(t, await proxied.get('/taxii2/', forwarded))
    t.equal(root, `https://ti.example.com${R}`)
    const { default: untrusted } = ok(t, await server.get('/taxii2/', forwarded))
    t.equal(untrusted, R)
  })

  t.test('T-4.1.1-4: a public URL wins, its path prefix included', async t => {
    const settings = { ...defaultTaxiiSettings, publicUrl: 'https://ti.example.com/feeds/' }
    const origin = { protocol: 'http', host: '127.0.0.1', prefix: '' }
    t.equal(apiRootUrl(settings, origin), `https://ti.example.com/feeds${R}`)
  })
})

t.test('API root and status (TAXII 2.1 §4.2, §4.3)', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-4.2-1, T-4.2.1-1, -2, -3, I-3.3.1: the API root resource', async t => {
    const root = ok(t, await server.get(R))
    t.strictSame(root['versions'], ['application/taxii+json;version=2.1'])
    t.ok(Number(root['max_content_length']) > 0)
    t.type(root['title'], 'string')
  })

  t.test('T-4.2-3, I-3.3.2: an unknown root is 404', async t => {
    for (const url of ['/nope/', '/nope/collections/']) failed(t, await server.get(url), 404)
  })

  t.test(
    'T-4.2.1-4, T-5.5-4: a large body is 403, not 413, and the connection lives on',
    async t => {
      const settings = { maxContentLength: 3 * 1024 * 1024 }
      const { app } = await buildTaxiiServer(t, { settings })
      const origin = await app.listen({ port: 0, host: '127.0.0.1' })
      for (const size of [settings.maxContentLength - 1, 20 * 1024 * 1024]) {
        const response = await fetch(`${origin}${O}`, {
          method: 'POST',
          headers: { authorization: credentials, 'content-type': 'text/plain' },
          body: 'x'.repeat(size)
        })
        t.equal(response.status, 403)
        t.equal(((await response.json()) as Body)['http_status'], '403')
      }
    }
  )

  t.test('T-4.3-1: no status exists', async t => {
    for (const id of [uuid(1), 'abc']) failed(t, await server.get(`${R}status/${id}/`), 404)
  })
})

t.test('collections and collection (TAXII 2.1 §5.1, §5.2)', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-5.1-1, I-3.4.1: all collections, ordered, in one answer', async t => {
    const { collections } = ok(t, await server.get(`${R}collections/`))
    t.strictSame(
      collections.map(({ title }) => title),
      ['Ties', 'Main feed', 'Empty']
    )
  })

  t.test('T-5.1-2, -3, T-5.2-2: 401 and 404 as named', async t => {
    for (const url of [`${R}collections/`, C]) {
      failed(t, await server.get(url, { authorization: undefined }), 401)
      failed(t, await server.get(url, { authorization: 'Bearer wrong' }), 401)
    }
    failed(t, await server.get('/nope/collections/'), 404)
  })

  t.test('T-5.1.1-1: without collections the body is an empty object', async t => {
    server.records.keys.add('poor-key')
    for (const { feedId } of server.records.catalogFeeds) {
      server.records.hidden.add(`poor-key ${feedId}`)
    }
    const headers = { authorization: 'Bearer poor-key' }
    t.strictSame(ok(t, await server.get(`${R}collections/`, headers)), {})
  })

  t.test('T-5.2-1, T-5.2.1-2, -4, -5, -6: one bare resource, equal to its entry', async t => {
    const { collections } = ok(t, await server.get(`${R}collections/`))
    const collection = ok(t, await server.get(C))
    t.strictSame(
      collection,
      collections.find(({ id }) => id === collectionA)
    )
    t.strictSame(collection, {
      id: collectionA,
      title: 'Main feed',
      description: 'All of it',
      alias: 'main',
      can_read: true,
      can_write: false,
      media_types: ['application/stix+json;version=2.1']
    })
  })

  t.test('T-5.2-3, I-3.5.3: an unknown id is 404, whatever it looks like', async t => {
    for (const id of [uuid(77), 'abc', 'x'.repeat(300), '..%2f', '%00', 'a%20b']) {
      failed(t, await server.get(`${R}collections/${id}/`), 404, id)
      failed(t, await server.get(`${R}collections/${id}/objects/`), 404, id)
    }
    failed(t, await server.get(`${R}collections/${'x'.repeat(600)}/`), 414)
  })

  t.test('T-5.2.1-1: the id in upper case is the same collection', async t => {
    const upper = C.replace(collectionA, collectionA.toUpperCase())
    t.equal((await server.get(upper)).body, (await server.get(C)).body)
    t.equal((await server.get(`${upper}objects/`)).body, (await server.get(O)).body)
  })

  t.test('T-5.2.1-3 D-22: the alias addresses the collection, its id stays', async t => {
    t.equal(ok(t, await server.get(`${R}collections/main/`))['id'], collectionA)
    const aliased = `${R}collections/main/objects/`
    t.equal((await server.get(aliased)).body, (await server.get(O)).body)
    const next = ok(t, await server.get(`${aliased}?limit=2`)).next
    t.strictSame(ids(ok(t, await server.get(`${O}?next=${next}`))), currentIds.slice(2))
  })

  t.test(
    'G12, I-3.5.1.1: a feed that cannot be read says so by its id, and is not listed',
    async t => {
      const advice = 'Set the format of this feed to JSON.'
      server.records.addFeed({ collectionId: uuid(5), title: 'Text', description: 'Mine' }, [])
      server.records.obstacles.set(uuid(5), { kind: 'unwalkable', advice })
      const collection = ok(t, await server.get(`${R}collections/${uuid(5)}/`))
      t.match(collection, { id: uuid(5), can_read: false, description: `Mine ${advice}` })
      const { collections } = ok(t, await server.get(`${R}collections/`))
      t.notOk(collections.some(({ id }) => id === uuid(5)))
      t.ok(collections.every(({ can_read }) => can_read === true))
    }
  )
})

t.test('manifest (TAXII 2.1 §5.3)', async t => {
  const server = await buildTaxiiServer(t)

  t.test(
    'T-5.3-1, T-5.3.1-3 … -6, I-3.6.1: records with id, date, version, media type',
    async t => {
      const { objects } = ok(t, await server.get(`${M}?limit=1`))
      t.strictSame(objects, [
        {
          id: indicator1,
          date_added: '2024-01-01T00:01:00.001000Z',
          version: '2024-01-01T00:01:00.000Z',
          media_type: 'application/stix+json;version=2.1'
        }
      ])
    }
  )

  t.test('T-5.3.1-6: a media type that the collection does not list is left out', async t => {
    const old = ok(t, await server.get(`${M}?match[spec_version]=2.0`))
    t.notOk(old.objects.some(record => 'media_type' in record))
    const mediaTypes = ['2.0', '2.1'].map(version => `application/stix+json;version=${version}`)
    const both = await buildTaxiiServer(t, { settings: { mediaTypes } })
    const { objects } = ok(t, await both.get(`${M}?match[spec_version]=2.0`))
    t.ok(objects.every(record => record['media_type'] === mediaTypes[0]))
    t.strictSame(ok(t, await both.get(C))['media_types'], mediaTypes)
  })

  t.test('T-5.3.1-1, -7 D-2: more and next as in envelopes', async t => {
    const page = ok(t, await server.get(`${M}?limit=1`))
    t.equal(page.more, true)
    const rest = ok(t, await server.get(`${M}?next=${page.next}`))
    t.strictSame(ids(rest), currentIds.slice(1))
    t.strictSame([rest.more, rest.next], [false, undefined])
  })

  t.test('T-5.3.1-2: nothing found is an empty object', async t => {
    t.equal((await server.get(`${M}?match[type]=x-foo`)).body, '{}')
  })
})

t.test('refusals of the data endpoints (TAXII 2.1 §5.3–5.8)', async t => {
  const server = await buildTaxiiServer(t)
  const object = `${O}${indicator1}/`
  const data = [M, O, object, `${object}versions/`]

  t.test('T-5.3-2, T-5.4-2, T-5.6-5, T-5.8-3, I-3.1.2: failed authentication is 401', async t => {
    for (const url of data) {
      failed(t, await server.get(url, { authorization: undefined }), 401)
      failed(t, await server.get(url, { authorization: 'Bearer wrong' }), 401)
    }
  })

  t.test('T-5.3-3, T-5.4-3, T-5.6-5, T-5.8-3, I-3.5.2.1 D-24: without read it is 403', async t => {
    server.records.keys.add('blind-key')
    server.records.forbidden.add(`blind-key ${collectionA}`)
    const headers = { authorization: 'Bearer blind-key' }
    for (const url of data) failed(t, await server.get(url, headers), 403, url)
  })

  t.test('T-5.3-6, T-5.4-5: unknown collection 404, bad filter 400', async t => {
    for (const url of data) {
      failed(t, await server.get(url.replace(collectionA, uuid(9))), 404, url)
      failed(t, await server.get(`${url}?limit=x`), 400, url)
      failed(t, await server.get(`${url.replace(collectionA, uuid(9))}?limit=x`), 404, 'D-15')
    }
  })

  t.test('T-5.5-1, -2, T-5.7-1, -2, -4 D-16: writing is refused', async t => {
    const send = async (method: 'POST' | 'DELETE', url: string, key: string | undefined) =>
      server.send({ method, url, headers: key ? { authorization: `Bearer ${key}` } : {} })
    server.records.keys.add('hidden-key')
    server.records.hidden.add(`hidden-key ${collectionB}`)
    const other = O.replace(collectionA, collectionB)
    for (const [method, end] of [
      ['POST', ''],
      ['DELETE', `${indicator1}/`],
      ['DELETE', 'unknown--1/']
    ] as const) {
      failed(t, await send(method, O + end, undefined), 401)
      t.match(failed(t, await send(method, O + end, 'valid-key'), 403), { error_code: 'read-only' })
      failed(t, await send(method, O.replace(collectionA, uuid(9)) + end, 'valid-key'), 404)
      failed(t, await send(method, other + end, 'hidden-key'), 404)
    }
    ok(t, await server.get(object), 'T-5.7-5: the object is still there')
    t.equal(server.records.reads.length, 4, 'T-5.5-5: nothing but the reads above went on')
  })
})
