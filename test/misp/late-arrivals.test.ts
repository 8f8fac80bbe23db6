import t from 'tap'
import type { Meter } from '../../src/kernel/ports.ts'
import {
  addIndicator,
  addReport,
  dayMs,
  inDays,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  secondsOf,
  url,
  wait
} from '../support/misp-scenes.ts'
import { attributeOf, lifeOf, livesOf, placesOf } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** What comes into a feed with a time that is long past is found by the reading of its ids (M4). */

const daily = { settings: { walkMs: dayMs } }

/** An indicator that was made and changed long ago, and is in the feed from now on. */
function addOld(world: MispWorld, name: string, members: Record<string, unknown> = {}): string {
  const id = addIndicator(world, name, { created: inDays(world, -20), ...members })
  const object = world.simulator.get(id)!
  world.simulator.remove(id)
  world.simulator.add(object, { modified: inDays(world, -20) })
  return id
}

/** A feed of which the log has long gone on, so that it looks for nothing so old any more. */
async function startFeed(world: MispWorld): Promise<void> {
  for (const name of ['usual', 'later', 'latest']) {
    addIndicator(world, name, { valid_until: undefined })
    await publish(world)
    wait(world, 0.1)
  }
  await publish(world)
}

const countingMeter = () => {
  let late = 0
  const meter: Meter = {
    count: (name, _, by = 1) => {
      if (name === 'misp_late_arrivals') late += by
    }
  }
  return { meter, late: () => late }
}

t.test('it is published after the next reading, with all that is said of it', async t => {
  const { meter, late } = countingMeter()
  const world = await mispWorld(t, { ...daily, meter })
  const misp = mispOf(world)
  await startFeed(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  const old = addOld(world, 'old', { valid_until: undefined })
  const report = addReport(world, [old])
  t.strictSame(placesOf(await publish(world), url('old')), [], 'the feed log does not show it')
  wait(world, 1)
  t.strictSame(Object.values(livesOf(await publish(world), url('old'))), ['live'])
  t.equal(placesOf(await publish(world), url('old')).length, 2, `also in ${report}`)
  t.strictSame(await pullAndCompare(world, misp), [])
  t.equal(late(), 1)
  wait(world, 1)
  await publish(world)
  t.equal(late(), 1, 'each is counted once')
})

t.test('from then on it lives as any other: changed, revoked, vanished', async t => {
  const world = await mispWorld(t, daily)
  const misp = mispOf(world)
  await startFeed(world)
  const ids = ['a', 'b', 'c'].map(name => addOld(world, name, { valid_until: undefined }))
  wait(world, 1)
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(ids[0]!, { name: 'Another name' })
  world.simulator.revoke(ids[1]!)
  world.simulator.remove(ids[2]!)
  wait(world, 1)
  const served = await publish(world)
  t.match(attributeOf(served, url('a')).comment, 'Another name')
  t.strictSame(
    ['a', 'b', 'c'].map(name => lifeOf(attributeOf(served, url(name)))),
    ['live', 'deleted', 'deleted']
  )
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test(
  'a report is found, too; what has ended, or stands outside of the window, is not shown',
  async t => {
    const world = await mispWorld(t, { settings: { walkMs: dayMs, windowDays: 30 } })
    addIndicator(world, 'usual', { valid_until: undefined })
    await publish(world)
    addOld(world, 'over', { valid_from: inDays(world, -20), valid_until: inDays(world, -1) })
    addOld(world, 'revoked', { revoked: true })
    addOld(world, 'before', { created: inDays(world, -40), valid_until: undefined })
    const id = addReport(world, [], { created: inDays(world, -20), name: 'An old report' })
    const object = world.simulator.get(id)!
    world.simulator.remove(id)
    world.simulator.add(object, { modified: inDays(world, -20) })
    wait(world, 1)
    const served = await publish(world)
    for (const name of ['over', 'revoked', 'before'])
      t.strictSame(placesOf(served, url(name)), [], name)
    t.strictSame(
      served.events.flatMap(({ EventReport }) => EventReport.map(({ name }) => name)),
      ['An old report']
    )
  }
)

t.test('a reading that fails on its way keeps what it found', async t => {
  const world = await mispWorld(t, daily)
  await startFeed(world)
  addOld(world, 'old', { valid_until: undefined })
  wait(world, 1)
  world.dieAfter(3)
  await t.rejects(publish(world), /dead/)
  world.restart()
  const misp = mispOf(world)
  await publish(world)
  wait(world, 1)
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('what is new anyway is left to the feed log, and is not late', async t => {
  const { meter, late } = countingMeter()
  const world = await mispWorld(t, { settings: { walkMs: 1 }, meter })
  await startFeed(world)
  addIndicator(world, 'fresh')
  world.simulator.clock.advance(5)
  await world.round()
  t.equal(late(), 0)
  t.equal(lifeOf(attributeOf(await publish(world), url('fresh'))), 'live')
  t.equal(late(), 0)
})

for (const [what, change] of [
  ['under other rules', { repair: false }],
  ['cut in another way', { settings: { shardBits: 1 } }]
] as const) {
  t.test(`a feed that is read again, ${what}, keeps what only a reading of ids found`, async t => {
    const world = await mispWorld(t, daily)
    const misp = mispOf(world)
    await startFeed(world)
    addOld(world, 'old', { valid_until: undefined })
    wait(world, 1)
    await publish(world)
    world.restart(change)
    const served = await publish(world)
    const stamps = served.events
      .filter(event => event.Attribute.some(({ value }) => value === url('old')))
      .map(event => event.Attribute.find(({ value }) => value === url('old'))!)
    t.ok(stamps.some(({ deleted }) => !deleted))
    for (const { deleted, timestamp } of stamps)
      if (!deleted) t.ok(Number(timestamp) < secondsOf(world) - 19 * 86_400, 'never taken back')
    t.strictSame(await pullAndCompare(world, misp), [])
  })
}
