import t from 'tap'
import { assertAscending as assertRising } from '../../src/feedlog/sync/walkable.ts'
import { newestFirstAdvice as detail } from '../../src/feeds/unwalkable.ts'
import type { Page } from '../../src/kernel/ports.ts'
import { indicatorId, pageOf, sekoiaTime } from '../support/bodies.ts'
import { failure } from '../support/failure.ts'

const noon = Date.UTC(2026, 0, 15, 12)
const assertAscending = (page: Page) => assertRising(page, noon + 200_000)
const pageAt = (...ms: number[]) =>
  pageOf(ms.map((at, n) => ({ id: indicatorId(n), time: sekoiaTime((noon + at) * 1000) })))

t.test('a first page that falls is refused with the advice to change the order', async t => {
  const refusal = failure('unwalkable', { detail })
  t.throws(() => assertAscending(pageAt(5000, 0)), refusal)
  t.throws(() => assertAscending(pageAt(90_000, 60_000, 60_000, 30_000, 0)), refusal)
})

t.test('a first page that rises, stands still or says nothing is taken', async t => {
  assertAscending(pageAt(0, 1000, 5000))
  assertAscending(pageAt(0, 0, 0))
  assertAscending(pageAt())
  assertAscending(pageAt(0))
  assertAscending(pageOf([{ id: indicatorId(1) }, { id: indicatorId(2) }]))
  t.pass()
})

t.test(
  'neighbours in text order, and single objects out of place, are no falling page (P-41)',
  async t => {
    assertAscending(pageAt(999, 0))
    assertAscending(pageAt(0, 10_000, 5000, 20_000))
    assertAscending(pageAt(10_000, 0, 20_000, 30_000))
    t.pass()
  }
)

t.test('a time that is none, is ahead of the clock or has a zone makes no page fall', async t => {
  const page = (...times: string[]) =>
    pageOf(times.map((time, n) => ({ id: indicatorId(n), time })))
  assertAscending(page('soon', '2026-01-15T09:00:00Z', '2026-01-15T10:00:00Z'))
  assertAscending(page('2026-01-15T10:00:00Z', '1969-12-31T23:59:59Z'))
  assertAscending(page('2083-01-01T00:00:00Z', '2026-01-15T10:00:00Z'))
  assertAscending(page('2026-01-15T09:00:00-02:00', '2026-01-15T10:00:00Z'))
  t.pass()
})
