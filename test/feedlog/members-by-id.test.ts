import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { OddTime } from '../../src/demo/corpus/odd.ts'
import { idsOf, padded, read, walk } from '../support/walks.ts'
import { forgetful, noon, worldOf } from '../support/worlds.ts'

/** Objects that no time tells the place of, in segments whose copy is gone: where they stood they stand no more. */

const all = async (t: Test, kind: OddTime, readFirst: number) => {
  const world = await worldOf(t, forgetful())
  const { simulator } = world
  const [early, late] = [5, 45].map(n => simulator.visible()[n]!.modified.replace('Z', '9Z'))
  const id = simulator.odd(kind, { place: late! })
  await read(world, { limit: 20 })
  // Another segment begins.
  await world.restart()
  await read(world, { limit: readFirst })
  simulator.odd(kind, { place: early!, members: { id } })
  return { world, id, objects: simulator.visible().length }
}

for (const kind of ['missing', 'unreadable'] as const) {
  t.test(`one (${kind}) that moved before it could be dated is asked for by its id`, async t => {
    const { world, id, objects } = await all(t, kind, 55)
    const ids = idsOf(await walk(world, { limit: 10 }))
    t.ok(ids.includes(id))
    t.equal(new Set(ids).size, objects)
  })

  t.test(`one (${kind}) that moved after it was given is asked for by its id`, async t => {
    const { world, id, objects } = await all(t, kind, 100)
    const ids = idsOf(await walk(world, { limit: 10 }))
    t.ok(ids.includes(id))
    t.equal(new Set(ids).size, objects)
  })
}

t.test('one ahead of the clock is asked for by its id, behind all that came since', async t => {
  const world = await worldOf(t, forgetful())
  const id = world.simulator.odd('future')
  await read(world, { limit: 100 })
  world.simulator.add(40)
  world.simulator.clock.advance(11_000)
  const ids = idsOf(await walk(world, { limit: 100 }))
  t.ok(ids.includes(id))
  t.equal(new Set(ids).size, 101)
})

t.test('a key that may not look objects up gets the others', async t => {
  const { world, id, objects } = await all(t, 'missing', 100)
  world.simulator.faults.rate({ kind: 'status', status: 403, match: '/objects/' })
  const ids = idsOf(await walk(world, { limit: 10 }))
  t.notOk(ids.includes(id))
  t.equal(new Set(ids).size, objects - 1)
})

t.test(
  'the older version of one that cannot be dated does not come behind the newer one',
  async t => {
    const world = await worldOf(t)
    const { simulator } = world
    const id = simulator.odd('missing', { place: '2025-12-20T00:00:00.5Z' })
    const recent = { added_after: new Date(noon - 3_600_000).toISOString(), limit: 100 }
    await read(world, recent)
    simulator.calls.length = 0
    const isHistory = (url: string) => /objects\?limit=2000$/.test(url)
    let delayMs = 500
    simulator.faults.take = url => {
      const fault = isHistory(url) && delayMs > 0 ? ({ kind: 'slow', delayMs } as const) : undefined
      if (fault) delayMs = 0
      return fault
    }
    const history = read(world, { limit: 100 })
    while (simulator.calls.length === 0) await setImmediate()
    const modified = simulator.edit(id)
    simulator.clock.advance(11_000)
    t.ok((await read(world, recent)).ids.includes(id), 'while the older one is on its way')
    await history
    simulator.clock.advance(11_000)
    await read(world, recent)
    const { keys } = await read(world, { limit: 100 })
    t.same(
      keys.filter(key => key.startsWith(id)),
      [`${id}|${padded(modified)}`]
    )
  }
)
