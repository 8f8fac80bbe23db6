import t, { type Test } from 'tap'
import type { EventBody } from '../../src/misp/events/wire.ts'
import type { MispInstance } from '../support/misp/instance.ts'
import {
  addIndicator,
  addReport,
  dayMs,
  inDays,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  url,
  wait
} from '../support/misp-scenes.ts'
import { attributeOf, lifeOf, placesOf, type Served } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** Events are stamped anew from time to time, so that a MISP makes good what a killed pull missed (M1). */

const weekly = { settings: { restampMs: 7 * dayMs } }
const ended = { valid_until: undefined }

const filePattern = (n: number) =>
  `[file:hashes.MD5 = '${`${n}`.repeat(32)}' OR file:hashes.'SHA-1' = '${`${n}`.repeat(40)}']`

/** The pull is killed once so many attributes are saved: headers of events and Objects are saved before theirs. */
async function killedPull(misp: MispInstance, saved: number): Promise<void> {
  const { database } = misp
  const save = database.saveAttribute
  let left = saved
  database.saveAttribute = attribute => {
    if (left-- <= 0) throw new Error('killed')
    save.call(database, attribute)
  }
  await misp.pull()
  database.saveAttribute = save
}

/** A publication every six hours, for so many days. */
async function pass(world: MispWorld, days: number): Promise<Served> {
  for (let round = 0; round < days * 4; round++) {
    wait(world, 0.25)
    await publish(world)
  }
  return publish(world)
}

/** URLs and files with several hashes, valid for ever. */
function fill(world: MispWorld): void {
  for (let n = 0; n < 4; n++) addIndicator(world, `url-${n}`, ended)
  for (let n = 0; n < 4; n++)
    addIndicator(world, `file-${n}`, { pattern: filePattern(n), ...ended })
}

for (const saved of [3, 5]) {
  t.test(
    `a pull killed in the middle of an add, after ${saved} attributes, is made good`,
    async t => {
      const world = await mispWorld(t, weekly)
      const misp = mispOf(world)
      fill(world)
      await publish(world)
      await killedPull(misp, saved)
      t.not((await pullAndCompare(world, misp)).length, 0, 'the next pull alone brings nothing')
      await pass(world, 7)
      t.strictSame(await pullAndCompare(world, misp), [])
    }
  )
  t.test(
    `a pull killed in the middle of an edit, after ${saved} attributes, is made good`,
    async t => {
      const world = await mispWorld(t, weekly)
      const misp = mispOf(world)
      fill(world)
      addIndicator(world, 'live', ended)
      await publish(world)
      t.strictSame(await pullAndCompare(world, misp), [])
      const named = /url-|file-/
      for (const { id } of world.simulator.visible())
        if (named.test(String(world.simulator.get(id)?.['name']))) world.simulator.revoke(id)
      await publish(world)
      await killedPull(misp, saved)
      t.not((await pullAndCompare(world, misp)).length, 0, 'revocations are lost')
      await pass(world, 7)
      t.strictSame(await pullAndCompare(world, misp), [])
    }
  )
}

const stamps = (events: readonly EventBody[]) =>
  new Map(events.map(({ uuid, timestamp }) => [uuid, Number(timestamp)]))

/** Events without timestamps, their own and those of Objects. */
const contents = ({ events }: Served) =>
  events
    .map(event => ({
      ...event,
      timestamp: '',
      publish_timestamp: '',
      Object: event.Object.map(object => ({ ...object, timestamp: '' }))
    }))
    .sort((a, b) => (a.uuid < b.uuid ? -1 : 1))

t.test(
  'every event is stamped anew within the period, not all at once, and keeps its content',
  async t => {
    const world = await mispWorld(t, weekly)
    for (let day = 0; day < 40; day++)
      addIndicator(world, `a-${day}`, { created: inDays(world, -day), ...ended })
    const before = await publish(world)
    const first = stamps(before.events)
    t.equal(first.size, 40)
    const renewed: number[] = []
    let last = first
    for (let day = 1; day <= 7; day++) {
      const now = stamps((await pass(world, 1)).events)
      renewed.push([...now].filter(([uuid, stamp]) => stamp > last.get(uuid)!).length)
      last = now
    }
    t.same(renewed.slice(0, 3), [0, 0, 0], 'none in the first half')
    t.ok([...last].every(([uuid, stamp]) => stamp > first.get(uuid)!))
    t.ok(Math.max(...renewed) < 30, `spread over days: ${renewed}`)
    t.strictSame(contents(await publish(world)), contents(before))
  }
)

t.test('a long pause is not made good at once', async t => {
  const world = await mispWorld(t, weekly)
  for (let day = 0; day < 230; day++)
    addIndicator(world, `a-${day}`, { created: inDays(world, -day), ...ended })
  const first = stamps((await publish(world)).events)
  wait(world, 30)
  const renewed = (events: readonly EventBody[]) =>
    [...stamps(events)].filter(([uuid, stamp]) => stamp > first.get(uuid)!).length
  t.equal(renewed((await publish(world)).events), 200)
  t.equal(renewed((await publish(world)).events), 230, 'the rest with the next publication')
})

t.test('period 0: nothing is stamped anew', async t => {
  const world = await mispWorld(t)
  fill(world)
  const { files } = await publish(world)
  t.strictSame((await pass(world, 10)).files, files)
})

t.test('a report and an Object that were taken back are announced no longer for it', async t => {
  const world = await mispWorld(t, { settings: { restampMs: 7 * dayMs, tombstoneMs: 20 * dayMs } })
  const misp = mispOf(world)
  const file = addIndicator(world, 'file', { pattern: filePattern(1), ...ended })
  const report = addReport(world, [])
  addIndicator(world, 'b', ended)
  await publish(world)
  await misp.pull()
  world.simulator.revoke(file)
  world.simulator.revoke(report)
  await publish(world)
  const held = await pass(world, 19)
  const [tombstone] = placesOf(held, '1'.repeat(32))
  t.match(tombstone, { object: { deleted: true }, attribute: { deleted: true } })
  t.ok(Number(tombstone!.object!.timestamp) > Number(tombstone!.attribute.timestamp), 'anew')
  t.strictSame(await pullAndCompare(world, misp), [])
  t.strictSame(placesOf(await pass(world, 1.25), '1'.repeat(32)), [])
  t.equal(lifeOf(attributeOf(await publish(world), url('b'))), 'live')
})

t.test('a value that comes back after its Object was stamped anew is live again', async t => {
  const world = await mispWorld(t, weekly)
  const misp = mispOf(world, 200)
  const file = addIndicator(world, 'file', { pattern: filePattern(1), ...ended })
  await publish(world)
  await misp.pull()
  world.simulator.revoke(file)
  await pass(world, 8)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(file, { revoked: false })
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
})

/** How far the timestamp of a new event is ahead of the clock. */
async function ahead(t: Test, marginSeconds: number): Promise<number> {
  const world = await mispWorld(t, { settings: { marginSeconds } })
  addIndicator(world, 'a')
  const [event] = (await publish(world)).events
  return Number(event!.timestamp) - Math.floor(world.clock.now() / 1000)
}

t.test('the margin of timestamps is a setting (M3)', async t => {
  t.equal(await ahead(t, 0), 0)
  t.equal(await ahead(t, 900), 900)
})

t.test('with a margin that is large enough a MISP far ahead misses nothing (M3)', async t => {
  for (const [marginSeconds, isMissed] of [
    [300, true],
    [900, false]
  ] as const) {
    const world = await mispWorld(t, { settings: { marginSeconds } })
    const misp = mispOf(world, 600)
    addIndicator(world, 'a', ended)
    await publish(world)
    await misp.pull()
    addIndicator(world, 'file', { pattern: filePattern(1), ...ended })
    await publish(world)
    await misp.pull()
    addIndicator(world, 'b', ended)
    await publish(world)
    t.equal((await pullAndCompare(world, misp)).length > 0, isMissed, `${marginSeconds}`)
  }
})
