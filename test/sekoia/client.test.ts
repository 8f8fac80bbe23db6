import t from 'tap'
import { systemClock } from '../../src/kernel/ports.ts'
import { failure } from '../support/failure.ts'
import { fakeServer, gzipped, json, type Script, text } from '../support/fake-server.ts'
import { caller, clientOf, summingMeter } from '../support/sekoia-client.ts'

const feedId = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
const request = { feedId, types: [], limit: 2000 }
const idOf = (no: number, type = 'indicator') =>
  `${type}--00000000-0000-4000-8000-${String(no).padStart(12, '0')}`
const stix = (id: string) => ({ type: id.split('--')[0], id, spec_version: '2.1' })

/** Answers look-ups from the ids asked for, those in `unknown` left out; 404 when nothing is left. */
const lookUps =
  (unknown: readonly string[] = [], strict = false): Script =>
  (incoming, response) => {
    const ids = incoming.url!.split('/').at(-1)!.split(',')
    const items = ids.filter(id => !unknown.includes(id)).map(stix)
    const isMissing = items.length === 0 || (strict && items.length < ids.length)
    if (isMissing) return json({ message: 'no', code: 'X' }, { status: 404 })(incoming, response)
    json(ids.length === 1 ? { data: items[0] } : { items })(incoming, response)
  }

t.test('a page: one GET with Bearer, gzip and the query; the answer as a page', async t => {
  const server = await fakeServer(t, gzipped({ items: [stix(idOf(1))], next_cursor: 'next' }))
  const client = clientOf(t, `${server.url}/api/`)
  const page = await client.page(caller, { ...request, types: ['indicator'], cursor: 'c=' })
  t.same(server.requests, [
    `/api/v2/inthreat/collections/${feedId}/objects?limit=2000&cursor=c%3D&match%5Btype%5D=indicator`
  ])
  t.equal(server.headers[0]?.authorization, 'Bearer key-of-alice')
  t.equal(server.headers[0]?.['accept-encoding'], 'gzip')
  t.equal(page.bytes.toString(), JSON.stringify(stix(idOf(1))))
  t.equal(page.nextCursor, 'next')
})

t.test('repairs are counted by rule', async t => {
  const items = [{ ...stix(idOf(1)), labels: [], x: null }, 7]
  const server = await fakeServer(t, json({ items, next_cursor: null }))
  const meter = summingMeter()
  await clientOf(t, server.url, { meter }).page(caller, request)
  t.match(meter.sums, {
    'stix_repairs{empty}': 1,
    'stix_repairs{null}': 1,
    'upstream_requests{page,200}': 1
  })
})

t.test('with repair off objects pass as they are', async t => {
  const items = [{ ...stix(idOf(1)), labels: [] }]
  const server = await fakeServer(t, json({ items, next_cursor: null }))
  const page = await clientOf(t, server.url, { repair: false }).page(caller, request)
  t.equal(page.bytes.toString(), JSON.stringify(items[0]))
})

t.test('a feed in another format is asked for JSON, from then on at once', async t => {
  const csv = text('a\nb\n', { headers: { 'content-type': 'text/csv' } })
  const server = await fakeServer(t, csv, ...Array(3).fill(json({ items: [], next_cursor: null })))
  const client = clientOf(t, server.url)
  t.equal((await client.page(caller, request)).itemCount, 0)
  await client.page(caller, request)
  t.same(
    server.requests.map(path => /format=(\w+)/.exec(path)?.[1]),
    [undefined, 'json', 'json']
  )
})

t.test('a feed that gives another format all the same is unwalkable (409)', async t => {
  for (const type of ['text/plain; charset=utf-8', 'text/csv']) {
    const server = await fakeServer(t, text('a\nb\n', { headers: { 'content-type': type } }))
    await t.rejects(
      clientOf(t, server.url).page(caller, request),
      failure('unwalkable', { detail: /set its format to JSON/ })
    )
    t.equal(server.requests.length, 2)
  }
})

t.test('objects: relationships go to their own path, 40 ids a request, repeats once', async t => {
  const server = await fakeServer(t, lookUps())
  const ids = Array.from({ length: 81 }, (_, no) => idOf(no))
  const page = await clientOf(t, server.url).objects(caller, [
    ...ids,
    idOf(1, 'relationship'),
    ids[0]!
  ])
  t.same(page.entries.map(({ id }) => id).sort(), [...ids, idOf(1, 'relationship')].sort())
  const counts = server.requests.map(url => `${url.split('/')[3]} ${url.split(',').length}`)
  t.same(counts.sort(), ['objects 1', 'objects 40', 'objects 40', 'relationships 1'])
})

t.test('objects: the answers are one page, whose entries point at its bytes', async t => {
  const server = await fakeServer(t, lookUps())
  const ids = Array.from({ length: 50 }, (_, no) => idOf(no))
  const { bytes, entries, itemCount } = await clientOf(t, server.url).objects(caller, ids)
  t.same(JSON.parse(`[${bytes}]`), ids.map(stix))
  t.equal(itemCount, 50)
  for (const { id, offset, length } of entries) {
    t.same(JSON.parse(bytes.toString('utf8', offset, offset + length)), stix(id))
  }
})

t.test('objects: unknown ids are left out, alone or among others', async t => {
  for (const strict of [false, true]) {
    const server = await fakeServer(t, lookUps([idOf(2), idOf(9)], strict))
    const client = clientOf(t, server.url)
    const page = await client.objects(
      caller,
      [1, 2, 3, 4, 5].map(no => idOf(no))
    )
    t.same(
      page.entries.map(({ id }) => id),
      [1, 3, 4, 5].map(no => idOf(no))
    )
    t.same((await client.objects(caller, [idOf(9)])).entries, [])
  }
})

t.test('objects: what cannot be a STIX id is not asked for', async t => {
  const server = await fakeServer(t, lookUps())
  const page = await clientOf(t, server.url).objects(caller, ['', '..', 'x', 'a--b', '../feeds'])
  t.same(page.entries, [])
  t.same(server.requests, [])
})

t.test('feeds: every page of the listing is read', async t => {
  const all = Array.from({ length: 230 }, (_, no) => ({ id: `f${no}`, title: `${no}` }))
  const server = await fakeServer(t, (incoming, response) => {
    const offset = Number(new URL(incoming.url!, 'http://x').searchParams.get('offset'))
    json({ items: all.slice(offset, offset + 100), total: 230 })(incoming, response)
  })
  const feeds = await clientOf(t, server.url).feeds(caller)
  t.same(
    feeds.map(({ id }) => id),
    all.map(({ id }) => id)
  )
  t.equal(server.requests.length, 3)
})

t.test('feeds: without a total the listing ends with an empty page', async t => {
  const server = await fakeServer(t, json({ items: [{ id: 'f' }] }), json({ items: [] }))
  t.equal((await clientOf(t, server.url).feeds(caller)).length, 1)
  t.equal(server.requests.length, 2)
})

t.test('feeds: a key without "View feeds" is forbidden', async t => {
  const server = await fakeServer(t, json({ message: 'no' }, { status: 403 }))
  await t.rejects(clientOf(t, server.url).feeds(caller), failure('forbidden'))
})

t.test('feed: its description, or nothing when it may not be read or is not there', async t => {
  const data = { id: 'f', title: 'F', sort_order: 'desc', format: 'csv' }
  const server = await fakeServer(
    t,
    json({ data }),
    json({}, { status: 403 }),
    json({ message: 'no' }, { status: 404 })
  )
  const client = clientOf(t, server.url)
  t.match(await client.feed(caller, 'f'), {
    title: 'F',
    sortOrder: 'desc',
    format: 'csv',
    givesAll: false
  })
  t.equal(await client.feed(caller, 'f'), undefined)
  t.equal(await client.feed(caller, 'f'), undefined)
})

t.test('verifyKey: 200 and 403 mean accepted, 401 refused, trouble is neither', async t => {
  const server = await fakeServer(
    t,
    json({ items: [], total: 0 }),
    json({}, { status: 403 }),
    json({}, { status: 401 }),
    json({}, { status: 500 })
  )
  const client = clientOf(t, server.url)
  await client.verifyKey(caller)
  await client.verifyKey(caller)
  await t.rejects(client.verifyKey(caller), failure('unauthorized'))
  await t.rejects(client.verifyKey(caller), failure('unavailable'))
  t.equal(server.requests.length, 3 + 3)
})

t.test('health tells when Sekoia answered, what failed last, and how far its clock is', async t => {
  const date = new Date(Date.UTC(2024, 0, 1, 0, 0, 5)).toUTCString()
  const server = await fakeServer(
    t,
    json({ items: [], next_cursor: null }, { headers: { date } }),
    json({ message: 'no' }, { status: 404 })
  )
  const now = Date.UTC(2024, 0, 1)
  const client = clientOf(t, server.url, { clock: { ...systemClock, now: () => now } })
  t.match(client.health(), { breaker: 'closed', answeredAt: undefined, lastFailure: undefined })
  await client.page(caller, request)
  t.match(client.health(), { answeredAt: now, lastFailure: undefined, clockSkewMs: 5000 })
  await t.rejects(client.page(caller, request), failure('not-found'))
  t.equal(client.health().trouble, undefined)
  t.match(client.health(), { lastFailure: { at: now, kind: 'not-found' } })
})

t.test('health calls a clock trouble that is half a minute or more off (U-10)', async t => {
  const now = Date.UTC(2024, 0, 1)
  const date = new Date(now - 90_000).toUTCString()
  const server = await fakeServer(t, json({ items: [] }, { headers: { date } }))
  const client = clientOf(t, server.url, { clock: { ...systemClock, now: () => now } })
  await client.page(caller, request)
  t.match(client.health().trouble, /90 seconds/)
})

t.test(
  'what each answer says about the time is told, but not what a cache may have kept',
  async t => {
    const date = new Date(Date.UTC(2026, 0, 15, 12)).toUTCString()
    const server = await fakeServer(
      t,
      json({ items: [] }, { headers: { date } }),
      json({ items: [] }, { headers: { date, age: '3600' } })
    )
    const told: number[] = []
    const client = clientOf(t, server.url, {
      onTime: ({ told: time, from, to }) => {
        told.push(time)
        t.ok(from <= to)
      }
    })
    await client.page(caller, request)
    await client.page(caller, request)
    t.same(told, [Date.UTC(2026, 0, 15, 12)])
  }
)
