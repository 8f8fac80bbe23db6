import t from 'tap'
import type { WorldOptions } from '../support/gateway.ts'
import { idsOf, read, walk } from '../support/walks.ts'
import { worldOf } from '../support/worlds.ts'

/** Two gateways whose stores know nothing of each other, behind one address: tokens of the one reach the other. */

const apart: WorldOptions = { processes: 2, apart: true, logs: { assumeTies: true } }

for (const limit of [100, 1000]) {
  t.test(`a walk over 1,200 objects of one second ends, by pages of ${limit}`, async t => {
    const world = await worldOf(t, { ...apart, simulator: { objects: 10 } })
    world.simulator.ties(1200, { modified: '2026-01-15T11:00:00.5Z' })
    const all = new Set(world.simulator.visible().map(({ id }) => id))
    const pages = await walk(world, { limit })
    t.strictSame(new Set(idsOf(pages)), all)
    t.ok(pages.length < 100)
  })
}

t.test(
  'a walk over the newest day, which each dates at its beginning, ends after both gave all',
  async t => {
    const logs = { assumeTies: true, rebuildHorizonSeconds: 86_400 }
    const world = await worldOf(t, { ...apart, logs, simulator: { objects: 0 } })
    for (let n = 90; n > 0; n--) {
      const modified = new Date(world.clock.now() - n * 600_000).toISOString()
      world.simulator.add(1, { modified })
    }
    const all = new Set(world.simulator.visible().map(({ id }) => id))
    const pages = await walk(world, { limit: 10 })
    t.strictSame(new Set(idsOf(pages)), all)
    t.ok(pages.every(({ ids }) => ids.length <= 10))
    t.ok(pages.length <= 20)
  }
)

t.test('a walk goes on in each gateway where it was there', async t => {
  const world = await worldOf(t, { ...apart, simulator: { objects: 60 } })
  const pages = await walk(world, { limit: 10 })
  const byGateway = [0, 1].map(own => idsOf(pages.filter((_, i) => i % 2 === own)))
  for (const ids of byGateway) t.equal(new Set(ids).size, ids.length, 'no object comes twice')
})

t.test('so it does when the objects arrive while clients poll', async t => {
  const world = await worldOf(t, { ...apart, simulator: { objects: 10 } })
  for (const _ of [0, 1]) await walk(world, { limit: 100 })
  world.simulator.ties(1200)
  world.simulator.odd('before-1970', { place: '2026-01-15T12:00:00.5Z' })
  world.simulator.clock.advance(11_000)
  const all = new Set(world.simulator.visible().map(({ id }) => id))
  const pages = await walk(world, { limit: 1000 })
  t.strictSame(new Set(idsOf(pages)), all)
})

t.test(
  'a page is longer than its limit only where a token of the other gateway needs it',
  async t => {
    const world = await worldOf(t, { logs: { assumeTies: true }, simulator: { objects: 0 } })
    world.simulator.ties(300, { modified: '2026-01-15T11:00:00.5Z' })
    const first = await read(world, { limit: 100 })
    t.equal(first.ids.length, 100)
    t.equal((await read(world, { limit: 100, next: first.next })).ids.length, 100)
  }
)
