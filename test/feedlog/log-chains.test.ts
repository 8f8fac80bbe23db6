import t from 'tap'
import { toTs6 } from '../../src/stix/timestamp.ts'
import { ClockPoller, TokenWalker } from '../support/model-clients.ts'
import { datesOf, idsOf, keysOf, read, truth, walk, walkByHeader } from '../support/walks.ts'
import {
  forgetful,
  missing,
  noon,
  onPageCalls,
  pageCalls,
  readAll,
  worldAt,
  worldOf
} from '../support/worlds.ts'

/** The first fill, and chains that start in the middle of a feed and meet (P-44). */

const hour = 3_600_000
/** Sixty objects, one an hour, the last of them an hour ago. */
const hourly = Array.from({ length: 60 }, (_, i) =>
  new Date(noon - (60 - i) * hour + 1_800_000).toISOString().replace('.000Z', '.123456Z')
)

t.test(
  'until the end was reached once, a page that ends at what is filled says `more` (P-44)',
  async t => {
    const { world } = await worldAt(t, hourly, { logs: { pageLimit: 7 } })
    for (let page = await read(world, { limit: 7 }), got = 7; page.more; got += page.ids.length) {
      page = await read(world, { limit: 7, next: page.next })
      t.ok(page.more || got + page.ids.length === 60)
    }
  }
)

t.test('a client that starts at a time does not wait for the fill to get there (P-44)', async t => {
  const { world } = await worldAt(t, hourly, { logs: { pageLimit: 7 } })
  await read(world, { limit: 7 })
  pageCalls(world)
  const page = await read(world, { added_after: toTs6(noon - 5 * hour), limit: 3 })
  t.same(page.keys, truth(world).slice(55, 58))
  t.ok(pageCalls(world) <= 2)
})

for (const options of [{ logs: { pageLimit: 7 } }, forgetful(7)])
  t.test(
    `chains that meet are linked: a walk from the beginning has everything once, ${options.store ? 'nothing held' : 'all held'} (P-44)`,
    async t => {
      const { world } = await worldAt(t, hourly, options)
      for (const hours of [10, 30, 50, 3]) {
        const page = await read(world, { added_after: toTs6(noon - hours * hour), limit: 5 })
        t.same(page.keys, truth(world).slice(60 - hours, 65 - hours), `${hours} hours ago`)
      }
      for (const limit of [1, 4, 100]) {
        t.same(keysOf(await walk(world, { limit })), truth(world), `limit ${limit}`)
        const dates = datesOf(await walk(world, { limit }, { endpoint: 'manifest' }))
        t.same(dates, dates.toSorted())
      }
      t.same(keysOf(await walkByHeader(world, { limit: 9 })), truth(world), 'by header')
    }
  )

t.test('what one chain has read no other reads again (P-44)', async t => {
  const { world } = await worldAt(t, hourly, { logs: { pageLimit: 10 } })
  await walk(world, { added_after: toTs6(noon - 30 * hour) })
  pageCalls(world)
  await walk(world, { limit: 10 })
  t.ok(pageCalls(world) <= 5, 'thirty objects in tens, and one call to see that they meet')
  await walk(world, { limit: 10 })
  t.equal(pageCalls(world), 0)
})

t.test(
  'objects of the second before a chain’s start are in the walk from the beginning (P-41, P-44)',
  async t => {
    const times = [
      '2026-01-14T10:59:58.1Z',
      '2026-01-14T10:59:59.2Z',
      '2026-01-14T10:59:59.5Z',
      '2026-01-14T10:59:59Z',
      '2026-01-14T11:00:00.1Z',
      '2026-01-14T11:00:00.2Z'
    ]
    for (const order of ['text', 'instant'] as const) {
      const { world } = await worldAt(t, times, { simulator: { order } })
      const late = await read(world, { added_after: '2026-01-14T11:00:00.000Z' })
      t.same(late.keys, truth(world).slice(4))
      for (const limit of [1, 2, 3, 100])
        t.same(
          keysOf(await walk(world, { limit })).toSorted(),
          truth(world).toSorted(),
          `${order}, limit ${limit}`
        )
      const dates = datesOf(await walk(world, { limit: 2 }, { endpoint: 'manifest' }))
      t.same(dates, dates.toSorted())
      t.same(
        keysOf(await walkByHeader(world, { limit: 4 })).toSorted(),
        truth(world).toSorted(),
        'by header'
      )
    }
  }
)

t.test(
  'classes (a) and (c) start while a slow fill runs, the feed changes, and both are complete (P-44)',
  async t => {
    const { world, ids } = await worldAt(t, hourly, { logs: { pageLimit: 7, readBudgetMs: 3000 } })
    onPageCalls(world, () => {
      world.simulator.clock.advance(1000)
      return undefined
    })
    const clients = [
      new TokenWalker({ world, limit: 5, inspect: () => {} }),
      new ClockPoller({ world, limit: 5, inspect: () => {} })
    ]
    for (let round = 0; round < 20; round++) {
      for (const client of clients) await client.step()
      if (round === 5) await read(world, { added_after: toTs6(noon - 20 * hour), limit: 5 })
      if (round === 8) world.simulator.edit(ids[2]!)
      if (round === 9) world.simulator.edit(ids[45]!)
    }
    await readAll(clients)
    world.simulator.clock.advance(11_000)
    await readAll(clients)
    t.same(missing(world, clients), {})
  }
)

t.test(
  'an object that a later chain holds anew is left out where the earlier chain has it old (P-45)',
  async t => {
    const { world, ids } = await worldAt(t, hourly, { logs: { pageLimit: 7 } })
    const first = await read(world, { limit: 7 })
    world.simulator.edit(ids[3]!)
    await walk(world, { added_after: toTs6(noon - 5 * hour) })
    world.simulator.clock.advance(11_000)
    const rest = await walk(world, { limit: 7, next: first.next })
    t.equal(idsOf(rest).filter(id => id === ids[3]).length, 1)
    t.same(keysOf(await walk(world, { limit: 7 })), truth(world))
  }
)

t.test('a time before the feed, or later than its end, starts no endless search', async t => {
  const { world } = await worldAt(t, hourly, { logs: { pageLimit: 7 } })
  t.same((await read(world, { added_after: '1970-01-01T00:00:00.000Z' })).ids.length, 60)
  t.same((await read(world, { added_after: toTs6(noon + hour) })).ids, [])
  const { world: other } = await worldAt(t, hourly, { logs: { pageLimit: 7 } })
  const page = await read(other, { added_after: toTs6(noon + hour) })
  t.same([page.ids, page.more], [[], false], 'also as the very first request')
  t.same(keysOf(await walk(other, {})), truth(other))
})

t.test(
  'a time shortly after where the first walk stands starts no chain inside what is read already (P-44)',
  async t => {
    const start = noon - 3 * 24 * hour
    const minutely = Array.from({ length: 60 }, (_, i) =>
      new Date(start + i * 60_000).toISOString().replace('.000Z', '.123456Z')
    )
    const { world } = await worldAt(t, minutely, { logs: { pageLimit: 7 } })
    await read(world, { limit: 7 })
    const later = await read(world, { added_after: toTs6(start + 30 * 60_000), limit: 5 })
    t.same(later.keys, truth(world).slice(30, 35))
    const sought = world.simulator.calls.filter(({ query }) => 'modified_after' in query)
    t.same(sought, [], 'the first walk is read on instead')
    t.same(keysOf(await walk(world, { limit: 9 })), truth(world))
  }
)

t.test('a chain that ends where the next one has everything comes to its end (P-44)', async t => {
  const switches = { inclusiveCursor: true }
  const world = await worldOf(t, { simulator: { switches } })
  await walk(world, { added_after: '2000-01-01T00:00:00Z', limit: 100 })
  t.same(keysOf(await walk(world, { limit: 100 })), truth(world))
})
