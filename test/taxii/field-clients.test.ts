import t from 'tap'
import { taxiiType } from '../../src/taxii/negotiate.ts'
import { dates, failed, ids, ok } from '../support/expect.ts'
import {
  C,
  collectionB,
  collectionEmpty,
  currentIds,
  indicator1,
  M,
  O,
  R,
  tiedObjects
} from '../support/objects.ts'
import { head, listen, raw } from '../support/raw-http.ts'
import { basic, buildTaxiiServer, credentials } from '../support/taxii-server.ts'

const empty = `${R}collections/${collectionEmpty}/objects/`
const tied = `${R}collections/${collectionB}/objects/`
const tiedIds = tiedObjects.map(({ object }) => object.id)
const field = { settings: { mode: 'field' } } as const

t.test('client rules, in field mode', async t => {
  const server = await buildTaxiiServer(t, field)

  t.test('CLIENT-1: the Content-Type on the wire is exact, to the byte', async t => {
    const { app } = await buildTaxiiServer(t, field)
    const port = await listen(app)
    const authorization = `Authorization: ${credentials}`
    for (const [target, status] of [
      ['/taxii2/', '200'],
      [R, '200'],
      [`${R}collections/`, '200'],
      [C, '200'],
      [O, '200'],
      [M, '200'],
      [`${O}${indicator1}/`, '200'],
      [`${O}${indicator1}/versions/`, '200'],
      [empty, '200'],
      [`${O}?limit=0`, '400'],
      ['/nope/', '404'],
      ['/%zz/', '400']
    ] as const) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await raw(port, head(`${method} ${target} HTTP/1.1`, authorization))
        t.ok(answer.startsWith(`HTTP/1.1 ${status} `), `${method} ${target}`)
        const lines = answer.split('\r\n').filter(line => /^content-type:/i.test(line))
        t.strictSame(lines, [`content-type: ${taxiiType}`], `${method} ${target}`)
      }
    }
  })

  t.test('CLIENT-2: next comes with more: true only, and more is always a boolean', async t => {
    for (const url of [O, M, `${O}${indicator1}/`, `${O}${indicator1}/versions/`, empty]) {
      const body = ok(t, await server.get(url))
      t.strictSame([body.more, body.next], [false, undefined], url)
    }
    const page = ok(t, await server.get(`${O}?limit=1`))
    t.equal(page.more, true)
    t.type(page.next, 'string')
  })

  t.test('CLIENT-2: more: true means that the next page holds something', async t => {
    for (let next = '', count = 0; count < currentIds.length; ) {
      const page = ok(t, await server.get(`${O}?limit=2&next=${next}`))
      t.ok(page.objects.length > 0)
      count += page.objects.length
      next = page.next
      t.equal(page.more, count < currentIds.length)
    }
  })

  t.test(
    'CLIENT-3: an altered or foreign token starts over, and is counted and logged',
    async t => {
      const next = ok(t, await server.get(`${O}?limit=2`)).next
      for (const query of ['next=abc', `next=${next}x`, `next=${next}&match[version]=all`]) {
        const own = await buildTaxiiServer(t, field)
        t.strictSame(
          [...new Set(ids(ok(t, await own.get(`${O}?${query}`))))].toSorted(),
          currentIds.toSorted()
        )
        t.ok(own.counts.includes('taxii_tokens ignored'))
        t.match(own.logs[0], { token: 'ignored' })
      }
      const after = 'added_after=2024-01-01T00:05:30Z'
      const plain = await server.get(`${O}?${after}`)
      t.equal((await server.get(`${O}?${after}&next=abc`)).body, plain.body)
      t.strictSame(ids(ok(t, await server.get(`${M}?next=${next}`))), currentIds)
    }
  )

  t.test(
    'CLIENT-3: four runs of the OpenCTI connector over two collections lose nothing',
    async t => {
      let token: string | undefined
      const run = async (url: string, after: string, limit: number) => {
        const received: string[] = []
        for (let query = `added_after=${after}`; ; query = '') {
          const next = token === undefined ? '' : `&next=${token}`
          const page = ok(t, await server.get(`${url}?limit=${limit}&${query}${next}`))
          received.push(...ids(page))
          token = page.next ?? token
          if (!page.more) return received
        }
      }
      const start = '2023-12-31T00:00:00.000000Z'
      t.strictSame(await run(O, start, 3), currentIds)
      t.strictSame(await run(tied, start, 6), tiedIds)
      t.strictSame(await run(O, '2024-01-01T00:05:30.000000Z', 2), currentIds.slice(5))
      t.strictSame(await run(tied, '2024-01-01T01:00:02.500000Z', 4), tiedIds.slice(6))
    }
  )

  t.test('CLIENT-6, G1: header dates cut to milliseconds repeat and lose nothing', async t => {
    const page = await server.get(`${O}?limit=4`)
    const cut = String(dates(page)[1]).replace(/\d{3}Z$/, 'Z')
    t.strictSame(ids(ok(t, await server.get(`${O}?added_after=${cut}`))), currentIds.slice(4))
  })

  t.test('CLIENT-6: an empty page echoes added_after in both headers', async t => {
    for (const [sent, expected] of [
      ['2999-01-01T00:00:00Z', '2999-01-01T00:00:00.000000Z'],
      ['2999-01-01T02:00:00.5%2B02:00', '2999-01-01T00:00:00.500000Z']
    ] as const) {
      const response = await server.get(`${O}?added_after=${sent}`)
      t.strictSame(dates(response), [expected, expected])
    }
  })

  t.test('CLIENT-7: an empty answer has its list', async t => {
    const nothing = 'match[type]=x-foo'
    t.equal((await server.get(empty)).body, '{"more":false,"objects":[]}')
    t.equal((await server.get(`${O}?${nothing}`)).body, '{"more":false,"objects":[]}')
    t.equal((await server.get(`${M}?${nothing}`)).body, '{"more":false,"objects":[]}')
    const versions = `${O}${indicator1}/versions/?added_after=2999-01-01T00:00:00Z`
    t.equal((await server.get(versions)).body, '{"more":false,"versions":[]}')
    server.records.keys.add('poor-key')
    for (const { feedId } of server.records.catalogFeeds) {
      server.records.hidden.add(`poor-key ${feedId}`)
    }
    const poor = { authorization: 'Bearer poor-key' }
    t.equal((await server.get(`${R}collections/`, poor)).body, '{"collections":[]}')
  })

  t.test('CLIENT-9: discovery gives absolute URLs with a slash, default among them', async t => {
    for (const [headers, root] of [
      [{ host: 'gateway.example.com:9000' }, `http://gateway.example.com:9000${R}`],
      [{ host: '127.0.0.1:9000' }, `http://127.0.0.1:9000${R}`],
      [{ host: '[::1]:9000' }, `http://[::1]:9000${R}`]
    ] as const) {
      const body = ok(t, await server.get('/taxii2/', headers))
      t.strictSame([body['default'], body.api_roots], [root, [root]])
    }
    const { default: root } = ok(t, await server.get('/taxii2/', { host: 'a/"b' }))
    t.equal(root, R, 'a host that is none is not repeated')
  })

  t.test('CLIENT-10: never a redirect', async t => {
    for (const url of [O, C, R, '/taxii2/']) {
      for (const form of [url, url.slice(0, -1), `/${url}`, `${url}/`]) {
        t.equal((await server.get(form)).statusCode, 200, form)
      }
    }
    t.equal((await server.get('/TAXII2')).statusCode, 200, 'letter case of fixed parts is free')
  })

  t.test('CLIENT-11: every way to send the key', async t => {
    for (const authorization of [
      basic('anyone', 'valid-key'),
      basic('valid-key', ''),
      basic('', 'valid-key'),
      basic('anyone', 'valid-key').replace('Basic', 'basic'),
      'Bearer valid-key',
      'bearer valid-key',
      'Token valid-key',
      'TOKEN valid-key'
    ]) {
      ok(t, await server.get('/taxii2/', { authorization }), authorization)
    }
    ok(t, await server.get('/taxii2/', { authorization: undefined, 'X-API-Key': 'valid-key' }))
    const nobody = await server.get('/taxii2/', { authorization: basic('None', 'None') })
    failed(t, nobody, 401)
    t.match(nobody.headers['www-authenticate'], /^Basic realm="/)
  })

  t.test(
    'CLIENT-12: vendor types of TAXII 2.0 get 406, everything else sensible gets 2.1',
    async t => {
      for (const accept of ['application/json', 'application/taxii+json', '*/*', undefined]) {
        ok(t, await server.get(O, { accept }), accept)
      }
      for (const accept of [
        'application/vnd.oasis.taxii+json; version=2.0',
        'application/vnd.oasis.stix+json; version=2.0',
        'application/vnd.oasis.taxii+json'
      ]) {
        failed(t, await server.get(O, { accept }), 406)
      }
    }
  )

  t.test('CLIENT-13: clamped limit, unknown and empty parameters, Content-Type on GET', async t => {
    const plain = (await server.get(O)).body
    for (const query of [
      'limit=99999999',
      'foo=bar&foo=baz',
      'next=',
      'limit=',
      'added_after=',
      'match[type]=',
      'match[version]=,',
      'match[spec_version]='
    ]) {
      t.equal((await server.get(`${O}?${query}`)).body, plain, query)
    }
    const typed = await server.get(O, { 'content-type': 'application/taxii+json;version=2.1' })
    t.equal(typed.body, plain)
    const spaced = await server.get(`${O}?match[type]=indicator,%20malware,`)
    t.equal(spaced.body, (await server.get(`${O}?match[type]=indicator,malware`)).body)
  })

  t.test('modes: limits that are none and doubled parameters are 400 all the same', async t => {
    for (const query of ['limit=0', 'limit=-1', 'limit=abc', 'limit=1&limit=1']) {
      failed(t, await server.get(`${O}?${query}`), 400)
    }
  })

  t.test('CLIENT-2.2: every spelling of added_after seen in the field', async t => {
    const expected = currentIds.slice(4)
    for (const value of [
      '2024-01-01T00:04:30Z',
      '2024-01-01T00:04:30.1234Z',
      '2024-01-01T00%3A04%3A30.123Z',
      '2024-01-01T00:04:30.000000Z',
      '2024-01-01T00:04:30.123456789Z',
      '2024-01-01T00:04:30+00:00',
      '2024-01-01T02:04:30%2B02:00',
      '2024-01-01T02:04:30+02:00',
      '2023-12-31T22:04:30-02:00',
      '2024-01-01T00:04:30',
      '2024-01-01t00:04:30z'
    ]) {
      t.strictSame(ids(ok(t, await server.get(`${O}?added_after=${value}`))), expected, value)
    }
    for (const value of ['yesterday', '2024-02-30T00:00:00', '2024-01-01T25:00:00']) {
      failed(t, await server.get(`${O}?added_after=${value}`), 400, value)
    }
  })

  t.test('CLIENT-18: all endpoints exist, manifest with match[id] included', async t => {
    const { objects } = ok(t, await server.get(`${M}?match[id]=${indicator1}`))
    t.equal(objects.length, 1)
    for (const url of [C, `${O}${indicator1}/`, `${O}${indicator1}/versions/`]) {
      ok(t, await server.get(url))
    }
  })

  t.test('taxii2-client: limit appears and changes between pages', async t => {
    const small = await buildTaxiiServer(t, { settings: { mode: 'field', defaultLimit: 1 } })
    const received: string[] = []
    let next = ''
    for (const limit of ['', 'limit=2', 'limit=3', 'limit=1000']) {
      const page = ok(t, await small.get(`${O}?${limit}${next}`))
      received.push(...ids(page))
      next = `&next=${page.next}`
    }
    t.strictSame(received, currentIds)
  })

  t.test('D-4: the script of the Sekoia documentation lives on tip_token', async t => {
    const tip = await buildTaxiiServer(t, { settings: { mode: 'field', tipToken: true } })
    const accept = { accept: 'application/taxii+json' }
    const url = `${O.slice(0, -1)}?match[spec_version]=2.1&limit=4`
    const received: string[] = []
    for (let next = '', more = true; more; ) {
      const page = ok(t, await tip.get(`${url}&next=${next}`, accept))
      received.push(...page.objects.map(({ id }) => id))
      more = page.more === true
      next = page.next
    }
    t.strictSame(received, currentIds)
  })
})
