import t from 'tap'
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
import { lifeOf, livesOf, placeOf, placesOf, type Served } from '../support/misp-served.ts'
import { differences } from '../support/misp-sync.ts'

/** How events are cut, and how far back they go: both may be configured anew (MISP-4). */

const uuidsOf = ({ events }: Served) => events.map(({ uuid }) => uuid)
const lives = (served: Served, name: string) =>
  placesOf(served, url(name))
    .map(({ attribute }) => lifeOf(attribute))
    .sort()

t.test('with bits of the shard, a day is several events', async t => {
  const world = await mispWorld(t, { settings: { shardBits: 3 } })
  for (let n = 0; n < 60; n++) addIndicator(world, `${n}`)
  const { events } = await publish(world)
  t.strictSame(
    events.map(({ info }) => info).sort(),
    [0, 1, 2, 3, 4, 5, 6, 7].map(shard => `Synthetic feed 2026-01-15 #${shard}/8 TLP:GREEN`)
  )
})

t.test(
  'a feed that is cut anew: its old events are taken back, and a MISP stays in sync',
  async t => {
    const world = await mispWorld(t)
    const misp = mispOf(world)
    const ids = Array.from({ length: 20 }, (_, n) => addIndicator(world, `${n}`))
    const report = addReport(world, ids.slice(0, 2))
    addIndicator(world, 'short', { valid_until: inDays(world, 1) })
    const old = await publish(world)
    t.strictSame(await pullAndCompare(world, misp), [])
    wait(world, 1)

    world.restart({ settings: { shardBits: 1 } })
    const served = await publish(world)
    t.strictSame(lives(served, '0'), ['deleted', 'live', 'live'], 'the day anew, the report is not')
    t.equal(new Set(uuidsOf(served)).size, 4, 'two of the day, the old one, and the report')
    t.equal(new Set(served.events.map(({ info }) => info)).size, 4, 'whose names are all different')
    t.strictSame(lives(served, 'short'), ['deleted'], 'what expired meanwhile does not come back')
    t.strictSame(await pullAndCompare(world, misp), [])
    t.strictSame(await pullAndCompare(world, mispOf(world)), [], 'nor does a new one miss anything')

    world.simulator.edit(ids[0]!, { revoked: true })
    world.simulator.edit(report, { object_refs: ids.slice(0, 3) })
    const later = await publish(world)
    t.strictSame(lives(later, '2'), ['deleted', 'live', 'live'], 'reports go on')
    t.strictSame(await pullAndCompare(world, misp), [])

    wait(world, 181)
    const day = placeOf(old, url('short')).event.uuid
    t.notOk((await publish(world)).manifest[day])
  }
)

t.test('old events stand until the new ones are all there', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  // More than one page of the feed log.
  for (let n = 0; n < 2100; n++) addIndicator(world, `${n}`, { created: inDays(world, -(n % 3)) })
  await publish(world)
  await pullAndCompare(world, misp)

  world.restart({ settings: { shardBits: 1, partialMs: 0 } })
  const missing: string[] = []
  let pulls = 0
  const { documents } = world
  const commit = documents.commit.bind(documents)
  documents.commit = async (space, change) => {
    const isDone = await commit(space, change)
    if (change.puts.some(({ table }) => table === 'file')) {
      await misp.pull()
      pulls++
      missing.push(...differences(world.simulator, misp).filter(text => text.includes('lacks')))
    }
    return isDone
  }
  await publish(world)
  t.ok(pulls > 1, 'there was a publication in between')
  t.strictSame(missing, [], 'and no pull lost anything')
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('a feed that is cut anew and back again', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const ids = Array.from({ length: 6 }, (_, n) => addIndicator(world, `${n}`))
  const old = await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.restart({ settings: { shardBits: 2 } })
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(ids[0]!, { revoked: true })
  world.restart({ settings: { shardBits: 0 } })
  const back = await publish(world)
  t.equal(
    placeOf({ events: back.events.filter(({ uuid }) => uuid === old.events[0]!.uuid) }, url('1'))
      .attribute.deleted,
    false
  )
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('what vanished before stays away when the feed is cut anew', async t => {
  const world = await mispWorld(t, { settings: { walkMs: 365 * dayMs } })
  const endless = { valid_until: undefined }
  const id = addIndicator(world, 'a', endless)
  addIndicator(world, 'b', endless)
  await publish(world)
  world.simulator.remove(id)
  wait(world, 366)
  t.strictSame(lives(await publish(world), 'a'), ['deleted'])
  world.restart({ settings: { walkMs: 365 * dayMs, shardBits: 1 } })
  const served = await publish(world)
  t.notOk(lives(served, 'a').includes('live'))
  t.ok(lives(served, 'b').includes('live'))
})

t.test('nothing of an old layout is left over when its time is over', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'expired', { valid_until: inDays(world, 1) })
  const id = addIndicator(world, 'revoked')
  await publish(world)
  wait(world, 2)
  world.simulator.edit(id, { revoked: true })
  await publish(world)
  world.restart({ settings: { shardBits: 1, walkMs: dayMs } })
  await publish(world)
  wait(world, 200)
  await publish(world)
  await publish(world)
  for (const table of ['bucket', 'dirty', 'event', 'head', 'hash', 'link', 'wanted'])
    t.strictSame(await keysOf(world, table), [], table)
})

t.test('the window', async t => {
  t.test('leaves out what was created before it, edited or not', async t => {
    const world = await mispWorld(t, { settings: { windowDays: 2 } })
    addIndicator(world, 'at-its-edge', { created: '2026-01-13T00:00:00.000Z' })
    const id = addIndicator(world, 'before-it', { created: '2026-01-12T23:59:59.999Z' })
    const served = await publish(world)
    t.strictSame([lives(served, 'at-its-edge'), lives(served, 'before-it')], [['live'], []])
    world.simulator.edit(id, { labels: ['edited'] })
    t.strictSame(lives(await publish(world), 'before-it'), [])
  })

  t.test('takes nothing back as time goes on', async t => {
    const world = await mispWorld(t, { settings: { windowDays: 2 } })
    addIndicator(world, 'a', { valid_until: inDays(world, 100) })
    const before = await publish(world)
    wait(world, 30)
    addIndicator(world, 'b', { created: inDays(world, -20) })
    const after = await publish(world)
    t.strictSame(livesOf(after, url('a')), { 'tlp:green': 'live' })
    t.equal(
      after.files.get(`/${uuidsOf(before)[0]}.json`),
      before.files.get(`/${uuidsOf(before)[0]}.json`)
    )
    t.strictSame(lives(after, 'b'), ['live'], 'it began when the feed was first built')
  })

  t.test('that becomes wider takes in what is missing, and changes nothing else', async t => {
    const world = await mispWorld(t, { settings: { windowDays: 2 } })
    const misp = mispOf(world)
    addIndicator(world, 'new')
    addIndicator(world, 'old', { created: inDays(world, -9), valid_from: inDays(world, -9) })
    const old = await publish(world)
    t.strictSame(lives(old, 'old'), [])
    await misp.pull()
    for (const windowDays of [10, undefined]) {
      world.restart({ settings: { windowDays } })
      const served = await publish(world)
      t.strictSame(lives(served, 'old'), ['live'])
      const [uuid] = uuidsOf(old)
      t.equal(served.files.get(`/${uuid}.json`), old.files.get(`/${uuid}.json`))
      t.strictSame(await pullAndCompare(world, misp), [])
    }
  })

  t.test('that becomes wider brings back nothing that vanished', async t => {
    const world = await mispWorld(t, { settings: { windowDays: 2, walkMs: 1 } })
    const id = addIndicator(world, 'gone')
    addIndicator(world, 'there')
    await publish(world)
    world.simulator.remove(id)
    const vanished = await publish(world)
    t.strictSame(lives(vanished, 'gone'), ['deleted'])
    world.restart({ settings: { windowDays: 30, walkMs: 365 * dayMs } })
    t.strictSame((await publish(world)).files, vanished.files)
  })

  t.test('that becomes narrower takes back what is outside, copies in reports too', async t => {
    const world = await mispWorld(t)
    const misp = mispOf(world)
    const long = { valid_until: inDays(world, 100) }
    const id = addIndicator(world, 'old', long)
    addReport(world, [id])
    await publish(world)
    wait(world, 9)
    const other = addIndicator(world, 'new', long)
    addReport(world, [id, other])
    const before = await publish(world)
    t.equal(before.events.length, 4)
    await misp.pull()
    world.restart({ settings: { windowDays: 2 } })
    const served = await publish(world)
    t.strictSame(lives(served, 'old'), ['deleted', 'deleted', 'deleted'])
    t.strictSame(lives(served, 'new'), ['live', 'live'])
    t.strictSame(
      served.events.flatMap(({ EventReport }) => EventReport.map(({ deleted }) => deleted)).sort(),
      [false, true]
    )
    await misp.pull()
    t.strictSame([...misp.liveToIds().keys()], [`url|${url('new')}`])
    world.simulator.edit(id, { name: 'edited' })
    t.notOk(lives(await publish(world), 'old').includes('live'), 'and it stays outside')
    world.restart({ settings: { windowDays: undefined } })
    t.ok(lives(await publish(world), 'old').includes('live'), 'until the window is wider again')
  })

  t.test('that becomes wider later than it would reach back takes nothing back', async t => {
    const world = await mispWorld(t, { settings: { windowDays: 2 } })
    addIndicator(world, 'a', { valid_until: inDays(world, 100) })
    const before = await publish(world)
    wait(world, 30)
    world.restart({ settings: { windowDays: 5 } })
    t.strictSame((await publish(world)).files, before.files)
  })
})
