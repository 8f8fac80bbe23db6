import t, { type Test } from 'tap'
import { toTs6 } from '../../src/stix/timestamp.ts'
import { defaultFeed, type WorldOptions } from '../support/gateway.ts'
import { idsOf, type Query, read, walk } from '../support/walks.ts'
import { noon, pageCalls, worldAt } from '../support/worlds.ts'

/** Where one chain comes to the start of the next: they are joined by what both hold, not by times alone (P-44). */

const hour = 3_600_000
const at = (hoursAgo: number) =>
  new Date(noon - hoursAgo * hour + 1_800_000).toISOString().replace('.000Z', '.123456Z')
/** Sixty objects, one an hour, the last of them an hour ago. */
const hourly = Array.from({ length: 60 }, (_, i) => at(60 - i))

/** A gateway that knows nothing but the beginning of a chain of the last ten hours. */
async function withLaterChain(t: Test, query: Query = {}, options: WorldOptions = {}) {
  const { world } = await worldAt(t, hourly, { logs: { pageLimit: 7 }, ...options })
  await read(world, { ...query, added_after: toTs6(noon - 10 * hour), limit: 5 })
  return world
}

t.test('an object that stands far before its own time does not join two chains', async t => {
  const world = await withLaterChain(t)
  world.simulator.add(1, { modified: at(2), place: at(57.25) })
  const ids = idsOf(await walk(world, { limit: 7 }))
  const missing = world.simulator.visible().filter(({ id }) => !ids.includes(id))
  t.strictSame(missing, [])
})

t.test('an end that Sekoia tells once does not join two chains that have not met', async t => {
  const types = { 'match[type]': 'indicator' }
  const simulator = { switches: { filterAfterSlicing: true } }
  const world = await withLaterChain(t, types, { simulator })
  world.simulator.faults.once({ kind: 'null-cursor', match: 'limit=7' })
  const ids = idsOf(await walk(world, { ...types, limit: 7 }))
  const indicators = world.simulator.visible().filter(({ id }) => id.startsWith('indicator'))
  t.equal(world.simulator.faults.waiting, 0)
  t.strictSame(
    ids,
    indicators.map(({ id }) => id)
  )
})

t.test(
  'a cursor that an earlier chain was read from leads back at the end of the feed',
  async t => {
    const { world } = await worldAt(t, hourly, { logs: { pageLimit: 7 } })
    const page = await read(world, { limit: 7 })
    await walk(world, { added_after: toTs6(noon - 10 * hour), limit: 20 })
    world.simulator.clock.advance(11_000)
    world.simulator.add(1)
    pageCalls(world)
    world.simulator.faults.once({ kind: 'loop-cursor', match: 'limit=7' })
    const news = await walk(world, { added_after: toTs6(noon - hour / 4), limit: 20 })
    t.equal(world.simulator.faults.waiting, 0)
    t.equal(idsOf(news).length, 1)
    t.ok(pageCalls(world) <= 4, 'nothing of what lies before is read')
    const rest = await walk(world, { limit: 20, next: page.next })
    t.strictSame(
      [...page.ids, ...idsOf(rest)],
      world.simulator.visible().map(({ id }) => id)
    )
  }
)

for (const sort_order of ['asc', 'desc'] as const)
  for (const pageLimit of [10, 50, 500])
    t.test(
      `what an earlier chain has read at the end is new to those who read a later one: ${sort_order}, pages of ${pageLimit}`,
      async t => {
        const { world } = await worldAt(t, hourly, { logs: { pageLimit } })
        world.simulator.putFeed({ id: defaultFeed, sort_order })
        const before = await walk(world, { added_after: toTs6(noon - 4 * hour) })
        world.simulator.clock.advance(1000)
        const id = world.simulator.odd('before-1970', { place: toTs6(noon + 500) })
        world.simulator.clock.advance(1000)
        t.ok(idsOf(await walk(world, {})).includes(id))
        world.simulator.clock.advance(61_000)
        const news = await walk(world, { added_after: before.at(-1)!.lastDate })
        t.ok(idsOf(news).includes(id))
      }
    )

t.test('no object is unknown while a stretch of the feed was not read', async t => {
  const { world } = await worldAt(t, hourly, { logs: { pageLimit: 7 } })
  await read(world, { limit: 7 })
  await walk(world, { added_after: toTs6(noon - 10 * hour), limit: 20 })
  const { id } = world.simulator.visible()[40]!
  world.simulator.faults.rate({ kind: 'status', status: 500 })
  t.equal((await world.get(`objects/${id}/`)).status, 503)
})
