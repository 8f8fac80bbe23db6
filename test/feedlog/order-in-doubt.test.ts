import t, { type Test } from 'tap'
import { defaultFeed, type World, type WorldOptions } from '../support/gateway.ts'
import { keysOf, truth, walk } from '../support/walks.ts'
import { crowdOf, forgetful, pageCalls, readAll, worldOf } from '../support/worlds.ts'

/** Descriptions that name the wrong order or none, and pages that seem to have another one (G12). */

interface Doubtful extends WorldOptions {
  readonly order?: 'asc' | 'desc'
  readonly described?: 'right' | 'opposite' | 'none'
}

async function doubtful(t: Test, { order = 'asc', described = 'right', ...options }: Doubtful) {
  const world = await worldOf(t, { logs: { pageLimit: 10 }, ...options })
  world.simulator.putFeed({ id: defaultFeed, sort_order: order })
  world.simulator.switches.describedOrder = described
  return world
}

/** Twelve objects at the beginning of the feed at one moment, behind one of a minute later, and the rest hours later. */
function beginWithNewer({ simulator }: World, later: number): string {
  for (let n = 0; n < 12; n++) simulator.add(1, { modified: `2025-01-01T00:00:01.0000${10 + n}Z` })
  for (let n = 0; n < later; n++) simulator.add(1, { modified: `2025-01-0${2 + n}T00:00:00Z` })
  return simulator.odd('leap-second', { place: '2025-01-01T00:00:00Z' })
}

async function isGivenWhole(t: Test, world: World, oddId?: string): Promise<void> {
  const clients = crowdOf(world)
  await readAll(clients)
  world.simulator.add(25)
  world.simulator.clock.advance(61_000)
  await readAll(clients)
  for (const { name, received } of clients) {
    const ids = new Set(Array.from(received.keys(), key => key.split('|')[0]))
    t.ok(oddId === undefined || ids.has(oddId), name)
    const lacks = truth(world).filter(key => !received.has(key) && !key.startsWith(`${oddId}`))
    t.same(lacks, [], name)
  }
}

for (const described of ['right', 'none'] as const)
  for (const later of [0, 8])
    t.test(
      `a feed that begins with an object that seems newer is given whole, its order ${described === 'none' ? 'not ' : ''}described, ${later} pages behind it`,
      async t => {
        const world = await doubtful(t, { described, simulator: { objects: 0 } })
        const oddId = beginWithNewer(world, later)
        await isGivenWhole(t, world, oddId)
        t.ok(pageCalls(world) < 100)
      }
    )

for (const order of ['asc', 'desc'] as const)
  for (const objects of [1, 8, 60])
    for (const options of [{}, forgetful()])
      t.test(
        `${objects} objects in an order that is not described, ${order}, are given whole, ${'store' in options ? 'held nowhere' : 'held'}`,
        async t => {
          const simulator = { objects }
          await isGivenWhole(
            t,
            await doubtful(t, { ...options, order, described: 'none', simulator })
          )
        }
      )

t.test(
  'where no order is known, one who asks from a late time has the whole feed read',
  async t => {
    for (const order of ['asc', 'desc'] as const) {
      const world = await doubtful(t, { order, described: 'none', simulator: { objects: 8 } })
      const since = new Date(world.clock.now() - 3_600_000).toISOString()
      await world.get(`objects/?added_after=${since}`)
      t.strictSame(keysOf(await walk(world, {})).sort(), truth(world).sort())
    }
  }
)

t.test('an order not described that changes later holds nothing up', async t => {
  for (const [from, to] of [
    ['desc', 'asc'],
    ['asc', 'desc']
  ] as const) {
    const logs = { pageLimit: 50 }
    const world = await doubtful(t, { order: from, described: 'none', logs })
    const clients = crowdOf(world)
    await readAll(clients)
    world.simulator.putFeed({ id: defaultFeed, sort_order: to })
    for (let n = 0; n < 12; n++) {
      world.simulator.clock.advance(2000)
      world.simulator.add(1)
    }
    await isGivenWhole(t, world)
  }
})

t.test('a description from before a change is asked for again when pages fall', async t => {
  const world = await doubtful(t, { logs: { pageLimit: 50 } })
  await world.get('objects/?match[type]=malware')
  world.simulator.putFeed({ id: defaultFeed, sort_order: 'desc' })
  t.same(keysOf(await walk(world, {})), truth(world))
})

t.test(
  'an order that all pages contradict: 409, and given once the description is right',
  async t => {
    for (const order of ['asc', 'desc'] as const) {
      const world = await doubtful(t, { order, described: 'opposite', logs: { pageLimit: 50 } })
      const { status, body } = await world.get('objects/')
      t.equal(status, 409)
      t.match(body.description, /Sort order/)
      t.ok(pageCalls(world) < 10)
      world.simulator.switches.describedOrder = 'right'
      world.simulator.clock.advance(121_000)
      t.same(keysOf(await walk(world, {})), truth(world))
    }
  }
)

t.test(
  'a key that may not read a description asks for it once a minute, and finds the right it gets',
  async t => {
    const world = await doubtful(t, { order: 'desc', simulator: { objects: 8 } })
    const { simulator } = world
    const asked = () => simulator.calls.filter(({ path }) => path.includes('/feeds/')).length
    simulator.putKey(simulator.key, { permissions: ['viewIntelligence'] })
    const clients = crowdOf(world)
    for (let poll = 0; poll < 5; poll++) {
      await readAll(clients)
      simulator.add(1)
      simulator.clock.advance(11_000)
    }
    t.equal(asked(), 1)
    simulator.putKey(simulator.key, { permissions: ['viewIntelligence', 'viewFeeds'] })
    simulator.clock.advance(61_000)
    await isGivenWhole(t, world)
    t.equal(asked(), 3, 'once for the right, once for what has changed by a minute later')
  }
)
