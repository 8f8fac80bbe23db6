import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { defaultFeed, type World, type WorldOptions } from '../support/gateway.ts'
import { idsOf, read, type Step } from '../support/walks.ts'
import { SweepWatch } from '../support/watching-sweeps.ts'
import { noon, onPageCalls, storeWith, worldOf } from '../support/worlds.ts'

/** The periodic reading of a whole feed for what the reading of its end cannot find. */

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Between two pages of a sweep of seven. */
const pauseMs = Math.ceil(hourMs / 7)

/** A client that polls with the last header, of a feed that is swept once an hour. */
class Poller {
  readonly world: World
  readonly #watch: SweepWatch
  #addedAfter: string | undefined

  constructor(world: World, watch = new SweepWatch()) {
    this.world = world
    this.#watch = watch
  }

  /** What is new; the clock moves on by as much first. */
  async poll(ms = 11_000): Promise<string[]> {
    this.world.simulator.clock.advance(ms)
    const pages: Step[] = []
    do pages.push(await read(this.world, { added_after: this.#addedAfter, limit: 500 }))
    while (this.#follow(pages.at(-1)!))
    return idsOf(pages)
  }

  #follow({ lastDate, more }: Step): boolean {
    this.#addedAfter = lastDate
    return more
  }

  /** What is new in polls until a whole sweep has ended, whose pages are read in the background. */
  async sweep(): Promise<string[]> {
    const found: string[] = []
    const poll = async (ms?: number) => void found.push(...(await this.poll(ms)))
    await this.#watch.untilNext(() => poll(hourMs), poll)
    await poll()
    return found
  }

  /** The same of a sweep that reads a page with each poll, and then all others at once. */
  async sweepInTwo(pauseMs: number): Promise<string[]> {
    const found: string[] = []
    const poll = async () => {
      found.push(...(await this.poll(pauseMs)))
      await setTimeout(100)
    }
    const begin = async () => {
      for (let polls = 0; polls < 6; polls++) await poll()
    }
    await this.#watch.untilNext(begin, () => setTimeout(20))
    await poll()
    return found
  }
}

/** A world with a client that has read to the end twice: then a sweep begins. */
async function sweptWorld(t: Test, options: WorldOptions = {}, order: 'asc' | 'desc' = 'asc') {
  const logs = { sweepSeconds: 3600, pageLimit: 10, ...options.logs }
  const watch = new SweepWatch()
  const world = await worldOf(t, {
    ...options,
    logs,
    store: watch.over(options.store ?? storeWith())
  })
  world.simulator.putFeed({ id: defaultFeed, sort_order: order })
  const poller = new Poller(world, watch)
  const first = await poller.poll()
  await poller.poll()
  await poller.poll()
  return { world, poller, first, simulator: world.simulator }
}

const longAgo = '2025-12-01T00:00:00.000501Z'

t.test('an object that appears with an old time is given within one sweep, once', async t => {
  const { poller, simulator, first } = await sweptWorld(t)
  t.equal(first.length, 60)
  const [id] = simulator.add(1, { modified: longAgo })
  t.same(await poller.poll(), [], 'the reading of the end does not find it')
  t.same(await poller.sweep(), [id])
  t.same(await poller.sweep(), [])
})

t.test('what a feed holds more once its filters are widened is given within one sweep', async t => {
  const { world, poller, simulator } = await sweptWorld(t, { simulator: { objects: 0 } })
  simulator.putFeed({ id: defaultFeed, types: ['indicator'] })
  const newcomer = new Poller(world)
  const at = (n: number) => ({ modified: new Date(noon - n * dayMs).toISOString() })
  const [indicator] = simulator.add({ type: 'indicator' }, at(1))
  const others = [2, 3].map(n => simulator.add({ type: 'malware' }, at(n))[0])
  t.same(await poller.sweep(), [indicator])
  simulator.putFeed({ id: defaultFeed, types: [] })
  t.same((await poller.sweep()).sort(), others.sort())
  t.same((await newcomer.poll()).length, 3)
})

t.test(
  'an edit that the reading of the end did not see is given; an older version is not',
  async t => {
    const { poller, simulator } = await sweptWorld(t)
    const { id, modified } = simulator.visible()[20]!
    simulator.edit(id, { name: 'again' }, { modified: modified.replace(/\d\dZ$/, '99Z') })
    t.same(await poller.sweep(), [id])
    simulator.edit(id, { name: 'newest' })
    t.same(await poller.poll(), [id])
    simulator.edit(id, { name: 'older' }, { modified: longAgo })
    t.same(await poller.sweep(), [], 'Sekoia shows an older version than was given')
    simulator.revoke(id)
    t.same(await poller.poll(), [id])
    t.same(await poller.sweep(), [])
  }
)

t.test(
  'the same of bodies that are held nowhere, so that Sekoia is asked for them again',
  async t => {
    const { world, poller, simulator } = await sweptWorld(t, {
      logs: { cacheMaxBytes: 1 },
      store: storeWith({ bodyMaxBytes: 1 })
    })
    const atTip = simulator.add(3)
    t.same(await poller.poll(), atTip)
    const { id, modified } = simulator.visible()[20]!
    simulator.edit(id, { name: 'again' }, { modified: modified.replace(/\d\dZ$/, '99Z') })
    const [added] = simulator.add(1, { modified: longAgo })
    const found = await poller.sweep()
    t.same(found.sort(), [id, added].sort())
    t.same(await poller.sweep(), [])
    const all = simulator.visible().map(visible => visible.id)
    t.same((await new Poller(world).poll()).sort(), all.sort(), 'a newcomer gets all of it')
  }
)

t.test('what a sweep appends does not make the reading of the end repeat what it has', async t => {
  const { poller, simulator } = await sweptWorld(t)
  const [late] = simulator.add(1, { modified: longAgo })
  await poller.poll(pauseMs - 60_000)
  const fresh = simulator.add(15)
  t.same(await poller.poll(), fresh)
  const found: string[] = []
  for (let polls = 0; polls < 12; polls++) {
    found.push(...(await poller.poll()))
    await setTimeout(20)
  }
  t.same(found, [late])
  t.same(await poller.poll(301_000), [])
  t.same(await poller.poll(301_000), [])
})

t.test('a feed that comes newest first is swept, too', async t => {
  const { poller, simulator, first } = await sweptWorld(t, {}, 'desc')
  t.equal(first.length, 60)
  const ids = simulator.add(2, { modified: longAgo })
  t.same(await poller.poll(), [])
  t.same((await poller.sweep()).sort(), ids.sort())
  t.same(await poller.sweep(), [])
})

/** Pages of history asked for since the last question: those of a sweep. */
function sweptPages({ simulator }: World): number {
  const { calls } = simulator
  const timeOf = (cursor = '') => Date.parse(Buffer.from(cursor, 'base64').toString())
  const isOld = (cursor?: string) => timeOf(cursor) < noon - 10 * dayMs
  const count = calls.filter(
    ({ path, query }) => path.endsWith('/objects') && isOld(query['cursor'])
  )
  calls.length = 0
  return count.length
}

t.test('the pages of a sweep are spread over its time, whichever gateway reads them', async t => {
  for (const processes of [1, 2]) {
    const store = { ...storeWith(), isShared: true }
    const { world, poller } = await sweptWorld(t, { processes, store })
    sweptPages(world)
    let count = 0
    const poll = async (ms?: number) => {
      await poller.poll(ms)
      await setTimeout(20)
      count += sweptPages(world)
    }
    for (let due = 1; due <= 4; due++) {
      await poll(pauseMs)
      // Another gateway than before waits a minute.
      for (let polls = 0; polls < 7; polls++) await poll()
      t.ok(count < due, `${count} of ${due} pages, the first without a cursor`)
    }
    for (let polls = 0; polls < 15 && count < 3; polls++) await poll()
    t.equal(count, 3)
  }
})

t.test('a period of 0 sweeps nothing', async t => {
  const { world, poller } = await sweptWorld(t, { logs: { sweepSeconds: 0 } })
  sweptPages(world)
  await poller.poll(dayMs)
  await setTimeout(50)
  t.equal(sweptPages(world), 0)
})

t.test('a sweep goes on where it was after a restart', async t => {
  const { world, poller, simulator } = await sweptWorld(t)
  const [early] = simulator.add(1, { modified: longAgo })
  const { modified } = simulator.visible()[35]!
  const [late] = simulator.add(1, { modified: modified.replace(/\d\dZ$/, '99Z') })
  const found: string[] = []
  for (let part = 0; part < 7; part++) {
    found.push(...(await poller.poll(hourMs / 6)))
    await setTimeout(20)
    await world.restart()
  }
  found.push(...(await poller.poll()))
  t.same(found.sort(), [early, late].sort())
})

t.test('cursors that expire between two pages of a sweep do not end it', async t => {
  for (const order of ['asc', 'desc'] as const) {
    // Seventeen pages: more than cursors may be refused in one sweep.
    const options = {
      logs: { pageLimit: 4 },
      simulator: { switches: { cursorLifetimeMs: 60_000 } }
    }
    const { world, poller } = await sweptWorld(t, options, order)
    const { modified } = world.simulator.visible()[45]!
    const ids = [longAgo, modified.replace(/\d\dZ$/, '99Z')].flatMap(modified =>
      world.simulator.add(1, { modified })
    )
    const found = await poller.sweepInTwo(Math.ceil(hourMs / 17))
    t.same(found.sort(), ids.sort(), order)
  }
})

t.test('trouble of Sekoia in the middle of a sweep loses nothing, and is no news', async t => {
  const { world, poller, simulator } = await sweptWorld(t)
  const ids = [1, 40].flatMap(n => {
    const { modified } = simulator.visible()[n]!
    return simulator.add(1, { modified: modified.replace(/\d\dZ$/, '99Z') })
  })
  onPageCalls(world, call => (call % 3 === 0 ? { kind: 'status', status: 500 } : undefined))
  const found = await poller.sweep()
  onPageCalls(world, () => undefined)
  for (let more = 0; more < 3; more++) found.push(...(await poller.sweep()))
  t.same(found.sort(), ids.sort())
})

t.test('full pages that once lack their cursor do not end a sweep', async t => {
  for (const order of ['asc', 'desc'] as const) {
    const { world, poller, simulator } = await sweptWorld(t, {}, order)
    const ids = [1, 25, 40].flatMap(n => {
      const { modified } = simulator.visible()[n]!
      return simulator.add(1, { modified: modified.replace(/\d\dZ$/, '99Z') })
    })
    onPageCalls(world, call => (call % 3 === 0 ? undefined : { kind: 'null-cursor' }))
    t.same((await poller.sweep()).sort(), ids.sort(), order)
  }
})
