import t, { type Test } from 'tap'
import { defaultFeed, type World, type WorldOptions } from '../support/gateway.ts'
import { keysOf, type Query, truth, walk } from '../support/walks.ts'
import {
  crowdOf,
  forgetful,
  missing,
  noon,
  onPageCalls,
  readAll,
  worldOf
} from '../support/worlds.ts'

/** Feeds that Sekoia lists newest first, as it does with feeds unless told otherwise (SEKOIA-3.2, G12). */

const blind = 'key-without-view-feeds'
const slow: WorldOptions = { logs: { pageLimit: 10, readBudgetMs: 1 } }

async function newestFirst(t: Test, options: WorldOptions = { logs: { pageLimit: 10 } }) {
  const world = await worldOf(t, options)
  world.simulator.putFeed({ id: defaultFeed, sort_order: 'desc' })
  world.simulator.putKey(blind, { permissions: ['viewIntelligence'] })
  return world
}

const isListed = async (world: World): Promise<boolean> =>
  (await world.fetch('/sekoia/collections/')).body.collections.length > 0

/** The queries of the pages that Sekoia was asked for since the last question. */
function asked({ simulator }: World): URLSearchParams[] {
  const calls = simulator.calls.filter(({ path }) => path.endsWith('/objects'))
  simulator.calls.length = 0
  return calls.map(({ query }) => new URLSearchParams(query as Record<string, string>))
}

const trouble = { kind: 'status', status: 500 } as const

t.test('its history comes in ascending order, whole, with its own times', async t => {
  const world = await newestFirst(t)
  const steps = await walk(world, { limit: 7 })
  t.same(
    steps.flatMap(({ keys }) => keys),
    truth(world)
  )
  const dates = (await walk(world, { limit: 7 }, { endpoint: 'manifest' })).flatMap(
    ({ dates }) => dates
  )
  t.same(dates, dates.toSorted())
  t.ok(dates[0]! < '2026-01-01', 'of weeks ago')
})

t.test('what is added, edited and revoked later reaches every client', async t => {
  const world = await newestFirst(t)
  const clients = crowdOf(world)
  await readAll(clients)
  for (let round = 0; round < 3; round++) {
    world.simulator.add(15)
    world.simulator.edit(truth(world)[round]!.split('|')[0]!)
    world.simulator.revoke(truth(world)[7]!.split('|')[0]!)
    world.simulator.add(2, { hiddenForMs: 200_000 })
    world.simulator.clock.advance(210_000)
    await readAll(clients)
  }
  t.same(missing(world, clients), {})
})

t.test('an object that Sekoia shows late is found (P-42)', async t => {
  const world = await newestFirst(t)
  const clients = crowdOf(world)
  await readAll(clients)
  world.simulator.add(1, { hiddenForMs: 200_000 })
  world.simulator.clock.advance(100_000)
  world.simulator.add(5)
  await readAll(clients)
  world.simulator.clock.advance(110_000)
  await readAll(clients)
  t.same(missing(world, clients), {})
})

t.test('what is held is not given again', async t => {
  const world = await newestFirst(t)
  const { lastDate } = (await walk(world, {})).at(-1)!
  for (let poll = 1; poll <= 3; poll++) {
    world.simulator.clock.advance(200_000)
    world.simulator.add(1)
    const steps = await walk(world, { added_after: lastDate })
    t.equal(steps.flatMap(({ keys }) => keys).length, poll)
  }
})

t.test(
  'a key that may not read descriptions is given it too, in order where pages show it',
  async t => {
    const world = await newestFirst(t, { logs: { pageLimit: 50 } })
    const { body } = await world.get('objects/', blind)
    t.equal(body.objects.length, 60)
    t.ok(body.objects[0].modified < body.objects[59].modified)
  }
)

t.test('until it was read once: 503 with Retry-After and progress, and it is read on', async t => {
  const world = await newestFirst(t, slow)
  onPageCalls(world, call => (call === 4 ? trouble : undefined))
  const answers = []
  for (let turn = 0; turn < 200; turn++) {
    const answer = await world.get('objects/')
    answers.push(answer)
    if (answer.status === 200) break
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  const preparing = answers.filter(({ body }) => body.error_code === 'preparing')
  t.ok(preparing.length > 0)
  t.match(preparing[0], { status: 503, headers: { 'retry-after': '30' } })
  for (const { body } of preparing) t.match(body.description, /first time: \d+ objects/)
  t.equal(answers.at(-1)!.status, 200)
})

t.test('until it was read once it is not listed, and says so by its id', async t => {
  const world = await newestFirst(t)
  onPageCalls(world, call => (call >= 3 ? trouble : undefined))
  t.notOk(await isListed(world))
  const { body } = await world.fetch(`/sekoia/collections/${defaultFeed}/`)
  t.equal(body.can_read, false)
  t.match(body.description, /first time/)
  onPageCalls(world, () => undefined)
  world.simulator.clock.advance(121_000)
  t.ok(await isListed(world), 'the listing has it read')
})

t.test('a client that asks from a recent time is given that part at once', async t => {
  const world = await newestFirst(t)
  const since = new Date(noon - 5 * 86_400_000).toISOString()
  const { body } = await world.get(`objects/?added_after=${since}`)
  const expected = truth(world).filter(key => key.split('|')[1]! > since)
  t.same(
    body.objects.map(({ id, modified }: { id: string; modified: string }) => `${id}|${modified}`),
    expected
  )
  t.ok(asked(world).length <= 4)
  t.equal((await world.get('objects/')).body.objects.length, 60, 'and the rest to who wants it')
})

t.test('a pass that was interrupted goes on where it was', async t => {
  const world = await newestFirst(t)
  onPageCalls(world, call => (call > 3 ? trouble : undefined))
  t.not((await world.get('objects/')).status, 200)
  onPageCalls(world, () => undefined)
  await world.crash()
  asked(world)
  t.equal((await world.get('objects/')).body.objects.length, 60)
  const queries = asked(world)
  t.ok(queries.every(query => query.has('cursor')))
  t.ok(queries.length <= 6)
})

for (const time of ['future', 'missing', 'unreadable-both'] as const)
  t.test(
    `an edit of what is ${time} is not followed by the version that a pass put by`,
    async t => {
      const world = await newestFirst(t)
      const id = world.simulator.odd(time, { place: '2026-01-15T11:00:00.5Z' })
      onPageCalls(world, call => (call > 3 ? trouble : undefined))
      t.not((await world.get('objects/')).status, 200)
      onPageCalls(world, () => undefined)
      const modified = world.simulator.edit(id)
      const versionsIn = async (query: Query) => {
        world.simulator.clock.advance(61_000)
        const keys = keysOf(await walk(world, query))
        return keys.filter(key => key.startsWith(id))
      }
      const since = new Date(noon - 5 * 86_400_000).toISOString()
      for (const query of [{ added_after: since }, {}, {}])
        t.strictSame(await versionsIn(query), [`${id}|${modified}`])
    }
  )

t.test('what changes while it is read down comes with the next pass', async t => {
  const world = await newestFirst(t)
  onPageCalls(world, call => {
    if (call === 3) world.simulator.edit(truth(world)[0]!.split('|')[0]!)
    if (call === 4) world.simulator.add(25)
    return undefined
  })
  const clients = crowdOf(world)
  await readAll(clients)
  world.simulator.clock.advance(11_000)
  await readAll(clients)
  t.same(missing(world, clients), {})
})

t.test('bodies that are held nowhere are read again under the same dates (P-2)', async t => {
  const world = await newestFirst(t, forgetful())
  const before = await walk(world, { limit: 9 }, { endpoint: 'manifest' })
  world.simulator.add(45)
  world.simulator.clock.advance(11_000)
  const after = await walk(world, { limit: 9 }, { endpoint: 'manifest' })
  const dated = (steps: typeof before) =>
    steps.flatMap(({ keys, dates }) => keys.map((key, i) => `${key} ${dates[i]}`))
  t.same(dated(after).slice(0, 60), dated(before))
  t.equal(dated(after).length, 105)
  await world.restart()
  t.same(dated(await walk(world, { limit: 9 }, { endpoint: 'manifest' })), dated(after))
})

t.test('a cursor that leads upwards: 409, and nothing is skipped', async t => {
  const world = await newestFirst(t)
  onPageCalls(world, call => {
    if (call === 3) {
      world.simulator.putFeed({ id: defaultFeed, sort_order: 'asc' })
      world.simulator.switches.describedOrder = 'opposite'
    }
    return undefined
  })
  const { status, body } = await world.get('objects/')
  t.equal(status, 409)
  t.match(body.description, /oldest first/)
  world.simulator.switches.describedOrder = 'right'
  world.simulator.clock.advance(61_000)
  t.equal((await world.get('objects/')).body.objects.length, 60, 'as the feed is by now')
})

for (const [from, to] of [
  ['asc', 'desc'],
  ['desc', 'asc']
] as const)
  t.test(`a feed that is changed from ${from} to ${to} goes on, for every client`, async t => {
    const world = await newestFirst(t)
    world.simulator.putFeed({ id: defaultFeed, sort_order: from })
    const clients = crowdOf(world)
    await readAll(clients)
    world.simulator.putFeed({ id: defaultFeed, sort_order: to })
    world.simulator.clock.advance(121_000)
    for (let round = 0; round < 3; round++) {
      world.simulator.add(12)
      world.simulator.clock.advance(61_000)
      await readAll(clients)
    }
    t.same(missing(world, clients), {})
  })

t.test(
  'a feed that nothing is held of, and whose newest object nothing leads past, is not listed',
  async t => {
    const client = { maxBodyBytes: 16_000 }
    const world = await newestFirst(t, { simulator: { objects: 8 }, client })
    const { simulator } = world
    Object.assign(simulator.switches, { describedOrder: 'none', formatParameter: 'ignored' })
    const id = simulator.odd('huge', { size: 16_000 })
    t.notOk(await isListed(world))
    simulator.remove(id)
    simulator.clock.advance(130_000)
    await isListed(world)
    t.ok(await isListed(world))
    const [walker] = crowdOf(world)
    await readAll([walker!])
    simulator.odd('huge', { size: 16_000 })
    simulator.clock.advance(310_000)
    await isListed(world)
    t.ok(await isListed(world), 'what is held can be read')
  }
)
