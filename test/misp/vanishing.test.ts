import t from 'tap'
import type { Meter } from '../../src/kernel/ports.ts'
import { failure } from '../support/failure.ts'
import {
  addIndicator,
  addReport,
  dayMs,
  inDays,
  keysOf,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  url,
  wait
} from '../support/misp-scenes.ts'
import { attributeOf, lifeOf, placesOf, type Served } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** What leaves a feed without a word is found by walks (MISP-4). */

const hourly = { settings: { walkMs: 3_600_000 } }

/** Page requests of walks since last asked: their limits. */
function walks({ simulator }: MispWorld): string[] {
  const limits = simulator.calls
    .filter(({ path, query }) => path.endsWith('/objects') && query['match[type]'])
    .map(({ query }) => query['limit'] ?? '')
  simulator.calls.length = 0
  return limits
}

const hours = ({ simulator }: MispWorld, count: number) =>
  simulator.clock.advance(count * 3_600_000)

t.test('what vanished is taken back by the next walk, and comes back by a later one', async t => {
  const world = await mispWorld(t, hourly)
  const misp = mispOf(world)
  const [a, b] = [addIndicator(world, 'a'), addIndicator(world, 'b')]
  const report = addReport(world, [a, b])
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.remove(a)
  world.simulator.remove(report)
  t.equal(lifeOf(placesOf(await publish(world), url('a'))[0]!.attribute), 'live', 'not before')
  hours(world, 1)
  const vanished = await publish(world)
  t.strictSame(
    placesOf(vanished, url('a')).map(each => lifeOf(each.attribute)),
    ['deleted', 'deleted']
  )
  t.strictSame(
    placesOf(vanished, url('b'))
      .map(each => lifeOf(each.attribute))
      .sort(),
    ['deleted', 'live']
  )
  t.strictSame(
    vanished.events.flatMap(({ EventReport }) => EventReport.map(({ deleted }) => deleted)),
    [true]
  )
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('what is there again, unchanged, is live again', async t => {
  const world = await mispWorld(t, { settings: { walkMs: 3_600_000 } })
  const misp = mispOf(world)
  const id = addIndicator(world, 'a')
  addIndicator(world, 'b')
  const object = world.simulator.get(id)!
  const { modified } = object as unknown as { modified: string }
  await publish(world)
  world.simulator.remove(id)
  hours(world, 1)
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'deleted')
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.add(object, { modified })
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'deleted')
  hours(world, 1)
  const back = attributeOf(await publish(world), url('a'))
  t.equal(lifeOf(back), 'live')
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('what is there again after it was forgotten is live again', async t => {
  const world = await mispWorld(t, hourly)
  const misp = mispOf(world)
  const id = addIndicator(world, 'a', { valid_until: inDays(world, 400) })
  addIndicator(world, 'b', { valid_until: undefined })
  const object = world.simulator.get(id)!
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.remove(id)
  hours(world, 1)
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  wait(world, 181)
  t.strictSame(placesOf(await publish(world), url('a')), [])
  world.simulator.add(object, { modified: `${object['modified']}` })
  hours(world, 1)
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'live')
  t.strictSame(await pullAndCompare(world, misp), [], 'and newer than the tombstone MISP holds')
})

t.test('what vanished and comes back as a new version is live at once', async t => {
  const world = await mispWorld(t, hourly)
  const id = addIndicator(world, 'a')
  const object = world.simulator.get(id)!
  await publish(world)
  world.simulator.remove(id)
  hours(world, 1)
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'deleted')
  world.simulator.add({ ...object, modified: undefined })
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'live')
})

t.test('what was revoked does not vanish, nor does it come back by a walk', async t => {
  const world = await mispWorld(t, hourly)
  const id = addIndicator(world, 'a')
  await publish(world)
  world.simulator.edit(id, { revoked: true })
  const revoked = await publish(world)
  for (const change of [() => {}, () => world.simulator.remove(id)]) {
    change()
    hours(world, 1)
    t.strictSame(await publish(world), revoked)
  }
})

t.test('walks come at their time, and never with a pause of 0', async t => {
  const world = await mispWorld(t, hourly)
  addIndicator(world, 'a')
  await publish(world)
  t.equal(walks(world).length > 0, true, 'the first follows the first build: the log may be old')
  hours(world, 0.9)
  await publish(world)
  t.strictSame(walks(world), [])
  hours(world, 0.1)
  await publish(world)
  t.not(walks(world).length, 0)

  const still = await mispWorld(t, { settings: { walkMs: 0 } })
  addIndicator(still, 'a')
  for (let day = 0; day < 3; day++) {
    wait(still, 1)
    await publish(still)
  }
  t.strictSame(walks(still), [])
})

t.test('a walk looks twice before it believes, with pages of another size', async t => {
  const world = await mispWorld(t, hourly)
  const id = addIndicator(world, 'a')
  addIndicator(world, 'b')
  await publish(world)
  walks(world)
  hours(world, 1)
  await publish(world)
  t.strictSame([...new Set(walks(world))], ['2000'], 'once, when nothing is missing')
  world.simulator.remove(id)
  hours(world, 1)
  await publish(world)
  t.strictSame([...new Set(walks(world))], ['2000', '1777'])
})

t.test('what only one of the two looks misses did not vanish', async t => {
  const world = await mispWorld(t, hourly)
  const { simulator } = world
  const id = addIndicator(world, 'a')
  const before = await publish(world)
  const object = simulator.get(id)!
  const { calls } = simulator
  const push = calls.push.bind(calls)
  calls.push = (...added) => {
    const isSecond = added.some(({ query }) => query['limit'] === '1777')
    if (isSecond && !simulator.get(id)) simulator.add(object, { modified: `${object['modified']}` })
    return push(...added)
  }
  simulator.remove(id)
  hours(world, 1)
  t.strictSame((await publish(world)).files, before.files)
  t.ok(simulator.get(id), 'the second look saw it')
})

t.test('nor what only the second look misses', async t => {
  const world = await mispWorld(t, hourly)
  const { simulator } = world
  const [gone, there] = [addIndicator(world, 'gone'), addIndicator(world, 'there')]
  await publish(world)
  const { calls } = simulator
  const push = calls.push.bind(calls)
  calls.push = (...added) => {
    if (added.some(({ query }) => query['limit'] === '1777')) simulator.remove(there)
    return push(...added)
  }
  simulator.remove(gone)
  hours(world, 1)
  const served = await publish(world)
  t.equal(lifeOf(attributeOf(served, url('gone'))), 'deleted')
  t.equal(lifeOf(attributeOf(served, url('there'))), 'live')
})

const counting = () => {
  const counts = new Map<string, number>()
  const meter: Meter = { count: name => counts.set(name, (counts.get(name) ?? 0) + 1) }
  return { meter, counts }
}
const livesIn = (served: Served) =>
  Object.groupBy(
    served.events.flatMap(({ Attribute }) => Attribute.map(lifeOf)),
    life => life
  )

t.test('when most of a feed is gone at once, it has to be said twice', async t => {
  const { meter, counts } = counting()
  const world = await mispWorld(t, { ...hourly, meter })
  const misp = mispOf(world)
  const ids = Array.from({ length: 150 }, (_, n) => addIndicator(world, `${n}`))
  const objects = ids.map(id => world.simulator.get(id)!)
  const before = await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  for (const id of ids.slice(0, 101)) world.simulator.remove(id)
  hours(world, 1)
  t.strictSame(await publish(world), before)
  t.equal(counts.get('misp_walks_doubted'), 1)
  world.restart()
  hours(world, 1)
  const after = livesIn(await publish(world))
  t.strictSame([after['live']?.length, after['deleted']?.length], [49, 101])
  t.equal(counts.get('misp_walks_doubted'), 1)
  t.strictSame(await pullAndCompare(world, misp), [])

  for (const object of objects.slice(0, 101))
    world.simulator.add(object, { modified: `${object['modified']}` })
  hours(world, 1)
  t.strictSame(Object.keys(livesIn(await publish(world))), ['live'], 'all of it can come back')
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('what vanishes meanwhile does not prolong the doubt', async t => {
  const world = await mispWorld(t, hourly)
  const ids = Array.from({ length: 250 }, (_, n) => addIndicator(world, `${n}`))
  await publish(world)
  const remove = (from: number, to: number) => {
    for (const id of ids.slice(from, to)) world.simulator.remove(id)
  }
  remove(0, 130)
  hours(world, 1)
  t.strictSame(Object.keys(livesIn(await publish(world))), ['live'])
  remove(130, 140)
  hours(world, 1)
  t.equal(livesIn(await publish(world))['deleted']?.length, 140)
})

t.test('nor is more believed because something was doubted before', async t => {
  const world = await mispWorld(t, hourly)
  const ids = Array.from({ length: 500 }, (_, n) => addIndicator(world, `${n}`))
  await publish(world)
  for (const count of [260, 400]) {
    for (const id of ids.slice(0, count)) world.simulator.remove(id)
    hours(world, 1)
    t.strictSame(Object.keys(livesIn(await publish(world))), ['live'])
  }
  hours(world, 1)
  t.equal(livesIn(await publish(world))['deleted']?.length, 400)
})

t.test('a doubt is over when the feed is whole again', async t => {
  const { meter, counts } = counting()
  const world = await mispWorld(t, { ...hourly, meter })
  const ids = Array.from({ length: 150 }, (_, n) => addIndicator(world, `${n}`))
  const objects = ids.slice(0, 101).map(id => world.simulator.get(id)!)
  const before = await publish(world)
  for (let times = 1; times <= 2; times++) {
    for (const { id } of objects) world.simulator.remove(id)
    hours(world, 1)
    t.strictSame((await publish(world)).files, before.files)
    t.equal(counts.get('misp_walks_doubted'), times)
    for (const object of objects) world.simulator.add(object, { modified: `${object['modified']}` })
    hours(world, 1)
    await publish(world)
  }
})

t.test('less than half of a feed, or less than a hundred, may go at once', async t => {
  for (const [size, gone] of [
    [202, 101],
    [99, 99]
  ] as const) {
    const world = await mispWorld(t, hourly)
    const ids = Array.from({ length: size }, (_, n) => addIndicator(world, `${n}`))
    await publish(world)
    for (const id of ids.slice(0, gone)) world.simulator.remove(id)
    hours(world, 1)
    t.equal(livesIn(await publish(world))['deleted']?.length, gone)
  }
})

t.test('a walk that breaks off says nothing of what is missing, and is made up for', async t => {
  const world = await mispWorld(t, { settings: { walkMs: dayMs } })
  const id = addIndicator(world, 'a')
  const before = await publish(world)
  world.simulator.remove(id)
  world.simulator.faults.rate({ kind: 'status', status: 503, match: 'limit=1777' })
  wait(world, 1)
  world.simulator.clock.advance(11_000)
  await t.rejects(world.round(), failure('unavailable'))
  world.simulator.faults.clear()
  t.strictSame((await publish(world)).files, before.files)
  hours(world, 1)
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'deleted')
})

t.test('what was never published is forgotten by walks', async t => {
  const world = await mispWorld(t, { settings: { walkMs: dayMs } })
  addIndicator(world, 'a', { revoked: true })
  await publish(world)
  t.equal((await keysOf(world, 'bucket')).length, 1, 'known for as long as a tombstone is')
  wait(world, 179)
  await publish(world)
  t.equal((await keysOf(world, 'bucket')).length, 1)
  wait(world, 2)
  await publish(world)
  t.strictSame([await keysOf(world, 'bucket'), await keysOf(world, 'link')], [[], []])
})
