import t from 'tap'
import {
  cursorOf,
  defaultFeed,
  page,
  pagePath,
  pageStatus,
  request,
  simulate,
  walk
} from './client.ts'

const ids = (items: readonly { id: string }[]): string[] => items.map(item => item.id)

t.test('item 1: /api in front and a slash at the end change nothing', async t => {
  const simulator = await simulate(t)
  const plain = await (await request(simulator, pagePath({ limit: 3 }))).text()
  const path = `/api/v2/inthreat/collections/${defaultFeed}/objects/?limit=3`
  t.equal(await (await request(simulator, path)).text(), plain)
})

t.test('item 3: limit is 100 by default, and json is cut to 2,000', async t => {
  const simulator = await simulate(t, { objects: 2500 })
  t.equal((await page(simulator)).items.length, 100)
  t.equal((await page(simulator, { limit: 10_000 })).items.length, 2000)
  simulator.switches.largeLimit = 'refuse'
  t.equal(await pageStatus(simulator, { limit: 2001 }), 400)
})

t.test('item 3: limits outside 1 to 10,000 are refused, or brought into range', async t => {
  const simulator = await simulate(t)
  for (const limit of ['0', '-1', '10001', 'x', '1.5']) {
    t.equal(await pageStatus(simulator, { limit }), 400, limit)
  }
  simulator.switches.badLimit = 'clamp'
  t.equal((await page(simulator, { limit: 0 })).items.length, 1)
})

t.test('item 5: a walk sees every object once, in text order', async t => {
  const simulator = await simulate(t, { objects: 1000 })
  const items = await walk(simulator, { limit: 77 })
  t.same(ids(items), ids(simulator.visible()))
  const texts = items.map(item => item.modified)
  t.same(texts, [...texts].sort())
})

t.test('item 5: the cursor is base64 of the last modified', async t => {
  const simulator = await simulate(t)
  const { items, next_cursor } = await page(simulator, { limit: 5 })
  t.equal(next_cursor, cursorOf(items[4]!.modified))
})

t.test('item 5: the four shapes that clients make are accepted', async t => {
  const simulator = await simulate(t)
  const [item] = simulator.visible().slice(150)
  const shapes = [
    '2021-03-22T12:55:43.123456Z',
    '2022-01-01T00:00:00Z',
    '2022-08-21T12:28:18.123456+00:00Z',
    '2022-08-21T12:28:18.123456+00:00'
  ]
  for (const text of [...shapes, item!.modified]) {
    const later = simulator.visible().filter(({ modified }) => modified > text)
    t.same(ids((await page(simulator, { cursor: cursorOf(text) })).items), ids(later.slice(0, 100)))
  }
})

t.test('item 5: a cursor that is not base64 is refused, or ignored', async t => {
  const simulator = await simulate(t)
  t.equal(await pageStatus(simulator, { cursor: '2022-01-01T00:00:00Z' }), 400)
  simulator.switches.badCursor = 'ignore'
  t.equal((await page(simulator, { cursor: '!', limit: 7 })).items.length, 7)
})

t.test('item 5: an inclusive cursor is a switch', async t => {
  const simulator = await simulate(t, { switches: { inclusiveCursor: true } })
  const first = await page(simulator, { limit: 5 })
  const second = await page(simulator, { limit: 5, cursor: first.next_cursor! })
  t.equal(second.items[0]!.id, first.items[4]!.id)
})

t.test('item 6: in mode B the cursor holds the pair, and ties across an edge are kept', async t => {
  const simulator = await simulate(t, { objects: 20, switches: { cursorMode: 'B' } })
  simulator.ties(30)
  const { next_cursor } = await page(simulator, { limit: 5 })
  t.match(Buffer.from(next_cursor!, 'base64').toString(), /^\["2.*Z",".*--.*"\]$/)
  t.same(ids(await walk(simulator, { limit: 7 })), ids(simulator.visible()))
})

t.test('item 6: in mode A ties across an edge are lost', async t => {
  const simulator = await simulate(t, { objects: 20 })
  simulator.ties(30)
  t.equal((await walk(simulator, { limit: 7 })).length, 21)
})

t.test('item 7: at the tip the cursor comes back; an empty feed gives null', async t => {
  const simulator = await simulate(t, { objects: 10 })
  const { next_cursor } = await page(simulator)
  t.same(await page(simulator, { cursor: next_cursor! }), { items: [], next_cursor })
  const empty = await simulate(t, { objects: 0 })
  t.same(await page(empty), { items: [], next_cursor: null })
})

t.test('item 7: null at the tip is a switch', async t => {
  const simulator = await simulate(t, { objects: 10, switches: { nullAtTip: 'empty-page' } })
  const { next_cursor } = await page(simulator)
  t.type(next_cursor, 'string')
  t.equal((await page(simulator, { cursor: next_cursor! })).next_cursor, null)
  simulator.switches.nullAtTip = 'last-page'
  t.equal((await page(simulator, { limit: 10 })).next_cursor, null)
  t.type((await page(simulator, { limit: 9 })).next_cursor, 'string')
})

t.test('item 8: the cursor of a short last page yields only newer changes', async t => {
  const simulator = await simulate(t, { objects: 10 })
  const { next_cursor } = await page(simulator)
  const [added] = simulator.add()
  t.same(ids((await page(simulator, { cursor: next_cursor! })).items), [added])
})

t.test('item 10: modified_after is strict and compares instants', async t => {
  const simulator = await simulate(t, { objects: 0 })
  const at = ['00:59.9Z', '01:00Z', '01:00.000001Z', '01:00.5Z', '01:01Z'].map(
    rest => simulator.add(1, { modified: `2026-01-01T00:${rest}` })[0]!
  )
  const after = async (text: string) => ids((await page(simulator, { modified_after: text })).items)
  t.same(await after('2026-01-01T00:01:00Z'), [at[2], at[3], at[4]])
  t.same(await after('2026-01-01T00:01:00.500Z'), [at[4]])
  t.same(await after('2026-01-01T01:01:00.000+01:00'), [at[2], at[3], at[4]])
  t.equal(await pageStatus(simulator, { modified_after: 'yesterday' }), 400)
  simulator.switches.modifiedAfterOrder = 'text'
  t.same(await after('2026-01-01T00:01:00Z'), [at[4]])
})

t.test('item 10: a cursor wins over modified_after, or both are refused', async t => {
  const simulator = await simulate(t)
  const { next_cursor } = await page(simulator, { limit: 5 })
  const both = { limit: 5, cursor: next_cursor!, modified_after: '2026-01-01T00:00:00Z' }
  t.same(await page(simulator, both), await page(simulator, { limit: 5, cursor: next_cursor! }))
  simulator.switches.modifiedAfterWithCursor = 'refuse'
  t.equal(await pageStatus(simulator, both), 400)
})

t.test('item 11: match[type] and match[observable_type] take lists', async t => {
  const simulator = await simulate(t)
  const types = 'malware,campaign'
  const expected = simulator.visible().filter(({ type }) => types.includes(type))
  t.same(ids(await walk(simulator, { 'match[type]': types, limit: 2 })), ids(expected))
  const files = await walk(simulator, { 'match[observable_type]': 'file,filename' })
  t.ok(files.length > 0)
  t.ok(files.every(item => `${item['x_ic_observable_types']}`.startsWith('file')))
})

t.test('item 11: an unknown type gives an empty page, or is refused', async t => {
  const simulator = await simulate(t)
  t.same(await page(simulator, { 'match[type]': 'nonsense' }), { items: [], next_cursor: null })
  simulator.switches.unknownType = 'refuse'
  t.equal(await pageStatus(simulator, { 'match[type]': 'nonsense' }), 400)
})

t.test(
  'item 11: filters applied after slicing give short and empty pages and lose nothing',
  async t => {
    const simulator = await simulate(t, { switches: { filterAfterSlicing: true } })
    const query = { 'match[type]': 'malware', limit: 10 }
    const first = await page(simulator, query)
    t.ok(first.items.length < 10)
    t.type(first.next_cursor, 'string')
    const expected = simulator.visible().filter(({ type }) => type === 'malware')
    t.same(ids(await walk(simulator, query)), ids(expected))
  }
)

t.test('item 12: booleans in any case, as the feed says when absent', async t => {
  const simulator = await simulate(t, { objects: 10 })
  const [id] = simulator.add({ revoked: true })
  const last = async (query: Record<string, string>) =>
    ids((await page(simulator, query)).items).includes(id!)
  for (const text of ['True', 'true', '1']) t.ok(await last({ include_revoked: text }), text)
  for (const text of ['False', 'false', '0']) t.notOk(await last({ include_revoked: text }), text)
  t.ok(await last({}))
  simulator.putFeed({ id: 'quiet', include_revoked: false, sort_order: 'asc' })
  t.notOk(ids((await page(simulator, {}, 'quiet')).items).includes(id!))
  t.equal(await pageStatus(simulator, { include_revoked: 'maybe' }), 400)
})

t.test('item 13: an indicator expires by the clock alone', async t => {
  const simulator = await simulate(t, { objects: 0 })
  const [id] = simulator.add({ type: 'indicator', valid_until: '2026-01-15T13:00:00Z' })
  const shown = async (skip_expired: string) =>
    ids((await page(simulator, { skip_expired })).items).includes(id!)
  t.ok(await shown('true'))
  simulator.clock.advance(3_600_000)
  t.notOk(await shown('true'))
  t.ok(await shown('false'))
})

t.test('item 18: pageSpecVersion puts spec_version and lang into pages', async t => {
  const simulator = await simulate(t, { objects: 3, switches: { pageSpecVersion: true } })
  for (const item of (await page(simulator)).items)
    t.match(item, { spec_version: '2.1', lang: 'en' })
})

t.test('section 3.3: cursors may be given a lifetime', async t => {
  const simulator = await simulate(t, { switches: { cursorLifetimeMs: 60_000 } })
  const { next_cursor } = await page(simulator, { limit: 5 })
  simulator.clock.advance(60_000)
  t.equal(await pageStatus(simulator, { cursor: next_cursor! }), 200)
  simulator.clock.advance(1)
  t.equal(await pageStatus(simulator, { cursor: next_cursor! }), 400)
  t.equal(await pageStatus(simulator, { cursor: cursorOf('2022-01-01T00:00:00Z') }), 200)
})
