import t from 'tap'
import {
  addIndicator,
  addReport,
  inDays,
  markings,
  mispWorld,
  publish,
  secondsOf,
  url,
  wait
} from '../support/misp-scenes.ts'
import { attributeOf, placeOf, type Served } from '../support/misp-served.ts'
import { builderSettings, type MispWorld } from '../support/misp-world.ts'

/** Timestamps decide what a MISP and an OpenCTI take over (MISP-4, INV-3 to INV-5 and INV-8). */

const timestampsOf = ({ events }: Served) => events.map(({ timestamp }) => Number(timestamp))
const { marginSeconds } = builderSettings
const day = (world: MispWorld, days: number) => ({ created: inDays(world, days) })

t.test('a child is first stamped with the `modified` of what it is made of', async t => {
  const world = await mispWorld(t)
  const modified = '2026-01-10T08:00:00.5Z'
  world.simulator.add({ type: 'malware', name: 'before' })
  const id = addIndicator(world, 'a', day(world, -6))
  world.simulator.edit(id, {}, { modified })
  t.equal(
    attributeOf(await publish(world), url('a')).timestamp,
    `${Date.parse(modified) / 1000 - 0.5}`
  )
})

t.test('but never with one that is still to come', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  world.simulator.edit(id, {}, { modified: '2027-01-01T00:00:00.000001Z' })
  const { attribute, event } = placeOf(await publish(world), url('a'))
  t.equal(attribute.timestamp, `${secondsOf(world)}`)
  world.simulator.edit(id, { labels: ['a'] }, { modified: '2027-01-01T00:00:00.000002Z' })
  const later = placeOf(await publish(world), url('a'))
  t.equal(later.attribute.timestamp, `${secondsOf(world)}`)
  t.ok(Number(later.event.timestamp) > Number(event.timestamp))
})

t.test('an event is stamped later than MISP’s clock may be when it is pulled', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  t.strictSame(timestampsOf(await publish(world)), [secondsOf(world) + marginSeconds])
})

t.test('manifest and event say the same, and both stamps are one', async t => {
  const world = await mispWorld(t)
  addReport(world, [addIndicator(world, 'a')])
  for (let n = 1; n < 5; n++) addIndicator(world, `${n}`, day(world, -n))
  const { events, manifest } = await publish(world)
  t.equal(events.length, 6)
  t.strictSame(Object.keys(manifest), Object.keys(manifest).sort())
  for (const event of events) {
    t.match(event, manifest[event.uuid])
    t.equal(event.publish_timestamp, event.timestamp)
    t.strictSame([event.analysis, event.threat_level_id, event.published], ['2', '4', true])
  }
})

t.test('events of one publication are stamped one by one, in the order of their names', async t => {
  const world = await mispWorld(t)
  for (const days of [0, -2, -1]) addIndicator(world, `${-days}`, day(world, days))
  const report = addReport(world, [])
  addIndicator(world, 'red', { object_marking_refs: [markings.red] })
  const served = await publish(world)
  const first = secondsOf(world) + marginSeconds
  t.strictSame(
    timestampsOf(served),
    [0, 1, 2, 3, 4].map(n => first + n)
  )
  t.strictSame(
    served.events.map(({ info }) => info),
    [
      'Synthetic feed 2026-01-13 TLP:GREEN',
      'Synthetic feed 2026-01-14 TLP:GREEN',
      'Synthetic feed 2026-01-15 TLP:GREEN',
      'Synthetic feed 2026-01-15 TLP:RED',
      `A report [TLP:GREEN ${report.slice('report--'.length, 'report--'.length + 8)}]`
    ]
  )
})

t.test('what did not change keeps its bytes, its timestamp and its ETag', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'old', day(world, -1))
  const before = await publish(world)
  t.strictSame(await publish(world), before, 'nothing is new')
  world.restart()
  t.strictSame(await publish(world), before, 'nor after a restart')

  addIndicator(world, 'new')
  const after = await publish(world)
  const { uuid } = placeOf(before, url('old')).event
  const path = `/${uuid}.json`
  t.equal(after.files.get(path), before.files.get(path))
  t.equal(after.etags.get(path), before.etags.get(path))
  t.strictSame(after.manifest[uuid], before.manifest[uuid])
  t.not(after.etags.get('/manifest.json'), before.etags.get('/manifest.json'))
})

t.test('an object that is edited without a change in its meaning changes nothing', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  const before = await publish(world)
  world.simulator.edit(id, { x_ic_deprecated: false })
  t.strictSame(await publish(world), before)
})

t.test(
  'each change of content is a later stamp, of what changed and of its event only',
  async t => {
    const world = await mispWorld(t)
    const id = addIndicator(world, 'a')
    addIndicator(world, 'b')
    let last = placeOf(await publish(world), url('a'))
    const other = attributeOf(await publish(world), url('b'))
    for (const change of [
      { name: 'Renamed' },
      { confidence: 10 },
      { labels: ['a'] },
      { valid_from: inDays(world, -1) },
      { valid_until: inDays(world, 5) },
      { revoked: true },
      { revoked: false }
    ]) {
      world.simulator.edit(id, change)
      const served = await publish(world)
      const next = placeOf(served, url('a'))
      t.ok(
        Number(next.attribute.timestamp) > Number(last.attribute.timestamp),
        `${Object.keys(change)}`
      )
      t.ok(Number(next.event.timestamp) > Number(last.event.timestamp))
      t.strictSame(attributeOf(served, url('b')), other)
      last = next
    }
  }
)

t.test('two changes in one second are two stamps', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  await publish(world)
  world.simulator.edit(id, { name: 'Once' })
  const first = placeOf(await publish(world), url('a'))
  world.simulator.edit(id, { name: 'Twice' })
  world.simulator.clock.set(Number(first.attribute.timestamp) * 1000 - 11_000)
  const second = placeOf(await publish(world), url('a'))
  t.equal(second.attribute.timestamp, `${Number(first.attribute.timestamp) + 1}`)
  t.equal(second.event.timestamp, `${Number(first.event.timestamp) + 1}`)
})

t.test('event timestamps are distinct and grow, over restarts and whoever builds', async t => {
  const world = await mispWorld(t)
  const issued: number[] = []
  let known = new Map<string, string>()
  for (let times = 0; times < 12; times++) {
    for (const days of [0, -1, -2])
      addIndicator(world, `${times}x${-days}`, day(world, days - times))
    if (times % 4 === 1) world.restart()
    const { events } = await publish(world, times % 3)
    const changed = events.filter(({ uuid, timestamp }) => known.get(uuid) !== timestamp)
    const newest = issued.at(-1) ?? 0
    const next = changed.map(({ timestamp }) => Number(timestamp))
    t.ok(
      next.every(timestamp => timestamp > newest),
      'later than all before'
    )
    t.ok(
      next.every(timestamp => timestamp >= secondsOf(world)),
      'and than now'
    )
    issued.push(...next)
    known = new Map(events.map(({ uuid, timestamp }) => [uuid, timestamp]))
    if (times === 6) wait(world, 1)
  }
  t.equal(new Set(issued).size, issued.length)
})

t.test('an event is called and dated as at first, whatever the feed is called later', async t => {
  const world = await mispWorld(t, { settings: { shardBits: 2 } })
  const id = addIndicator(world, 'a')
  const { info, date } = placeOf(await publish(world), url('a')).event
  t.match(info, /^Synthetic feed 2026-01-15 #[0-3]\/4 TLP:GREEN$/)
  wait(world, 3)
  world.simulator.edit(id, { created: inDays(world, 0), name: 'Renamed' })
  const { event } = placeOf(await publish(world), url('a'))
  t.strictSame([event.info, event.date], [info, date])
})
