import t from 'tap'
import { toTs6 } from '../../src/stix/timestamp.ts'
import { ModifiedPoller } from '../support/model-clients.ts'
import { idsOf, keysOf, read, truth, walk } from '../support/walks.ts'
import {
  crowdOf,
  forgetful,
  missing,
  pageCalls,
  readAll,
  storeWith,
  worldOf
} from '../support/worlds.ts'

/** Clients that come back: the four classes CLASS-A to CLASS-D (P-20 … P-33, P-39, P-42, P-43, P-47). */

t.test(
  'a poll with the last header gets what is new and nothing else; an empty one repeats the header (P-21)',
  async t => {
    const world = await worldOf(t)
    const { lastDate } = await read(world)
    const empty = await read(world, { added_after: lastDate })
    t.same(
      [empty.ids, empty.more, empty.firstDate, empty.lastDate],
      [[], false, lastDate, lastDate]
    )
    const added = world.simulator.add(3)
    world.simulator.clock.advance(11_000)
    const poll = await read(world, { added_after: lastDate })
    t.same(poll.ids, added)
    t.ok(poll.firstDate > lastDate)
    const again = await read(world, { added_after: poll.lastDate })
    t.same([again.ids, again.lastDate], [[], poll.lastDate])
  }
)

t.test(
  'an unchanged upstream: every further poll is empty, with the header cut to milliseconds too (P-22)',
  async t => {
    const world = await worldOf(t, { simulator: { switches: { inclusiveCursor: true } } })
    let { lastDate } = await read(world)
    for (let poll = 0; poll < 10; poll++) {
      world.simulator.clock.advance(60_000)
      const page = await read(world, { added_after: lastDate.replace(/000Z$/, 'Z') })
      t.same(page.ids, [])
      lastDate = page.lastDate
    }
  }
)

t.test('a walk may meet a restarted gateway between every two pages (P-23)', async t => {
  for (const options of [{ logs: { pageLimit: 7 } }, forgetful(7)]) {
    const world = await worldOf(t, options)
    const pages = await walk(world, { limit: 9 }, { between: () => world.restart() })
    t.same(keysOf(pages), truth(world))
  }
})

t.test('a token works after weeks, a restart, and the loss of the store (P-24)', async t => {
  const world = await worldOf(t)
  const first = await read(world, { limit: 25 })
  const rest = truth(world).slice(first.ids.length)
  world.simulator.clock.advance(30 * 86_400_000)
  await world.restart()
  t.same((await read(world, { next: first.next })).keys, rest)
  await world.restart(storeWith())
  const rebuilt = (await read(world, { next: first.next })).keys
  t.same(rebuilt.slice(-rest.length), rest, 'and whatever its last second held, once more')
})

t.test('a token can be used five times: the answers are identical (P-25)', async t => {
  const world = await worldOf(t, { logs: { pageLimit: 7 } })
  const { next } = await read(world, { limit: 9 })
  const answers = []
  for (let times = 0; times < 5; times++) answers.push(await read(world, { limit: 9, next }))
  for (const answer of answers) t.same(answer, answers[0])
})

t.test('the last token for ever: its page again, plus everything new, in order (P-26)', async t => {
  const world = await worldOf(t)
  const pages = await walk(world, { limit: 25 })
  const { next } = pages[1]!
  const behind = pages[0]!.ids.length + pages[1]!.ids.length
  for (let day = 0; day < 7; day++) {
    world.simulator.clock.advance(86_400_000)
    world.simulator.add(4)
    world.simulator.clock.advance(11_000)
    const poll = await walk(world, { next, limit: 25 })
    t.same(keysOf(poll), truth(world).slice(behind))
  }
})

t.test(
  'with `tip_token` the last page has a token too, and polling with it repeats nothing (P-26)',
  async t => {
    const world = await worldOf(t, { taxii: { tipToken: true } })
    const page = await read(world)
    t.notOk(page.more)
    const added = world.simulator.add(4)
    world.simulator.clock.advance(11_000)
    const poll = await read(world, { next: page.next })
    t.same(poll.ids, added)
    world.simulator.clock.advance(11_000)
    t.same((await read(world, { next: poll.next })).ids, [])
  }
)

t.test('cursors that Sekoia refuses after an hour are invisible to clients (P-28)', async t => {
  const world = await worldOf(t, {
    simulator: { switches: { cursorLifetimeMs: 3_600_000 } },
    ...forgetful(7)
  })
  const pages = await walk(
    world,
    { limit: 9 },
    { between: () => world.simulator.clock.advance(2 * 3_600_000) }
  )
  t.same(keysOf(pages), truth(world), 'while the feed is filled')
  const added = world.simulator.add(3)
  world.simulator.clock.advance(3 * 3_600_000)
  const poll = await read(world, { added_after: pages.at(-1)!.lastDate })
  t.same(poll.ids, added, 'at the tip')
  world.simulator.clock.advance(3 * 3_600_000)
  t.same(keysOf(await walk(world, { limit: 9 })), truth(world), 'and when bodies are read again')
})

for (const seconds of [1, 30, 290])
  t.test(
    `an object that becomes readable ${seconds} s late reaches every class of client (P-31, P-42)`,
    async t => {
      const world = await worldOf(t)
      const clients = crowdOf(world)
      await readAll(clients)
      const late = world.simulator.add(2, { hiddenForMs: seconds * 1000 })
      for (let polled = 0; polled < seconds + 30; polled += 10) {
        world.simulator.add(1)
        world.simulator.clock.advance(10_000)
        await readAll(clients)
      }
      world.simulator.clock.advance(11_000)
      await readAll(clients)
      t.ok(world.simulator.visible().some(({ id }) => late.includes(id)))
      t.same(missing(world, clients), {})
    }
  )

t.test('looking for late arrivals costs no further call while nothing happens (P-42)', async t => {
  const world = await worldOf(t)
  const { lastDate } = await read(world)
  for (let poll = 0; poll < 60; poll++) {
    world.simulator.clock.advance(11_000)
    await read(world, { added_after: lastDate })
  }
  pageCalls(world)
  world.simulator.clock.advance(11_000)
  await read(world, { added_after: lastDate })
  t.equal(pageCalls(world), 1)
})

t.test(
  'a record that comes in after the end was answered is dated after that answer (P-39)',
  async t => {
    const world = await worldOf(t)
    await read(world)
    world.simulator.clock.advance(5000)
    const polledAt = world.clock.now()
    t.same((await read(world, { added_after: toTs6(polledAt) })).ids, [])
    const [id] = world.simulator.add(1, {
      modified: toTs6(polledAt - 2000).replace('000Z', '001Z')
    })
    world.simulator.clock.advance(7000)
    const poll = await read(world, { added_after: toTs6(polledAt) })
    t.same(poll.ids, [id])
  }
)

t.test(
  'an hour without Sekoia, served from the log: what follows is dated after every answer (P-39, P-48)',
  async t => {
    const world = await worldOf(t)
    const clients = crowdOf(world)
    await readAll(clients)
    world.simulator.add(3)
    world.simulator.faults.rate({ kind: 'status', status: 503 }, 1)
    for (let minute = 0; minute < 60; minute += 5) {
      world.simulator.clock.advance(300_000)
      world.simulator.add(1)
      await readAll(clients)
      t.ok(
        clients.every(({ isIdle }) => isIdle),
        `minute ${minute}: the end is answered`
      )
    }
    await world.restart()
    await readAll(clients)
    world.simulator.faults.clear()
    world.simulator.clock.advance(11_000)
    await readAll(clients)
    world.simulator.clock.advance(11_000)
    await readAll(clients)
    t.same(missing(world, clients), {})
  }
)

t.test(
  'the store is lost between two polls: every class repeats at most, none loses (P-43)',
  async t => {
    const world = await worldOf(t, { logs: { rebuildHorizonSeconds: 86_400 } })
    const clients = crowdOf(world)
    await readAll(clients)
    world.simulator.add(2, { hiddenForMs: 20_000 })
    world.simulator.add(2)
    world.simulator.clock.advance(15_000)
    await readAll(clients)
    world.simulator.clock.advance(15_000)
    await world.restart(storeWith())
    for (let poll = 0; poll < 3; poll++) {
      await readAll(clients)
      world.simulator.clock.advance(11_000)
    }
    t.same(missing(world, clients), {})
  }
)

t.test(
  'the store is lost while records dated late were not yet delivered: they are not dated earlier (P-43)',
  async t => {
    const world = await worldOf(t, { logs: { rebuildHorizonSeconds: 86_400 } })
    await read(world)
    const [late] = world.simulator.add(1, { hiddenForMs: 60_000 })
    world.simulator.clock.advance(55_000)
    const { lastDate } = await read(world, {})
    const polledAt = toTs6(world.clock.now())
    world.simulator.clock.advance(20_000)
    await world.restart(storeWith())
    for (const addedAfter of [lastDate, polledAt]) {
      world.simulator.clock.advance(1000)
      t.ok(idsOf(await walk(world, { added_after: addedAfter })).includes(late!))
    }
  }
)

t.test(
  'a client that resumes from the largest `modified` it read is complete, ties at page ends included (P-47)',
  async t => {
    const world = await worldOf(t)
    world.simulator.ties(5, { modified: '2026-01-14T12:00:00.25Z' })
    const client = new ModifiedPoller({ world, limit: 4, inspect: () => {} })
    await readAll([client])
    t.same(missing(world, [client]), {})
    world.simulator.ties(5)
    world.simulator.edit(world.simulator.visible()[7]!.id)
    world.simulator.clock.advance(11_000)
    await readAll([client])
    world.simulator.clock.advance(11_000)
    await readAll([client])
    t.same(missing(world, [client]), {})
  }
)
