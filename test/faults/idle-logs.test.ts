import t, { type Test } from 'tap'
import type { LogStore } from '../../src/kernel/ports.ts'
import type { World } from '../support/gateway.ts'
import { idsOf, read, type Step, walk } from '../support/walks.ts'
import { storeWith, worldOf } from '../support/worlds.ts'

/** Logs of combinations of types that nobody reads are removed, and whoever comes back loses nothing (K8, G15). */

const dayMs = 86_400_000
const indicators = { 'match[type]': 'indicator' }

/** A store that tells which journals it holds. */
function listing() {
  const inner = storeWith()
  const names = new Set<string>()
  const trouble = { isListUnreadable: false }
  const store: LogStore = {
    ...inner,
    async load(log, since) {
      if (trouble.isListUnreadable && log.endsWith(':removed')) throw new Error('of the store')
      return inner.load(log, since)
    },
    async commit(log, change) {
      names.add(log)
      return inner.commit(log, change)
    }
  }
  const held = async () => {
    const found = []
    for (const name of names) if (await inner.load(name)) found.push(name)
    return found.filter(name => /^v1:[0-9a-f]{32}:[0-9a-f]{32}(:sweep)?$/.test(name))
  }
  return { store, held, inner, trouble }
}

async function idleWorld(t: Test, idleDays = 90) {
  const { store, held, inner, trouble } = listing()
  const world = await worldOf(t, { store, logs: { idleDays, sweepSeconds: 86_400 } })
  const days = (count: number) => world.simulator.clock.advance(count * dayMs)
  /** The whole feed is read, which removes what is due; resolves when that is done. */
  const readWhole = async () => {
    await read(world, { limit: 1 })
    await world.restart()
  }
  return { world, days, held, inner, trouble, readWhole, simulator: world.simulator }
}

const readTo = async (world: World, query: Record<string, string>): Promise<Step> =>
  (await walk(world, { ...query, limit: 500 })).at(-1)!

t.test(
  'a combination that nobody read for long is removed, with all that is kept for it',
  async t => {
    const { world, days, held, inner, readWhole } = await idleWorld(t)
    await readTo(world, {})
    const whole = await held()
    await readTo(world, indicators)
    const [name] = (await held()).filter(log => !whole.includes(log))
    for (const _ of [1, 2]) {
      world.simulator.clock.advance(11_000)
      await readTo(world, indicators)
    }
    t.ok(await inner.readBody(name!, 1))
    days(89)
    await readWhole()
    t.ok(await inner.load(name!), 'not before its time')
    t.ok(await inner.load(`${name}:sweep`))
    days(2)
    await readWhole()
    t.equal(await inner.load(name!), undefined)
    t.equal(await inner.readBody(name!, 1), undefined)
    t.equal(await inner.load(`${name}:sweep`), undefined)
    t.same(
      (await held()).filter(log => !log.endsWith(':sweep')),
      whole,
      'the feed as a whole stays'
    )
  }
)

t.test('a combination that a client reads is never removed, also through restarts', async t => {
  const { world, days, held, readWhole } = await idleWorld(t, 2)
  await readTo(world, indicators)
  const before = await held()
  let { lastDate } = await readTo(world, indicators)
  for (let day = 0; day < 8; day++) {
    days(1)
    const step = await read(world, { ...indicators, added_after: lastDate })
    t.same(step.ids, [])
    lastDate = step.lastDate
    if (day > 5) await readWhole()
  }
  const kept = await held()
  t.ok(before.every(name => kept.includes(name)))
})

t.test('whoever comes back gets everything again, by date and by token', async t => {
  const { world, days, readWhole, simulator } = await idleWorld(t)
  const { lastDate } = await readTo(world, indicators)
  const { next } = await read(world, { ...indicators, limit: 3 })
  days(91)
  await readWhole()
  // A log that was never removed would date this long before the client's last date.
  const [late] = simulator.add({ type: 'indicator' }, { modified: '2025-12-01T00:00:00.000501Z' })
  const all = simulator
    .visible()
    .filter(({ type }) => type === 'indicator')
    .map(({ id }) => id)
  const byDate = idsOf(await walk(world, { ...indicators, added_after: lastDate, limit: 500 }))
  t.ok(byDate.includes(late!))
  t.same(byDate.sort(), all.sort())
  const byToken = await read(world, { ...indicators, next, limit: 500 })
  t.same([...byToken.ids].sort(), all.sort())
})

t.test('with 0 days nothing is noted and nothing removed', async t => {
  const { world, days, held, inner, readWhole } = await idleWorld(t, 0)
  await readTo(world, indicators)
  const before = await held()
  t.same(await inner.unread(Number.POSITIVE_INFINITY, 10), [])
  days(4000)
  await readWhole()
  const kept = await held()
  t.ok(before.every(name => kept.includes(name)))
})

t.test('also when nobody can read which were removed', async t => {
  const { world, days, readWhole, simulator, trouble } = await idleWorld(t)
  const { lastDate } = await readTo(world, indicators)
  days(91)
  await readWhole()
  trouble.isListUnreadable = true
  const [late] = simulator.add({ type: 'indicator' }, { modified: '2025-12-01T00:00:00.000501Z' })
  const ids = idsOf(await walk(world, { ...indicators, added_after: lastDate, limit: 500 }))
  t.ok(ids.includes(late!))
})
