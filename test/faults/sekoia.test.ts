import t from 'tap'
import type { Fault } from '../../src/demo/faults.ts'
import type { Answer, WorldOptions } from '../support/gateway.ts'
import { keysOf, read, truth, walk } from '../support/walks.ts'
import { crowdOf, missing, pageCalls, readAll, worldOf } from '../support/worlds.ts'

/** Sekoia down, slow, or talking nonsense (G7, P-34, D-23). */

const retryAfter = ({ headers }: Answer): number => Number(headers['retry-after'])

t.test('Sekoia is down and nothing is held: 503 with Retry-After on every endpoint', async t => {
  const world = await worldOf(t)
  const { id } = world.simulator.visible()[0]!
  await world.simulator.refuse()
  for (const path of ['objects/', 'manifest/', `objects/${id}/`, `objects/${id}/versions/`, '']) {
    await world.restart()
    const answer = await world.get(path)
    t.equal(answer.status, 503, path)
    t.ok(retryAfter(answer) >= 1)
    t.equal(answer.body.error_code, 'unavailable')
  }
  await world.simulator.reopen()
  t.same(keysOf(await walk(world)), truth(world), 'and all is well once it is back')
})

t.test(
  'look-ups by id after a fill that failed, or half way: 503, never 404 or an empty 200 (P-34)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 10 } })
    const visible = world.simulator.visible()
    const askFor = async (id: string) => {
      for (const path of [`objects/${id}/`, `objects/${id}/versions/`, `objects/?match[id]=${id}`])
        t.equal((await world.get(path)).status, 503, path)
    }
    await world.simulator.refuse()
    await world.get('objects/')
    await askFor(visible[0]!.id)
    await world.simulator.reopen()
    await read(world, { limit: 10 })
    await world.simulator.refuse()
    t.same(
      (await read(world, { 'match[id]': visible[0]!.id })).ids,
      [visible[0]!.id],
      'what is held'
    )
    await askFor(visible[59]!.id)
  }
)

/** What Sekoia does wrong, and what becomes of it while nothing is held. */
const troubles: readonly (readonly [Fault, number, WorldOptions['client']?])[] = [
  [{ kind: 'status', status: 500 }, 503],
  [{ kind: 'status', status: 502 }, 503],
  [{ kind: 'status', status: 503 }, 503],
  [{ kind: 'status', status: 504 }, 503],
  [{ kind: 'status', status: 418 }, 502],
  [{ kind: 'reset' }, 503],
  [{ kind: 'reset', afterBytes: 0 }, 503],
  [{ kind: 'truncated' }, 502],
  [{ kind: 'error-object' }, 502],
  [{ kind: 'html' }, 502],
  [{ kind: 'no-items' }, 502],
  [{ kind: 'bad-gzip' }, 502],
  [{ kind: 'stall' }, 504, { totalTimeoutMs: 100 }],
  [{ kind: 'slow', delayMs: 60_000 }, 504, { totalTimeoutMs: 100 }]
]

for (const [fault, status, client = {}] of troubles) {
  const name = `${fault.kind}${fault.status ? ` ${fault.status}` : ''}`

  t.test(`${name} and nothing held: ${status}, and nothing of Sekoia’s text`, async t => {
    const world = await worldOf(t, { client })
    world.simulator.faults.rate({ ...fault, match: '/objects' })
    const answer = await world.get('objects/')
    t.equal(answer.status, status)
    t.notMatch(answer.text, /proxy|Maintenance|INTHREAT|Simulated/)
    t.notOk(answer.headers['x-taxii-date-added-last'])
  })

  t.test(`${name} while a feed is held: first page, \`next\` and tip are served (G7)`, async t => {
    const world = await worldOf(t, { client, logs: { tipWaitMs: 100 } })
    const pages = await walk(world, { limit: 25 })
    world.simulator.faults.rate({ ...fault, match: '/objects' })
    world.simulator.clock.advance(600_000)
    t.same(await walk(world, { limit: 25 }), pages)
    const { lastDate } = pages.at(-1)!
    const tip = await read(world, { added_after: lastDate })
    t.same([tip.ids, tip.more, tip.lastDate], [[], false, lastDate])
  })
}

t.test(
  'a fill that fails again and again says `more` or fails, never that it is complete (P-34)',
  async t => {
    const world = await worldOf(t, { logs: { pageLimit: 7 } })
    world.simulator.faults.rate({ kind: 'status', status: 503, match: '/objects' }, 0.5)
    const [walker] = crowdOf(world)
    for (let steps = 0; steps < 200 && !walker!.isIdle; steps++) await walker!.step()
    t.ok(walker!.isIdle)
    t.same(missing(world, [walker!]), {})
  }
)

t.test(
  'while Sekoia is down, polls at the tip ask it no more than once in `tipSeconds` (G7)',
  async t => {
    const world = await worldOf(t)
    const { lastDate } = await read(world)
    world.simulator.clock.advance(60_000)
    world.simulator.faults.rate({ kind: 'status', status: 503, match: '/objects' })
    pageCalls(world)
    for (let poll = 0; poll < 5; poll++) {
      world.simulator.clock.advance(1000)
      await read(world, { added_after: lastDate })
    }
    t.equal(pageCalls(world), 1)
  }
)

for (const retryAfterAsDate of [false, true])
  t.test(
    `429 with Retry-After as ${retryAfterAsDate ? 'a date' : 'seconds'}: a short pause is waited for, a long one is told`,
    async t => {
      const client = { patienceMs: 10_000 }
      const world = await worldOf(t, { client })
      const throttle = { kind: 'status', status: 429, match: '/objects', retryAfterAsDate } as const
      world.simulator.faults.once({ ...throttle, retryAfterSeconds: 3 })
      const before = world.clock.now()
      t.same((await read(world)).keys, truth(world))
      t.ok(world.clock.now() - before >= 2000)
      world.simulator.clock.advance(60_000)
      const other = await worldOf(t, { client })
      other.simulator.faults.once({ ...throttle, retryAfterSeconds: 120 })
      const answer = await other.get('objects/')
      t.equal(answer.status, 503)
      t.ok(retryAfter(answer) >= 100 && retryAfter(answer) <= 120, `${retryAfter(answer)}`)
      pageCalls(other)
      t.equal((await other.get('objects/')).status, 503)
      t.equal(pageCalls(other), 0, 'Sekoia is left alone meanwhile')
      other.simulator.clock.advance(121_000)
      t.same((await read(other)).keys, truth(other))
    }
  )

t.test('429 while a feed is held: it is served without waiting, and no object is lost', async t => {
  const world = await worldOf(t)
  const clients = crowdOf(world)
  await readAll(clients)
  world.simulator.add(5)
  world.simulator.clock.advance(11_000)
  world.simulator.faults.once({
    kind: 'status',
    status: 429,
    retryAfterSeconds: 120,
    match: '/objects'
  })
  await readAll(clients)
  t.ok(clients.every(({ isIdle }) => isIdle))
  for (let poll = 0; poll < 2; poll++) {
    world.simulator.clock.advance(130_000)
    await readAll(clients)
  }
  t.same(missing(world, clients), {})
})

t.test(
  'collections are listed from what is held while Sekoia is down, and 503 when nothing is',
  async t => {
    const world = await worldOf(t, { simulator: { feeds: [{ title: 'Mine', sort_order: 'asc' }] } })
    const { body: before } = await world.fetch('/sekoia/collections/')
    await world.simulator.refuse()
    world.simulator.clock.advance(600_000)
    const held = await world.fetch('/sekoia/collections/')
    t.same([held.status, held.body], [200, before])
    await world.restart()
    t.equal((await world.fetch('/sekoia/collections/')).status, 503)
  }
)
