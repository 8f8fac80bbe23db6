import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { toTs6 } from '../../src/stix/timestamp.ts'
import { indicatorId } from '../support/bodies.ts'
import { datesOf, idsOf, keysOf, read, truth, walk, walkByHeader } from '../support/walks.ts'
import { noon, worldAt, worldOf } from '../support/worlds.ts'

/** Order and dates of the feed log over a whole gateway (P-1 … P-7, and P-41). */

t.test(
  'walks at limit 1, 2, 7 and the most are the same, sorted, and all there is (P-1, P-7)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 9 } })
    for (const limit of [1, 2, 7, 1000]) {
      t.same(keysOf(await walk(world, { limit })), truth(world), `limit ${limit}`)
      const dates = datesOf(await walk(world, { limit }, { endpoint: 'manifest' }))
      t.same(dates, dates.toSorted(), `dates at limit ${limit}`)
    }
  }
)

t.test('the order among equal dates is the same after a restart and a re-read (P-1)', async t => {
  const world = await worldOf(t, { logs: { cacheMaxBytes: 1, pageLimit: 1000 } })
  world.simulator.ties(12, { modified: '2026-01-14T12:00:00.5Z' })
  const pages = await walk(world, { limit: 5 }, { between: () => world.restart() })
  t.same(keysOf(pages), truth(world))
})

for (const order of ['text', 'instant'] as const)
  t.test(
    `dates never fall between neighbours within a second, ${order} order upstream: a walk by header loses nothing (P-41)`,
    async t => {
      const times = [
        '2026-01-14T12:00:00.821999Z',
        '2026-01-14T12:00:00.822315Z',
        '2026-01-14T12:00:00.822Z',
        '2026-01-14T12:00:00.9Z',
        '2026-01-14T12:00:00.999Z',
        '2026-01-14T12:00:00Z',
        '2026-01-14T12:00:01.000001Z',
        '2026-01-14T12:00:01Z'
      ]
      const { world } = await worldAt(t, times, { simulator: { order }, logs: { pageLimit: 3 } })
      const all = truth(world)
      for (const limit of [1, 2, 3]) {
        t.same(keysOf(await walk(world, { limit })), all, `by next at limit ${limit}`)
        const dates = datesOf(await walk(world, { limit }, { endpoint: 'manifest' }))
        t.same(dates, dates.toSorted())
      }
      t.same(keysOf(await walkByHeader(world, { limit: 6 })), all, 'by header')
    }
  )

t.test(
  'an object without times is dated not earlier than its neighbours, and keeps its date when they move away (P-2)',
  async t => {
    const file = join(t.testdir(), 'feed.json')
    const [a, sco] = [indicatorId(1), 'ipv4-addr--00000000-0000-4000-8000-000000000002']
    writeFileSync(
      file,
      JSON.stringify([
        {
          type: 'indicator',
          id: a,
          created: '2026-01-01T00:00:00Z',
          modified: '2026-01-01T00:00:00Z'
        },
        { type: 'ipv4-addr', id: sco, value: '192.0.2.1' }
      ])
    )
    const world = await worldOf(t, { simulator: { file, objects: 0 }, logs: { cacheMaxBytes: 1 } })
    const [b] = world.simulator.add(1)
    world.simulator.clock.advance(10_000)
    const before = await read(world, {}, 'manifest')
    t.same(before.ids, [a, sco, b])
    t.ok(before.dates[1]! >= before.dates[0]!)
    t.ok(before.dates[1]! <= before.dates[2]!)
    world.simulator.edit(a)
    world.simulator.edit(b!)
    world.simulator.clock.advance(60_000)
    await world.restart()
    await read(world)
    world.simulator.clock.advance(1000)
    const after = await read(world, {}, 'manifest')
    t.equal(after.ids[0], sco)
    t.equal(after.dates[0], before.dates[1])
  }
)

t.test(
  'a record has one date in manifest, envelope, look-up, object and versions (P-3)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 9 } })
    world.simulator.add(1)
    world.simulator.clock.advance(11_000)
    const manifest = await walk(world, { limit: 10 }, { endpoint: 'manifest' })
    const [ids, dates] = [idsOf(manifest), datesOf(manifest)]
    for (const at of [0, 30, 60]) {
      const [id, date] = [ids[at]!, dates[at]!]
      const before = toTs6(Date.parse(date) - 1)
      t.same((await read(world, { 'match[id]': id }, 'manifest')).dates, [date])
      for (const endpoint of [`objects/${id}`, `objects/${id}/versions`])
        t.equal((await read(world, {}, endpoint)).lastDate, date, endpoint)
      t.equal((await read(world, { added_after: before, limit: 1 })).lastDate, date)
    }
  }
)

t.test(
  'what becomes readable late is dated after every answer that could not have it (P-4)',
  async t => {
    const world = await worldOf(t)
    const [late] = world.simulator.add(1, { hiddenForMs: 20_000 })
    for (let second = 0; second < 20; second += 5) {
      const answer = await read(world)
      t.notOk(answer.ids.includes(late!))
      world.simulator.clock.advance(5000)
    }
    const answeredAt = toTs6(world.clock.now())
    await read(world)
    world.simulator.clock.advance(11_000)
    const manifest = await read(world, {}, 'manifest')
    t.equal(manifest.ids.at(-1), late)
    t.ok(manifest.dates.at(-1)! > answeredAt)
  }
)

t.test(
  'no record is dated in the future: one ahead of the clock is dated as new (P-5)',
  async t => {
    const world = await worldOf(t)
    await read(world)
    world.simulator.clock.advance(11_000)
    const [ahead] = world.simulator.add(1, { modified: toTs6(world.clock.now() + 5000) })
    const early = await read(world)
    t.ok(early.ids.includes(ahead!))
    t.ok(Date.parse(early.lastDate) <= world.clock.now())
    const [later] = world.simulator.add(1)
    world.simulator.clock.advance(11_000)
    const next = await read(world, { added_after: early.lastDate }, 'manifest')
    t.same(next.ids, [later], 'and hides nothing that comes after it')
  }
)

t.test(
  'raised dates that run ahead of the clock are held back until it has caught up (P-5)',
  async t => {
    const world = await worldOf(t)
    await read(world)
    world.simulator.clock.advance(11_000)
    world.simulator.add(50)
    const first = await read(world)
    t.ok(Date.parse(first.lastDate) <= world.clock.now())
    world.simulator.clock.advance(1000)
    const rest = await walk(world, { added_after: first.lastDate })
    t.same([...first.keys, ...keysOf(rest)], truth(world))
  }
)

t.test(
  'dates lie on whole milliseconds, and the header cut to them continues at the same place (P-6)',
  async t => {
    const world = await worldOf(t)
    const { dates } = await read(world, {}, 'manifest')
    t.same(
      dates.filter(date => !date.endsWith('000Z')),
      []
    )
    const first = await read(world, { limit: 20 })
    const cut = first.lastDate.replace(/000Z$/, 'Z')
    t.same(
      await read(world, { added_after: cut, limit: 20 }),
      await read(world, { added_after: first.lastDate, limit: 20 })
    )
    t.ok(Date.parse(first.lastDate) < noon)
  }
)
