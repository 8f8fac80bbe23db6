import t from 'tap'
import { keysOf, read, truth, walk } from '../support/walks.ts'
import { storeWith, worldAt } from '../support/worlds.ts'

/** Two gateways on one store, of which one still holds what the other, reading it again, finds moved. */

/** Five at one date, then one each second. */
const times = [
  ...[1, 2, 3, 4, 5].map(n => `2026-01-10T00:00:00.00000${n}Z`),
  ...[1, 2, 3].map(n => `2026-01-10T00:00:0${n}.5Z`)
]

/** Bodies are in the memory of the gateway that read them, and nowhere else. */
const sharedStore = () => ({ ...storeWith({ bodyMaxBytes: 1 }), isShared: true })

for (const moved of [[3], [3, 4]])
  t.test(`a walk past ${moved.length} of one date that moved ends, and lacks nothing`, async t => {
    const { world, ids } = await worldAt(t, times, { processes: 2, store: sharedStore() })
    t.equal((await read(world)).ids.length, times.length)
    for (const i of moved) world.simulator.edit(ids[i]!)
    const pages = await walk(world, { limit: 1 })
    world.simulator.clock.advance(11_000)
    const poll = await walk(world, { limit: 100, added_after: pages.at(-1)!.lastDate })
    const received = new Set(keysOf([...pages, ...poll]))
    t.strictSame(
      truth(world).filter(key => !received.has(key)),
      []
    )
    t.ok(pages.length < 20)
  })
