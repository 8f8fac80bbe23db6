import t from 'tap'
import { read } from '../support/walks.ts'
import { noon, storeWith, worldAt } from '../support/worlds.ts'

/** A segment that is read again from Sekoia in the middle of a request. */

const count = 8

for (const edited of [0, 3, count - 1])
  t.test(`what moves away meanwhile (object ${edited}) hides no other (P-2)`, async t => {
    const times = Array.from({ length: count }, (_, n) =>
      new Date(noon - (count - n) * 60_000).toISOString()
    )
    // The newest day is dated just ahead of the clock, so that the request waits for record after record.
    const { world, ids } = await worldAt(t, times, {
      logs: { pageLimit: 10, cacheMaxBytes: 1, rebuildHorizonSeconds: 86_400 },
      store: storeWith({ bodyMaxBytes: 1 })
    })
    const { clock } = world
    const { sleep } = clock
    let sleeps = 0
    clock.sleep = ms => {
      if (++sleeps === 4) world.simulator.edit(ids[edited]!)
      return sleep(ms)
    }
    const page = await read(world, { limit: 100 })
    t.ok(sleeps >= 4)
    t.strictSame(new Set(page.ids), new Set(ids))
    t.equal(page.ids.length, count)
  })
