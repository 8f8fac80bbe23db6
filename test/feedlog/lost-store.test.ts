import t from 'tap'
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
