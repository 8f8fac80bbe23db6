import { hash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { IdSet } from '../../src/kernel/id-set.ts'
import { walkIds } from '../../src/misp/build/id-sweep.ts'
import { failure } from '../support/failure.ts'
import { defaultFeed } from '../support/gateway.ts'
import { addIndicator, addReport, inDays, mispWorld, wait } from '../support/misp-scenes.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** Walks, and the set of ids that they fill. */

const walkOf = ({ upstream, caller }: MispWorld, limit: number, since = 0) =>
  walkIds(upstream, { caller, feedId: defaultFeed, since, limit })

t.test('a walk finds every indicator and report, with pages of any size', async t => {
  const world = await mispWorld(t)
  const ids = Array.from({ length: 20 }, (_, n) => addIndicator(world, `${n}`))
  const others = [addReport(world, ids), addIndicator(world, 'revoked', { revoked: true })]
  others.push(addIndicator(world, 'expired', { valid_until: inDays(world, -1) }))
  for (const limit of [1, 3, 22, 2000]) {
    const found = await walkOf(world, limit)
    t.ok(
      [...ids, ...others].every(id => found.has(id)),
      `${limit}`
    )
  }
})

t.test('a walk may begin at an instant', async t => {
  const world = await mispWorld(t)
  const before = addIndicator(world, 'before')
  wait(world, 1)
  const after = addIndicator(world, 'after')
  const found = await walkOf(world, 1, world.clock.now() - 1000)
  t.strictSame([found.has(before), found.has(after)], [false, true])
})

t.test('a walk takes the end of the feed in any form', async t => {
  for (const switches of [
    {},
    { inclusiveCursor: true },
    { nullAtTip: 'empty-page' },
    { nullAtTip: 'last-page' },
    { filterAfterSlicing: true },
    { cursorMode: 'B' }
  ] as const) {
    const world = await mispWorld(t, { simulator: { switches } })
    const ids = Array.from({ length: 7 }, (_, n) => addIndicator(world, `${n}`))
    for (const limit of [2, 3, 100]) {
      const found = await walkOf(world, limit)
      t.ok(
        ids.every(id => found.has(id)),
        JSON.stringify(switches)
      )
    }
  }
})

t.test('a full page that lacks its cursor once is not the end of a walk', async t => {
  for (const limit of [1, 2, 3]) {
    const world = await mispWorld(t)
    const ids = Array.from({ length: 7 }, (_, n) => addIndicator(world, `${n}`))
    world.simulator.faults.once({ kind: 'null-cursor' }, 2)
    const found = await walkOf(world, limit)
    t.same(
      ids.filter(id => !found.has(id)),
      [],
      `${limit}`
    )
  }
})

t.test('a walk that cannot go on is no walk', async t => {
  const world = await mispWorld(t)
  for (let n = 0; n < 10; n++) addIndicator(world, `${n}`)
  world.simulator.faults.rate({ kind: 'loop-cursor' })
  await t.rejects(walkOf(world, 2), failure('bad-answer'), 'the second page has the first cursor')
  world.simulator.faults.clear()
  const { calls } = world.simulator
  calls.length = 0
  const push = calls.push.bind(calls)
  calls.push = (...added) => {
    if (calls.length === 2) world.simulator.faults.once({ kind: 'loop-cursor' })
    return push(...added)
  }
  await t.rejects(walkOf(world, 2), failure('bad-answer'), 'nor does one that goes round')
})

/** Random bits that are the same in each run. */
const idOf = (n: number): string => {
  const digits = hash('md5', `${n}`)
  const parts = [
    [0, 8],
    [8, 12],
    [13, 16],
    [17, 20],
    [20, 32]
  ] as const
  const [a, b, c, d, e] = parts.map(([from, to]) => digits.slice(from, to))
  return `indicator--${a}-${b}-4${c}-8${d}-${e}`
}

t.test('ids that were added are found, and no others, whenever it is asked', async t => {
  const step = fc.record({ isAdded: fc.boolean(), n: fc.nat(60) })
  const steps = fc.array(step, { maxLength: 60 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(steps, fc.constantFrom(0, 1000, 2500), (steps, before) => {
        const ids = new IdSet()
        const model = new Set<string>()
        const add = (id: string) => {
          ids.add(id)
          model.add(id)
        }
        for (let n = 0; n < before; n++) add(idOf(1000 + n))
        return steps.every(({ isAdded, n }) => {
          if (isAdded) add(idOf(n))
          return [n, 1000 + n, 3499 - n].every(no => ids.has(idOf(no)) === model.has(idOf(no)))
        })
      }),
      { seed: 20_260_115, numRuns: 200 }
    )
  )
})

t.test('a set without ids has none', async t => {
  t.equal(new IdSet().has(idOf(1)), false)
  t.equal(new IdSet().has('indicator--00000000-0000-4000-8000-000000000000'), false)
})
