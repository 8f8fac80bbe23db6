import t from 'tap'
import type { Switches } from '../../src/demo/switches.ts'
import { defaultFeed } from '../support/gateway.ts'
import { keysOf, read, truth, walk } from '../support/walks.ts'
import { noon, onPageCalls, pageCalls, worldAt, worldOf } from '../support/worlds.ts'

/** A full page that leads nowhere is no proof of an end (G4): Sekoia has to say so of the objects on it. */

const nullCursor = { kind: 'null-cursor' } as const

for (const pageLimit of [1, 2, 3, 10])
  t.test(`pages of ${pageLimit} that once lack their cursor hide nothing`, async t => {
    for (const inclusiveCursor of pageLimit < 3 ? [false] : [false, true])
      for (const [at, times] of [
        [1, 1],
        [1, 3],
        [2, 2],
        [2, 3]
      ] as const) {
        const simulator = { objects: 21, switches: { inclusiveCursor } }
        const world = await worldOf(t, { logs: { pageLimit }, simulator })
        onPageCalls(world, call => (call >= at && call < at + times ? nullCursor : undefined))
        t.same(keysOf(await walk(world, { limit: 7 })), truth(world), `${times} from call ${at}`)
      }
  })

t.test(
  'full pages that lead nowhere for long are an error, and nothing is passed over',
  async t => {
    for (const order of ['asc', 'desc'] as const) {
      const world = await worldOf(t, { logs: { pageLimit: 10 } })
      world.simulator.putFeed({ id: defaultFeed, sort_order: order })
      onPageCalls(world, () => nullCursor)
      t.equal((await world.get('objects/?limit=7')).status, 502)
      onPageCalls(world, () => undefined)
      t.same(keysOf(await walk(world, { limit: 7 })), truth(world), order)
    }
  }
)

t.test('a shorter page ends before objects of one time', async t => {
  const at = (n: number) => new Date(noon - 3_600_000 + n * 1000).toISOString()
  for (const times of [
    [0, 1, 2, 2, 2, 3, 4],
    [0, 0, 0, 0, 1, 2],
    [0, 1, 2, 3, 4, 5, 6]
  ]) {
    const logs = { pageLimit: 4 }
    const { world } = await worldAt(t, times.map(at), { logs })
    onPageCalls(world, call => (call < 3 ? nullCursor : undefined))
    t.same(new Set(keysOf(await walk(world, { limit: 3 }))), new Set(truth(world)), `${times}`)
  }
})

t.test(
  'nor does it cut them apart when the page that ends before them lacks its cursor',
  async t => {
    const times = [0, 1, 2, 2, 2, 3].map(n => new Date(noon - 3_600_000 + n * 1000).toISOString())
    const { world } = await worldAt(t, times, { logs: { pageLimit: 4 } })
    onPageCalls(world, call => (call === 2 ? nullCursor : undefined))
    t.same(keysOf(await walk(world, { limit: 10 })), truth(world))
  }
)

t.test('what is new behind a full page without a cursor is given at once', async t => {
  const times = Array.from({ length: 9 }, (_, n) => new Date(noon - 60_000 + n).toISOString())
  const { world } = await worldAt(t, times, { logs: { pageLimit: 10 } })
  const { lastDate } = await read(world, { limit: 100 })
  const added = world.simulator.add(1)
  world.simulator.clock.advance(11_000)
  onPageCalls(world, call => (call < 3 ? nullCursor : undefined))
  t.same((await read(world, { limit: 100, added_after: lastDate })).ids, added)
})

t.test('what it costs to know the end of a feed', async t => {
  const costs = async (
    objects: number,
    nullAtTip: Switches['nullAtTip'],
    { pageLimit = 10, assumeTies = false } = {}
  ) => {
    const simulator = { objects, switches: { nullAtTip } }
    const world = await worldOf(t, { logs: { pageLimit, assumeTies }, simulator })
    t.equal(keysOf(await walk(world, { limit: 100 })).length, objects)
    return pageCalls(world)
  }
  const calls = {
    'a page that is not full': await costs(25, 'last-page'),
    'a full page with a cursor': await costs(20, false),
    'a full page with a cursor, then null': await costs(20, 'empty-page'),
    'a full page without a cursor': await costs(20, 'last-page'),
    'a page of one without a cursor': await costs(3, 'last-page', { pageLimit: 1 }),
    'a full page without a cursor, where ties are assumed': await costs(19, 'last-page', {
      assumeTies: true
    })
  }
  t.same(calls, {
    'a page that is not full': 3 + 1,
    'a full page with a cursor': 3,
    'a full page with a cursor, then null': 3 + 1,
    'a full page without a cursor': 2 + 3 + 1,
    'a page of one without a cursor': 3 + 2 + 1,
    'a full page without a cursor, where ties are assumed': 3 + 3 + 1
  })
})

t.test('what is new before an item that cannot be read is given at once', async t => {
  const times = [1, 2, 3].map(n => new Date(noon - 60_000 + n).toISOString())
  const { world } = await worldAt(t, times, { logs: { pageLimit: 10, assumeTies: true } })
  const { lastDate } = await read(world, { limit: 100 })
  const added = world.simulator.add(1)
  world.simulator.odd('nan')
  world.simulator.clock.advance(11_000)
  t.same((await read(world, { limit: 100, added_after: lastDate })).ids, added)
})

t.test('a feed may end with what cannot be read, or comes one at a time', async t => {
  const world = async () => {
    const simulator = { objects: 5, switches: { nullAtTip: 'last-page' } } as const
    return worldOf(t, { logs: { pageLimit: 10 }, client: { maxBodyBytes: 16_000 }, simulator })
  }
  const unreadable = await world()
  unreadable.simulator.odd('nan')
  t.equal(keysOf(await walk(unreadable, { limit: 100 })).length, 5)
  const large = await world()
  for (let n = 0; n < 3; n++) large.simulator.add({ x_padding: 'x'.repeat(9000) })
  t.equal(keysOf(await walk(large, { limit: 100 })).length, 8)
})

t.test('a short page in the middle that once lacks its cursor is no end of history', async t => {
  for (const order of ['asc', 'desc'] as const)
    for (const at of [1, 2, 3]) {
      const world = await worldOf(t, {
        logs: { pageLimit: 10 },
        simulator: { switches: { filterAfterSlicing: true } }
      })
      world.simulator.putFeed({ id: defaultFeed, sort_order: order })
      onPageCalls(world, call => (call === at ? nullCursor : undefined))
      const query = { limit: 7, 'match[type]': 'indicator' }
      const wanted = truth(world).filter(key => key.startsWith('indicator'))
      const before = world.clock.now()
      const steps = await walk(world, query)
      t.same(keysOf(steps), wanted, `${order}, call ${at}`)
      t.equal(world.clock.now(), before)
    }
})
