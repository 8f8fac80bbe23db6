import t from 'tap'
import { liesBelow, rises, seemsToFall, surelyOrdered } from '../../src/feedlog/sync/walkable.ts'
import type { Page } from '../../src/kernel/ports.ts'
import { indicatorId, pageOf, sekoiaTime } from '../support/bodies.ts'

const noon = Date.UTC(2026, 0, 15, 12)
const now = noon + 200_000
const isFalling = (page: Page) => seemsToFall(page, now)
const pageAt = (...ms: number[]) =>
  pageOf(ms.map((at, n) => ({ id: indicatorId(n), time: sekoiaTime((noon + at) * 1000) })))

t.test('a page that falls is of a feed that comes newest first', async t => {
  t.ok(isFalling(pageAt(5000, 0)))
  t.ok(isFalling(pageAt(90_000, 60_000, 60_000, 30_000, 0)))
})

t.test(
  'a page that rises all along is of no such feed; single wrong times prove nothing',
  async t => {
    t.ok(rises(pageAt(0, 5000, 6000, 9000), now))
    t.notOk(rises(pageAt(0, 300, 600, 999), now))
    t.notOk(rises(pageAt(0, 5000, 9000), now))
    t.notOk(rises(pageAt(0, 5000, 9000, 9999), now), 'text order')
    t.notOk(rises(pageAt(0, 5000, 4000, 6000, 7000, 9000), now))
    t.notOk(rises(pageAt(9000, 5000, 0), now))
    t.notOk(rises(pageAt(), now))
  }
)

t.test('a page that rises, stands still or says nothing does not fall', async t => {
  t.notOk(isFalling(pageAt(0, 1000, 5000)))
  t.notOk(isFalling(pageAt(0, 0, 0)))
  t.notOk(isFalling(pageAt()))
  t.notOk(isFalling(pageAt(0)))
  t.notOk(isFalling(pageOf([{ id: indicatorId(1) }, { id: indicatorId(2) }])))
})

t.test(
  'neighbours in text order, and single objects out of place, are no falling page (P-41)',
  async t => {
    t.notOk(isFalling(pageAt(999, 0)))
    t.notOk(isFalling(pageAt(0, 10_000, 5000, 20_000)))
    t.notOk(isFalling(pageAt(10_000, 0, 20_000, 30_000)))
  }
)

t.test('a time that is none, is ahead of the clock or has a zone makes no page fall', async t => {
  const page = (...times: string[]) =>
    pageOf(times.map((time, n) => ({ id: indicatorId(n), time })))
  t.notOk(isFalling(page('soon', '2026-01-15T09:00:00Z', '2026-01-15T10:00:00Z')))
  t.notOk(isFalling(page('2026-01-15T10:00:00Z', '1969-12-31T23:59:59Z')))
  t.notOk(isFalling(page('2083-01-01T00:00:00Z', '2026-01-15T10:00:00Z')))
  t.notOk(isFalling(page('2026-01-15T09:00:00-02:00', '2026-01-15T10:00:00Z')))
})

t.test(
  'eleven objects prove an order, with one in ten the other way round; fewer prove none',
  async t => {
    const seconds = (count: number) => Array.from({ length: count }, (_, i) => i * 1000)
    const orderOf = (...ms: number[]) => surelyOrdered(pageAt(...ms), now)
    t.equal(orderOf(...seconds(11)), 'asc')
    t.equal(orderOf(...seconds(11).toReversed()), 'desc')
    t.equal(orderOf(...seconds(10)), undefined)
    t.equal(orderOf(...seconds(10).toReversed()), undefined)
    t.equal(orderOf(500, ...seconds(11)), 'asc')
    t.equal(orderOf(...seconds(11).toReversed(), 500), 'desc')
    t.equal(orderOf(...seconds(5), ...seconds(5), ...seconds(5)), undefined)
    t.equal(orderOf(...Array(20).fill(0)), undefined)
  }
)

t.test('only a page of several objects, behind a cursor, lies below a bound', async t => {
  const options = { now, pageLimit: 8, isSought: false }
  const { entries } = pageAt(0, 1000, 2000, 3000)
  const bound = pageAt(5000).entries[0]!.time!
  t.ok(liesBelow(entries, Date.parse(bound), options))
  t.notOk(liesBelow(pageAt(0, 1000, 2000).entries, Date.parse(bound), options), 'too few')
  t.notOk(liesBelow(pageAt(0, 1000, 2000, 6000).entries, Date.parse(bound), options))
  t.notOk(liesBelow(entries, Date.parse(bound), { ...options, isSought: true }))
  t.notOk(liesBelow([], Date.parse(bound), options))
})
