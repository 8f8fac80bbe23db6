import t from 'tap'
import { read } from '../support/walks.ts'
import { noon, worldOf } from '../support/worlds.ts'

/** OpenCTI 5.12 sends the last header it got as `added_after`, and `next` with it (R5). */

t.test(
  'a group of equal dates comes whole to a client that sends its last date with next',
  async t => {
    const world = await worldOf(t, { simulator: { objects: 0 }, logs: { assumeTies: true } })
    world.simulator.ties(50, { modified: new Date(noon - 86_400_000).toISOString() })
    const all = world.simulator.visible().map(({ id }) => id)
    const got: string[] = []
    let page = await read(world, { limit: 20 })
    for (let pages = 1; pages < 10; pages++) {
      got.push(...page.ids)
      if (!page.more) break
      page = await read(world, { limit: 20, next: page.next, added_after: page.lastDate })
    }
    t.same(got.toSorted(), all.toSorted())
  }
)

t.test('any other date with next starts again at that date', async t => {
  const world = await worldOf(t)
  const first = await read(world, { limit: 5 })
  const before = new Date(Date.parse(first.firstDate) - 1).toISOString()
  const again = await read(world, { limit: 5, next: first.next, added_after: before })
  t.same(again.ids, first.ids)
})
