import t from 'tap'
import { defaultFeed } from '../support/gateway.ts'
import { keysOf, truth, walk } from '../support/walks.ts'
import { crowdOf, missing, pageCalls, readAll, worldOf } from '../support/worlds.ts'

/** Sekoia refuses cursors that it gave, for a while or for good (U-7). */

const refusing = (url: string) => (url.includes('cursor=') ? refused : undefined)
const refused = { kind: 'status', status: 400 } as const

for (const order of ['asc', 'desc'] as const)
  for (const gap of ['hours', 'seconds'] as const)
    for (const describedOrder of ['right', 'none'] as const)
      t.test(
        `no end is told where every cursor of a feed is refused: ${order}, ${gap}, order ${describedOrder}`,
        async t => {
          const simulator = {
            switches: { describedOrder },
            ...(gap === 'seconds' && { objects: 0 })
          }
          const world = await worldOf(t, { simulator, logs: { pageLimit: 10 } })
          const { faults } = world.simulator
          if (gap === 'seconds')
            for (let n = 10; n < 60; n++)
              world.simulator.add(1, { modified: `2026-01-10T00:00:${n}.00001Z` })
          world.simulator.putFeed({ id: defaultFeed, sort_order: order })
          faults.take = refusing
          const seen: string[] = []
          let query: Record<string, string> = {}
          for (let answers = 0; answers < 20; answers++) {
            const { status, body } = await world.get(`objects/?${new URLSearchParams(query)}`)
            if (status !== 200) {
              t.equal(status, 502)
              break
            }
            for (const { id, modified } of body.objects) seen.push(`${id}|${modified}`)
            if (!body.next) {
              t.strictSame(seen.sort(), truth(world).sort())
              break
            }
            query = { next: body.next }
          }
          t.ok(pageCalls(world) < 200)
          faults.take = () => undefined
          t.strictSame(keysOf(await walk(world, {})).sort(), truth(world).sort())
        }
      )

for (const order of ['asc', 'desc'] as const)
  t.test(`no end is told where the cursors of what is new are refused: ${order}`, async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    world.simulator.putFeed({ id: defaultFeed, sort_order: order })
    const clients = crowdOf(world)
    await readAll(clients)
    const { faults } = world.simulator
    for (let round = 0; round < 3; round++) {
      world.simulator.add(25)
      world.simulator.clock.advance(61_000)
      faults.take = refusing
      await readAll(clients, 20)
    }
    t.ok(pageCalls(world) < 1000)
    faults.take = () => undefined
    world.simulator.clock.advance(61_000)
    await readAll(clients)
    t.same(missing(world, clients), {})
  })
