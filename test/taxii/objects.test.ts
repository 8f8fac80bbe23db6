import t from 'tap'
import { dates, failed, ids, ok } from '../support/expect.ts'
import {
  collectionA,
  collectionEmpty,
  currentIds,
  feedObjects,
  indicator1,
  M,
  marking6,
  O,
  R,
  stixId,
  twoVersions8
} from '../support/objects.ts'
import { buildTaxiiServer } from '../support/taxii-server.ts'

const empty = `${R}collections/${collectionEmpty}/objects/`

t.test('get objects and the envelope (TAXII 2.1 §3.7, §5.4)', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-5.4-1, T-3.7-1, I-3.7.1: STIX comes in an envelope', async t => {
    const body = ok(t, await server.get(`${O}?limit=2`))
    t.strictSame(Object.keys(body), ['more', 'next', 'objects'])
  })

  t.test('T-3.7-2: the list holds objects, no bundle', async t => {
    for (const { id, type } of ok(t, await server.get(O)).objects) {
      t.ok(id.startsWith(`${type}--`))
      t.not(type, 'bundle')
    }
  })

  t.test('T-3.7-3, T-5.4-4, I-3.7.2 D-3: nothing found is exactly {}', async t => {
    for (const url of [empty, `${O}?match[type]=x-foo`, `${O}?match[id]=${stixId('tool', 1)}`]) {
      t.equal((await server.get(url)).body, '{}')
    }
  })

  t.test('T-3.7-4, -5 D-4: the last page says more: false and has no next', async t => {
    t.strictSame(Object.keys(ok(t, await server.get(O))), ['more', 'objects'])
    t.equal(ok(t, await server.get(O)).more, false)
  })

  t.test('T-3.7-7 G10: objects leave byte for byte as they came', async t => {
    const { body } = await server.get(O)
    const current = server.records.feeds.get(collectionA)!
    const sent = current.filter(({ bytes }) => body.includes(bytes.toString()))
    t.equal(sent.length, currentIds.length)
    const looked = await server.get(`${O}?match[id]=${indicator1}`)
    const [first] = feedObjects
    t.equal(looked.body, `{"more":false,"objects":[${JSON.stringify(first!.object)}]}`)
  })
})

t.test('object by id (TAXII 2.1 §5.6)', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-5.6-1, T-3.7-6, I-3.8.1: an envelope with that object alone', async t => {
    const response = await server.get(`${O}${indicator1}/`)
    t.strictSame(ids(ok(t, response)), [indicator1])
    const date = '2024-01-01T00:01:00.001000Z'
    t.strictSame(dates(response), [date, date])
  })

  t.test('P-3: one date per record on all endpoints', async t => {
    const [entry] = ok(t, await server.get(`${M}?match[id]=${indicator1}`)).objects
    const date = entry?.date_added
    for (const url of [
      `${O}?match[id]=${indicator1}`,
      `${O}?limit=1`,
      `${O}${indicator1}/`,
      `${O}${indicator1}/versions/`
    ]) {
      t.strictSame(dates(await server.get(url)), [date, date], url)
    }
  })

  t.test('T-5.6-2, I-3.8.2 D-14: not in the collection is 404', async t => {
    failed(t, await server.get(`${O}${stixId('indicator', 999)}/`), 404)
    failed(t, await server.get(`${empty}${indicator1}/`), 404)
  })

  t.test('T-5.6-3 D-14: excluded by filters is an empty envelope', async t => {
    for (const query of [
      'added_after=2999-01-01T00:00:00Z',
      'match[version]=2001-01-01T00:00:00Z',
      'match[spec_version]=2.0'
    ]) {
      t.equal((await server.get(`${O}${indicator1}/?${query}`)).body, '{}', query)
    }
  })

  t.test('T-5.6-4, T-3.4.1-23: match[version]=all gives every version held', async t => {
    const { objects } = ok(t, await server.get(`${O}${twoVersions8}/?match[version]=all`))
    const versions = ok(t, await server.get(`${O}${twoVersions8}/versions/`)).versions
    t.strictSame(
      objects.map(object => object['modified']),
      versions
    )
  })

  t.test('T-5.6-6: odd ids are 404 or served, never 5xx', async t => {
    const long = `x-${'a'.repeat(248)}--00000000-0000-4000-8000-000000000001`
    t.equal(long.length, 288)
    for (const id of ['abc', long, '%00', '..%2f..', 'indicator--1', 'Indicator--x', '%C3%A9']) {
      failed(t, await server.get(`${O}${id}/`), 404, id)
      failed(t, await server.get(`${O}${id}/versions/`), 404, id)
    }
    failed(t, await server.get(`${O}%ff/`), 400)
    const encoded = indicator1.replaceAll('-', '%2D')
    t.strictSame(ids(ok(t, await server.get(`${O}${encoded}/`))), [indicator1])
    server.records.add(collectionA, [{ object: { type: 'x-long', id: long } }])
    t.strictSame(ids(ok(t, await server.get(`${O}${long}/`))), [long])
  })
})

t.test('versions (TAXII 2.1 §5.8)', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-5.8-1, I-3.9.1 D-21: every version, ascending, with both headers', async t => {
    const response = await server.get(`${O}${twoVersions8}/versions/`)
    t.strictSame(ok(t, response), {
      more: false,
      versions: ['2024-01-01T00:08:00.000Z', '2024-01-01T00:10:00.000Z']
    })
    t.strictSame(dates(response), ['2024-01-01T00:08:00.001000Z', '2024-01-01T00:10:00.001000Z'])
  })

  t.test('T-5.8-2: created when there is no modified', async t => {
    t.strictSame(ok(t, await server.get(`${O}${marking6}/versions/`)).versions, [
      '2024-01-01T00:06:00.000Z'
    ])
  })

  t.test('T-5.8-3: an unknown object is 404', async t => {
    failed(t, await server.get(`${O}${stixId('indicator', 999)}/versions/`), 404)
  })

  t.test('T-5.8-4: added_after, limit, next and spec_version work', async t => {
    const url = `${O}${twoVersions8}/versions/`
    const page = ok(t, await server.get(`${url}?limit=1`))
    t.strictSame(page.versions, ['2024-01-01T00:08:00.000Z'])
    t.strictSame(ok(t, await server.get(`${url}?next=${page.next}`)).versions, [
      '2024-01-01T00:10:00.000Z'
    ])
    const later = ok(t, await server.get(`${url}?added_after=2024-01-01T00:09:00Z`))
    t.strictSame(later.versions, ['2024-01-01T00:10:00.000Z'])
    t.equal((await server.get(`${url}?match[spec_version]=2.0`)).body, '{}')
    t.equal((await server.get(`${url}?added_after=2999-01-01T00:00:00Z`)).body, '{}')
  })

  t.test('T-5.8.1-1: the texts of the manifest with match[version]=all', async t => {
    const query = `match[id]=${twoVersions8}&match[version]=all`
    const { objects } = ok(t, await server.get(`${M}?${query}`))
    const { versions } = ok(t, await server.get(`${O}${twoVersions8}/versions/`))
    t.strictSame(
      versions,
      objects.map(({ version }) => version)
    )
  })
})
