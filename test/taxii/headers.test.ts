import t from 'tap'
import { dates, failed, ok, ts6 } from '../support/expect.ts'
import {
  C,
  collectionEmpty,
  indicator1,
  M,
  O,
  R,
  stixId,
  twoVersions8
} from '../support/objects.ts'
import { buildTaxiiServer } from '../support/taxii-server.ts'

const empty = `${R}collections/${collectionEmpty}/`
const epoch = '1970-01-01T00:00:00.000000Z'

t.test('date headers (TAXII 2.1 §3.2)', async t => {
  const server = await buildTaxiiServer(t)

  t.test('T-3.2-1, -2, -3: both are on every 2xx of the four endpoints, as TS6', async t => {
    for (const url of [M, O, `${O}${indicator1}/`, `${O}${twoVersions8}/versions/`]) {
      const response = await server.get(url)
      ok(t, response, url)
      for (const date of dates(response)) t.match(date, ts6, url)
    }
    for (const n of [1, 3, 4]) {
      const response = await server.get(`${O}${stixId('indicator', n)}/`)
      for (const date of dates(response)) t.match(date, ts6, `indicator ${n}`)
    }
  })

  t.test('T-3.2-4: they are the date_added of the first and last entry', async t => {
    const manifest = await server.get(`${M}?limit=3`)
    const { objects } = ok(t, manifest)
    const expected = [objects[0]?.date_added, objects[2]?.date_added]
    t.strictSame(dates(manifest), expected)
    t.strictSame(dates(await server.get(`${O}?limit=3`)), expected)
  })

  t.test('T-3.2-5 D-1: an empty 2xx has both, at the place the client is at', async t => {
    const future = '2999-01-01T00:00:00Z'
    for (const url of [O, M, `${O}${indicator1}/`, `${O}${indicator1}/versions/`]) {
      const response = await server.get(`${url}?added_after=${future}`)
      t.equal(response.body, '{}', url)
      t.strictSame(dates(response), [
        future.replace('Z', '.000000Z'),
        future.replace('Z', '.000000Z')
      ])
    }
    for (const url of [`${empty}objects/`, `${empty}manifest/`]) {
      t.strictSame(dates(await server.get(url)), [epoch, epoch], url)
    }
  })

  t.test('P-21: an empty poll keeps the microseconds of its added_after', async t => {
    const response = await server.get(`${O}?added_after=2999-01-01T00:00:00.1234567Z`)
    const kept = '2999-01-01T00:00:00.123456Z'
    t.strictSame(dates(response), [kept, kept])
  })

  t.test('T-3.2-6: they are absent elsewhere and on errors', async t => {
    for (const url of ['/taxii2/', R, `${R}collections/`, C]) {
      t.strictSame(dates(await server.get(url)), [undefined, undefined], url)
    }
    failed(t, await server.get(`${O}?limit=0`), 400)
    failed(t, await server.get(O, { accept: 'text/html' }), 406)
  })

  t.test('T-3.4-0: every answer has a Date that is right to the second', async t => {
    for (const url of ['/taxii2/', O, '/nope/']) {
      const date = Date.parse(String((await server.get(url)).headers.date))
      t.ok(Math.abs(date - Date.now()) < 2000, url)
    }
  })
})
