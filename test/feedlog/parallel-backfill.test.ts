import t, { type Test } from 'tap'
import { textOf } from '../../src/demo/corpus/timeline.ts'
import type { LogStore } from '../../src/kernel/ports.ts'
import { troubledStore } from '../support/troubled-store.ts'
import { idsOf, read, walk } from '../support/walks.ts'
import { noon, pageCalls, storeWith, worldOf } from '../support/worlds.ts'

/** What several chains at once may and may not do. */

const hourMs = 3_600_000

/** An object every six hours over half a year, and a gateway that reads them twenty at a time. */
async function denseWorld(t: Test, chains: number, share = 0.5, store: LogStore = storeWith()) {
  const world = await worldOf(t, {
    store,
    simulator: { objects: 0 },
    logs: { pageLimit: 20, backfillParallel: chains, backfillShare: share },
    client: { patienceMs: 20_000 }
  })
  for (let n = 700; n > 0; n--)
    world.simulator.add(1, { modified: textOf((noon - (n + 1) * 6 * hourMs) * 1000 + 501) })
  return world
}

const startsIn = (world: Awaited<ReturnType<typeof denseWorld>>) =>
  world.simulator.calls.filter(({ query }) => query['modified_after'] !== undefined).length

t.test('what lies ahead of a client is there before it asks for it', async t => {
  const world = await denseWorld(t, 4)
  const first = await read(world, { limit: 20 })
  t.equal(first.more, true)
  await world.restart()
  t.ok(startsIn(world) > 0)
  t.ok(pageCalls(world) > 3, 'more pages than one were read')
  const pages = await walk(world, { limit: 20 })
  t.strictSame(
    idsOf(pages),
    world.simulator.visible().map(({ id }) => id)
  )
})

t.test('several places are read at once on a shared store, too', async t => {
  const now = { of: () => noon }
  const store = troubledStore(storeWith(), { isShared: true, clock: { now: () => now.of() } })
  const world = await denseWorld(t, 4, 0.5, store)
  now.of = () => world.clock.now()
  const { latency } = world.simulator
  latency.pageMs = 5
  t.strictSame(
    idsOf(await walk(world, { limit: 20 })),
    world.simulator.visible().map(({ id }) => id)
  )
  t.ok(latency.most > 2, `${latency.most} at once`)
})

t.test('with one chain nothing is read ahead but the next page', async t => {
  const world = await denseWorld(t, 1)
  await read(world, { limit: 20 })
  await world.restart()
  t.equal(startsIn(world), 0)
  t.ok(pageCalls(world) <= 3)
})

t.test('a walk by four chains costs no more calls than it may', async t => {
  const calls = async (chains: number) => {
    const world = await denseWorld(t, chains, 0.2)
    await walk(world, { limit: 20 })
    return { pages: pageCalls(world), world }
  }
  const one = await calls(1)
  const four = await calls(4)
  t.ok(four.pages > one.pages)
  t.ok(four.pages <= one.pages * 1.25, `${four.pages} calls for ${one.pages}`)
})

t.test('by default a walk by four chains costs at most 1.05 times the calls of one', async t => {
  /** An object each day over almost three years, and three bulk imports of six pages each. */
  const calls = async (chains: number) => {
    const world = await worldOf(t, {
      simulator: { objects: 0 },
      logs: { pageLimit: 10, backfillParallel: chains },
      client: { patienceMs: 20_000 }
    })
    const addAt = (ms: number) => world.simulator.add(1, { modified: textOf(ms * 1000 + 501) })
    for (let day = 1000; day > 2; day--) {
      addAt(noon - day * 24 * hourMs)
      if (day % 330 === 0) for (let n = 1; n <= 60; n++) addAt(noon - day * 24 * hourMs + n)
    }
    const pages = await walk(world, { limit: 50 })
    t.equal(idsOf(pages).length, 1178)
    return { starts: startsIn(world), pages: pageCalls(world) }
  }
  const one = await calls(1)
  const four = await calls(4)
  t.ok(four.starts >= 3, `${four.starts} chains were begun`)
  t.ok(four.pages <= Math.ceil(one.pages * 1.05), `${four.pages} calls for ${one.pages}`)
})

t.test(
  'trouble while reading ahead is no trouble of a client, and ends it until one asks again',
  async t => {
    const world = await denseWorld(t, 4)
    world.simulator.faults.rate({ kind: 'status', status: 429, match: 'modified_after' })
    for (let page = await read(world, { limit: 20 }), n = 0; n < 5 && page.more; n++)
      page = await read(world, { limit: 20, next: page.next })
    const refused = world.simulator.calls.filter(({ status }) => status === 429).length
    t.ok(refused >= 1 && refused <= 3, `${refused} were refused, of six pages that were read`)
    world.simulator.faults.clear()
    world.simulator.clock.advance(120_000)
    t.strictSame(
      new Set(idsOf(await walk(world, { limit: 20 }))),
      new Set(world.simulator.visible().map(({ id }) => id))
    )
  }
)

t.test('an object whose own time is far too late does not pass for the next chain', async t => {
  const world = await denseWorld(t, 4)
  // It stands early in the feed and shows a time late in it.
  world.simulator.add(
    { modified: textOf((noon - 40 * hourMs) * 1000 + 77) },
    { place: textOf((noon - 680 * 6 * hourMs) * 1000 + 77) }
  )
  const ids = idsOf(await walk(world, { limit: 20 }))
  for (const { id } of world.simulator.visible()) if (!ids.includes(id)) t.fail(`${id} is missing`)
  t.pass()
})

t.test('a Sekoia that bears two pages at a time is asked for about as many', async t => {
  const world = await denseWorld(t, 4)
  const { latency } = world.simulator
  latency.pageMs = 5
  latency.maxAtOnce = 2
  t.strictSame(
    idsOf(await walk(world, { limit: 20 })),
    world.simulator.visible().map(({ id }) => id)
  )
  const pages = world.simulator.calls.filter(({ path }) => path.endsWith('/objects'))
  const refused = pages.filter(({ status }) => status === 429).length
  t.ok(refused > 0 && refused * 3 < pages.length, `${refused} of ${pages.length} were refused`)
  t.ok(latency.most <= 4)
})
