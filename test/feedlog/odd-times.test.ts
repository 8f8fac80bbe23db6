import t from 'tap'
import { type OddTime, oddTimes } from '../../src/demo/corpus/odd.ts'
import type { World } from '../support/gateway.ts'
import { idsOf, read, walk } from '../support/walks.ts'
import {
  crowdOf,
  missing,
  noon,
  onPageCalls,
  pageCalls,
  readAll,
  worldAt,
  worldOf
} from '../support/worlds.ts'

/** An object's own time decides nothing but its own date: it hides neither another object nor itself. */

const weekAgo = new Date(noon - 7 * 86_400_000).toISOString()

/** What a client gets that has polled from `since` until now. */
const poll = async (world: World, since: string) => {
  world.simulator.clock.advance(11_000)
  return idsOf(await walk(world, { limit: 100, added_after: since }))
}

for (const time of oddTimes) {
  t.test(`an object whose time is ${time} in history is served once, under one date`, async t => {
    const world = await worldOf(t)
    const id = world.simulator.odd(time, { place: '2026-01-10T00:00:00.5Z' })
    const all = world.simulator.visible().length
    const first = await walk(world, { limit: 7 })
    t.equal(new Set(idsOf(first)).size, all)
    t.equal(idsOf(first).filter(each => each === id).length, 1)
    const dateOf = async () => {
      const { body } = await world.get(`manifest/?match[id]=${id}`)
      return body.objects[0].date_added
    }
    const date = await dateOf()
    t.ok(date <= new Date(world.clock.now()).toISOString(), 'not in the future')
    world.simulator.clock.advance(60_000)
    await walk(world, { limit: 7 })
    await world.restart()
    t.equal(await dateOf(), date, 'it keeps it')
  })

  t.test(`an object whose time is ${time} at the tip hides nothing that arrives later`, async t => {
    const world = await worldOf(t)
    await walk(world, { limit: 100 })
    const since = new Date(world.clock.now()).toISOString()
    world.simulator.clock.advance(11_000)
    const odd = world.simulator.odd(time, { place: '2026-01-15T12:00:11.5Z' })
    await poll(world, since)
    const later: string[] = []
    for (let round = 0; round < 3; round++) {
      world.simulator.clock.advance(400_000)
      later.push(...world.simulator.add(2))
      await poll(world, since)
    }
    const got = await poll(world, since)
    t.strictSame(
      [odd, ...later].filter(id => !got.includes(id)),
      []
    )
    t.equal(got.filter(id => id === odd).length, 1, 'and comes once')
  })
}

const byOwnTime: OddTime[] = ['future', 'twelve-minutes-ahead', 'unreadable', 'small-letters']
for (const time of byOwnTime) {
  t.test(`a feed that ends with a time that is ${time} goes on before it`, async t => {
    const world = await worldOf(t)
    world.simulator.odd(time)
    await walk(world, { limit: 100 })
    const since = new Date(world.clock.now()).toISOString()
    const later: string[] = []
    for (let round = 0; round < 4; round++) {
      world.simulator.clock.advance(400_000)
      later.push(...world.simulator.add(2))
      const got = await poll(world, since)
      t.strictSame(
        later.filter(id => !got.includes(id)),
        []
      )
    }
    const whole = idsOf(await walk(world, { limit: 100 }))
    t.strictSame(
      later.filter(id => !whole.includes(id)),
      [],
      'also in a full walk'
    )
  })
}

t.test('clients that ask from any time get what no time can date', async t => {
  const times: OddTime[] = ['unreadable-both', 'missing', 'empty-object', 'future']
  const world = await worldOf(t)
  const ids = times.map(time => world.simulator.odd(time, { place: '2025-12-20T00:00:00.5Z' }))
  const got = await poll(world, weekAgo)
  await walk(world, { limit: 100 })
  got.push(...(await poll(world, weekAgo)))
  t.strictSame(
    ids.filter(id => !got.includes(id)),
    []
  )
})

t.test('what is older than 1970 is served to those who ask from 1970 on', async t => {
  const world = await worldOf(t)
  const times: OddTime[] = ['year-1', 'year-1601', 'before-1970']
  const ids = times.map(time => world.simulator.odd(time))
  const got = idsOf(await walk(world, { limit: 100, added_after: '1970-01-01T00:00:00Z' }))
  t.strictSame(
    ids.filter(id => !got.includes(id)),
    []
  )
})

t.test(
  'a time with an offset is not lost between a walk by time and one from the start',
  async t => {
    const world = await worldOf(t)
    const id = world.simulator.odd('offset', { modified: '2026-01-10T10:30:00Z' })
    await read(world, { added_after: '2026-01-10T11:30:00Z', limit: 5 })
    const whole = idsOf(await walk(world, { limit: 7 }))
    t.ok(whole.includes(id))
    t.equal(new Set(whole).size, world.simulator.visible().length)
  }
)

t.test('many objects before one that is ahead are not read again at every poll', async t => {
  const world = await worldOf(t, { logs: { pageLimit: 100 } })
  world.simulator.odd('future')
  await walk(world, { limit: 100 })
  const limits: number[] = []
  for (let round = 0; round < 6; round++) {
    world.simulator.clock.advance(400_000)
    world.simulator.add(60)
    await walk(world, { limit: 1000 })
  }
  onPageCalls(world, () => undefined)
  pageCalls(world)
  world.simulator.clock.advance(11_000)
  await walk(world, { limit: 1000 })
  limits.push(pageCalls(world))
  t.ok(limits[0]! <= 4, `${limits[0]} calls`)
})

t.test(
  'an edit ahead of the clock, of an object that a later chain holds as it was, comes to everybody (P-44)',
  async t => {
    const { world, ids } = await worldAt(t, ['2026-01-13T12:00:00.000001Z'])
    await read(world, { added_after: '2000-01-01T00:00:00Z' })
    const modified = world.simulator.edit(ids[0]!, {}, { modified: '2026-01-15T12:12:00.000001Z' })
    world.simulator.clock.advance(11_000)
    const clients = crowdOf(world)
    for (let poll = 0; poll < 3; poll++) {
      await readAll(clients)
      world.simulator.clock.advance(11_000)
    }
    t.equal(modified, '2026-01-15T12:12:00.000001Z')
    t.same(missing(world, clients), {})
  }
)
