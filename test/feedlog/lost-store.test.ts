import t from 'tap'
import { defaultFeed } from '../support/gateway.ts'
import { idsOf, read, stepOf } from '../support/walks.ts'
import { storeWith, worldAt } from '../support/worlds.ts'

/** Tokens of a store that is lost (P-43). */

for (const kind of ['missing', 'future', 'unreadable-both'] as const)
  t.test(
    `a walk that was given an object that its own time cannot date (${kind}) goes on without a hole`,
    async t => {
      const times = Array.from({ length: 12 }, (_, n) =>
        new Date(Date.UTC(2026, 0, 2 + n)).toISOString()
      )
      const { world } = await worldAt(t, times, { logs: { rebuildHorizonSeconds: 20 * 86_400 } })
      world.simulator.odd(kind, { place: '2026-01-01T12:00:00.000501Z' })
      const first = await read(world, { limit: 4 })
      // The new log dates them by their own times.
      await world.restart(storeWith(), { logs: { rebuildHorizonSeconds: 300 } })
      let step = first
      const steps = [first]
      while (step.more) {
        step = stepOf(await world.get(`objects/?limit=4&next=${step.next}`))
        steps.push(step)
      }
      t.strictSame(new Set(idsOf(steps)), new Set(world.simulator.visible().map(({ id }) => id)))
    }
  )

for (const sort_order of ['asc', 'desc'] as const)
  t.test(
    `a walk of a feed whose order nobody tells (${sort_order}) goes on without a hole`,
    async t => {
      const times = Array.from({ length: 8 }, (_, n) =>
        new Date(Date.UTC(2026, 0, 2 + n)).toISOString()
      )
      const switches = { describedOrder: 'none' } as const
      const { world } = await worldAt(t, times, { simulator: { switches } })
      world.simulator.putFeed({ id: defaultFeed, sort_order })
      const steps = [await read(world, { limit: 3 })]
      world.simulator.odd('before-1970', { place: '2026-01-15T11:00:00.5Z' })
      await world.restart(storeWith())
      for (let step = steps[0]!; step.more; steps.push(step))
        step = stepOf(await world.get(`objects/?limit=3&next=${step.next}`))
      t.strictSame(new Set(idsOf(steps)), new Set(world.simulator.visible().map(({ id }) => id)))
    }
  )
