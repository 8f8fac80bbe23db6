import type { Test } from 'tap'
import t from 'tap'
import { dates, failed, ids, ok } from '../support/expect.ts'
import {
  collectionA,
  collectionB,
  currentIds,
  indicator1,
  M,
  O,
  R,
  sdo,
  stixId,
  tiedObjects,
  twoVersions8
} from '../support/objects.ts'
import { buildTaxiiServer, type TaxiiServer } from '../support/taxii-server.ts'

const tied = `${R}collections/${collectionB}/`
const tiedIds = tiedObjects.map(({ object }) => object.id)

/** Follows `next` to the end; the pages' entries, one list per page. */
async function walk(t: Test, server: TaxiiServer, url: string, query: string) {
  const pages: string[][] = []
  for (let next = ''; ; ) {
    const body = ok(t, await server.get(`${url}?${query}${next}`))
    pages.push([...(body.versions ?? ids(body))])
    if (!body.more) return pages
    next = `&next=${body.next}`
  }
}

/** Pages with nothing but `added_after` = the last header. */
async function walkByHeader(t: Test, server: TaxiiServer, url: string, query: string) {
  const all: string[] = []
  for (let after = ''; ; ) {
    const response = await server.get(`${url}?${query}${after}`)
    const body = ok(t, response)
    all.push(...(body.versions ?? ids(body)))
    if (!body.more) return all
    after = `&added_after=${dates(response)[1]}`
  }
}

t.test('limit (TAXII 2.1 §3.4)', async t => {
  const server = await buildTaxiiServer(t, { settings: { defaultLimit: 4, maxLimit: 6 } })

  t.test('T-3.4-20, -21 D-8: anything but a positive integer is 400', async t => {
    for (const value of [
      '0',
      '00',
      '-1',
      'abc',
      '1.5',
      '1e2',
      '0x10',
      '+5',
      ' 5',
      '%205',
      '5,5',
      ''
    ]) {
      const url = `${O}?limit=${value.replace(' ', '%20')}`
      t.match(failed(t, await server.get(url), 400, value)['description'], /^limit: /)
    }
  })

  t.test('D-8: a limit beyond every number is the maximum', async t => {
    for (const value of ['9007199254740993', '9'.repeat(400)])
      t.equal(ok(t, await server.get(`${O}?limit=${value}`)).objects.length, 6)
  })

  t.test('T-3.4-22 D-10: limit given twice is 400', async t => {
    failed(t, await server.get(`${O}?limit=1&limit=2`), 400)
  })

  t.test('T-3.4-23: never more than asked', async t => {
    for (const url of [O, M, `${O}${twoVersions8}/versions/`, `${O}${twoVersions8}/`]) {
      for (const limit of [1, 2, 6]) {
        const body = ok(t, await server.get(`${url}?limit=${limit}&match[version]=all`))
        t.ok((body.versions ?? body.objects).length <= limit, `${url} ${limit}`)
      }
    }
  })

  t.test('T-3.4-24, T-B-2 D-8: a limit above the maximum is lowered to it', async t => {
    for (const url of [O, M]) {
      const body = ok(t, await server.get(`${url}?limit=1000000`))
      t.equal(body.objects.length, 6)
      t.equal(body.more, true)
    }
  })

  t.test('T-3.4-25 P-8: a page that holds everything says so', async t => {
    const large = await buildTaxiiServer(t)
    for (const limit of [currentIds.length, currentIds.length + 1]) {
      const body = ok(t, await large.get(`${O}?limit=${limit}`))
      t.strictSame(ids(body), currentIds)
      t.strictSame([body.more, body.next], [false, undefined])
    }
  })

  t.test('T-3.4-26, T-3.5-1: more is true when the client or the server limits', async t => {
    const large = await buildTaxiiServer(t)
    const body = ok(t, await large.get(`${O}?limit=${currentIds.length - 1}`))
    t.equal(body.more, true)
    t.type(body.next, 'string')
    const byDefault = ok(t, await server.get(O))
    t.equal(byDefault.objects.length, 4)
    t.equal(byDefault.more, true)
  })

  t.test('maxBytes ends a page too, with one object at least', async t => {
    const small = await buildTaxiiServer(t, { settings: { maxBytes: 1 } })
    for (const query of ['', `match[id]=${currentIds.join(',')}`]) {
      const pages = await walk(t, small, O, query)
      t.strictSame(
        pages,
        currentIds.map(id => [id])
      )
    }
  })
})

t.test('next (TAXII 2.1 §3.4, §3.5, D-9)', async t => {
  const server = await buildTaxiiServer(t)
  const first = async (url: string, query = 'limit=2') =>
    ok(t, await server.get(`${url}?${query}`)).next

  t.test('T-3.4-27: next goes on with the original query', async t => {
    const query = 'match[type]=indicator&limit=2'
    const pages = await walk(t, server, O, query)
    t.strictSame(
      pages.flat(),
      currentIds.filter(id => id.startsWith('indicator'))
    )
  })

  t.test('T-3.4-28: the token can be pasted into a URL and is short', async t => {
    for (const url of [O, M]) {
      const next = await first(url)
      t.match(next, /^[\w-]+$/)
      t.ok(next.length <= 200)
    }
  })

  t.test('T-3.4-29, P-29 D-9.4: a malformed or altered token is 400, never 5xx', async t => {
    const next = await first(O)
    failed(t, await server.get(`${O}?next=abc`), 400)
    failed(t, await server.get(`${O}?next=${next}&next=${next}`), 400)
    for (let at = 0; at < next.length; at += 1) {
      const other = next[at] === 'A' ? 'B' : 'A'
      const altered = next.slice(0, at) + other + next.slice(at + 1)
      const response = await server.get(`${O}?next=${altered}`)
      t.equal(response.statusCode, 400, `character ${at}`)
    }
    const error = failed(t, await server.get(`${O}?next=${next}x`), 400)
    t.match(error['description'], /added_after/, 'says how to start again')
  })

  t.test('T-3.4-29 D-9.5: an empty next counts as absent', async t => {
    t.strictSame(ids(ok(t, await server.get(`${O}?limit=2&next=`))), currentIds.slice(0, 2))
  })

  t.test('T-3.4-30 D-9.3: with another match, or on another endpoint, it is 400', async t => {
    const next = await first(O, 'limit=2&match[type]=indicator')
    failed(t, await server.get(`${O}?next=${next}&match[type]=malware`), 400)
    failed(t, await server.get(`${O}?next=${next}&match[version]=all`), 400)
    failed(t, await server.get(`${M}?next=${next}`), 400)
    failed(t, await server.get(`${O}${indicator1}/?next=${next}`), 400)
  })

  t.test('T-3.4-30 D-9.2: of another collection, its position is ignored', async t => {
    const next = await first(O)
    const after = 'added_after=2024-01-01T01:00:02.000Z'
    const plain = await server.get(`${tied}objects/?${after}`)
    const foreign = await server.get(`${tied}objects/?${after}&next=${next}`)
    t.equal(foreign.body, plain.body)
    t.strictSame(dates(foreign), dates(plain))
    t.strictSame(ids(ok(t, await server.get(`${tied}objects/?next=${next}`))), tiedIds)
  })

  t.test('D-9.2: without added_after, the one inside the foreign token holds', async t => {
    const next = await first(O, 'limit=1&added_after=2024-01-01T00:05:30Z')
    server.records.reads.length = 0
    await server.get(`${tied}objects/?next=${next}`)
    t.match(server.records.reads, [
      { addedAfter: Date.UTC(2024, 0, 1, 0, 5, 30), position: undefined, continues: true }
    ])
  })

  t.test('T-3.4-30 D-9.2: with another added_after, its position is ignored', async t => {
    const next = await first(O, 'limit=2&added_after=2024-01-01T00:00:00Z')
    const later = 'added_after=2024-01-01T00:05:30Z'
    const restarted = await server.get(`${O}?${later}&next=${next}`)
    t.equal(restarted.body, (await server.get(`${O}?${later}`)).body)
    for (const same of ['2024-01-01T00:00:00.000Z', '2024-01-01T00:00:00%2B00:00']) {
      const response = await server.get(`${O}?added_after=${same}&next=${next}`)
      t.strictSame(ids(ok(t, response)), currentIds.slice(2), same)
    }
  })

  t.test('T-3.4-31, T-B-1 App. B: a token gives no rights', async t => {
    const next = await first(O)
    server.records.keys.add('other-key')
    server.records.forbidden.add(`other-key ${collectionA}`)
    const headers = { authorization: 'Bearer other-key' }
    failed(t, await server.get(`${O}?next=${next}`, headers), 403)
    server.records.hidden.add(`other-key ${collectionA}`)
    failed(t, await server.get(`${O}?next=${next}`, headers), 404)
  })

  t.test('T-3.4-32, -33 D-9.1: limit may change, filters may be left out', async t => {
    const indicators = currentIds.filter(id => id.startsWith('indicator'))
    const next = await first(O, 'limit=2&match[type]=indicator')
    for (const query of ['', '&limit=1000', '&match[type]=indicator']) {
      const body = ok(t, await server.get(`${O}?next=${next}${query}`))
      t.strictSame(ids(body), indicators.slice(2), query)
    }
    const versions = await first(O, 'limit=9&match[version]=all')
    t.strictSame(ids(ok(t, await server.get(`${O}?next=${versions}`))).length, 2)
  })

  t.test('P-27 D-9.1: filters too long for a token have to be repeated', async t => {
    const all = `match[id]=${currentIds.join(',')}`
    const next = await first(O, `limit=2&${all}`)
    const body = ok(t, await server.get(`${O}?${all}&next=${next}`))
    t.strictSame(ids(body), currentIds.slice(2))
    failed(t, await server.get(`${O}?next=${next}`), 400)
  })

  t.test('T-3.4-34, P-24, P-25: a token is repeatable, also on another server', async t => {
    for (const url of [O, M]) {
      const next = await first(url)
      const once = await server.get(`${url}?next=${next}`)
      t.equal((await server.get(`${url}?next=${next}`)).body, once.body)
      const restarted = await buildTaxiiServer(t)
      t.equal((await restarted.get(`${url}?next=${next}`)).body, once.body)
    }
  })

  t.test('T-3.5-2, P-7, P-11: a walk gives every record once, for every limit', async t => {
    for (const limit of [1, 2, 7, 1000]) {
      for (const url of [O, M]) {
        t.strictSame((await walk(t, server, url, `limit=${limit}`)).flat(), currentIds)
      }
      const versions = await walk(t, server, `${O}${twoVersions8}/versions/`, `limit=${limit}`)
      t.equal(versions.flat().length, 2)
      const object = `${O}${twoVersions8}/`
      const all = await walk(t, server, object, `match[version]=all&limit=${limit}`)
      t.strictSame(all.flat(), [twoVersions8, twoVersions8])
      const looked = await walk(t, server, O, `match[id]=${currentIds.join(',')}&limit=${limit}`)
      t.strictSame(looked.flat(), currentIds)
    }
  })

  t.test('T-3.5-3, P-13, I-3.14.1: a walk by the last header gives the same', async t => {
    for (const limit of [1, 2, 7]) {
      for (const url of [O, M]) {
        t.strictSame(await walkByHeader(t, server, url, `limit=${limit}`), currentIds)
      }
    }
    const versions = `${O}${twoVersions8}/versions/`
    t.equal((await walkByHeader(t, server, versions, 'limit=1')).length, 2)
    const match = `match[id]=${currentIds.join(',')}&limit=2&match[version]=`
    t.strictSame(await walkByHeader(t, server, O, `${match}last`), currentIds)
    const first = (await walk(t, server, O, `${match}first`)).flat()
    t.strictSame(await walkByHeader(t, server, O, `${match}first`), first)
  })

  t.test('T-3.5-4, P-16: what follows the token may be gone', async t => {
    const own = await buildTaxiiServer(t)
    const page = await own.get(`${O}?limit=2`)
    const held = own.records.feeds.get(collectionA)!
    own.records.feeds.set(collectionA, held.slice(0, 2))
    const response = await own.get(`${O}?limit=2&next=${ok(t, page).next}`)
    t.equal(response.body, '{}')
    t.strictSame(dates(response), [dates(page)[1], dates(page)[1]], 'headers of the position')
  })

  t.test('T-3.5-5: item ranges are gone', async t => {
    const response = await server.get(O, { range: 'items 0-1' })
    t.strictSame(ids(ok(t, response)), currentIds)
    t.equal(response.headers['content-range'], undefined)
    t.equal(response.headers['accept-ranges'], undefined)
  })

  t.test('P-12: a page of looked-up records ends before a small group of equal dates', async t => {
    const query = `match[id]=${tiedIds.join(',')}`
    const sizes = async (limit: number) =>
      (await walk(t, server, `${tied}objects/`, `${query}&limit=${limit}`)).map(page => page.length)
    t.strictSame(await sizes(2), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2], 'groups above half are split')
    t.strictSame(await sizes(4), [4, 4, 4, 4, 4], 'a group of 3 is above half of 4')
    t.strictSame(await sizes(8), [6, 8, 6], 'group of 4 moves to the next page')
    t.strictSame(await sizes(20), [20])
  })

  t.test('P-14, P-15: what changes during a walk comes in its new version', async t => {
    const own = await buildTaxiiServer(t)
    const next = ok(t, await own.get(`${O}?limit=2`)).next
    const change = sdo('indicator', 1, { modified: '2024-01-02T00:00:00.000Z' })
    own.records.add(collectionA, [{ object: change }])
    const rest = ids(ok(t, await own.get(`${O}?next=${next}`)))
    t.strictSame(rest, [...currentIds.slice(2), indicator1])
  })

  t.test('P-35: a budget that ends without a match moves the client on', async t => {
    const own = await buildTaxiiServer(t)
    const date = Date.UTC(2024, 5, 1)
    const position = { epoch: '0a0b0c0d', date, natural: date, id: indicator1 }
    own.records.read = async () => ({
      records: [],
      dates: [],
      chunks: [],
      more: true,
      position,
      outcome: 'fetched'
    })
    const response = await own.get(`${O}?match[spec_version]=2.0`)
    const body = ok(t, response)
    t.strictSame(Object.keys(body), ['more', 'next'])
    t.strictSame(dates(response), ['2024-06-01T00:00:00.000000Z', '2024-06-01T00:00:00.000000Z'])
  })

  t.test('P-28, P-34: with next the records are asked to hold on', async t => {
    const next = await first(O)
    server.records.reads.length = 0
    await server.get(O)
    await server.get(`${O}?next=${next}`)
    t.strictSame(
      server.records.reads.map(({ continues }) => continues),
      [false, true]
    )
  })
})

t.test('D-4: with tip_token the last page has a next too', async t => {
  const server = await buildTaxiiServer(t, { settings: { tipToken: true } })
  const last = ok(t, await server.get(O))
  t.equal(last.more, false)
  t.strictSame(ok(t, await server.get(`${O}?next=${last.next}`)).objects ?? [], [])

  server.records.add(collectionA, [{ object: sdo('indicator', 50) }])
  t.strictSame(ids(ok(t, await server.get(`${O}?next=${last.next}`))), [stixId('indicator', 50)])

  const after = '2030-01-01T00:00:00Z'
  const empty = ok(t, await server.get(`${O}?added_after=${after}`))
  t.strictSame(Object.keys(empty), ['more', 'next'])
  const again = await server.get(`${O}?next=${empty.next}`)
  t.strictSame(dates(again), ['2030-01-01T00:00:00.000000Z', '2030-01-01T00:00:00.000000Z'])
})
