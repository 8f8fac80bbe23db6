import t from 'tap'
import {
  addIndicator,
  addReport,
  dayMs,
  inDays,
  markings,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  secondsOf,
  url,
  urlPattern,
  wait
} from '../support/misp-scenes.ts'
import { attributeOf, lifeOf, livesOf, placeOf, placesOf, tlpOf } from '../support/misp-served.ts'

/** The life of a value (MISP-4): live, expired, taken back, forgotten. */

t.test('a value goes from live to expired to deleted, and is then forgotten', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a', { valid_until: inDays(world, 10) })
  const fresh = await publish(world)
  t.equal(lifeOf(attributeOf(fresh, url('a'))), 'live')
  t.equal(fresh.hashes.length, 1)

  wait(world, 10)
  const expired = await publish(world)
  const { to_ids: toIds, deleted, timestamp } = attributeOf(expired, url('a'))
  t.same([toIds, deleted], [false, false], 'visible without to_ids')
  t.equal(timestamp, `${secondsOf(world)}`, 'as of the publication that says so')
  t.same(expired.hashes, [])

  wait(world, 29)
  t.strictSame((await publish(world)).files, expired.files, 'for 30 days')
  wait(world, 1)
  const deletedAt = await publish(world)
  t.equal(lifeOf(attributeOf(deletedAt, url('a'))), 'deleted')

  wait(world, 179)
  t.strictSame((await publish(world)).files, deletedAt.files, 'for 180 days')
  wait(world, 1)
  const over = await publish(world)
  t.strictSame([over.manifest, over.events, over.hashes], [{}, [], []])
  for (const path of Object.keys(fresh.manifest))
    t.equal((await world.fetch(`/${path}.json`, {})).status, 404, 'not even by its name')
})

t.test('a value that never has to_ids leaves hashes.csv when it expires', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a', { pattern: "[file:name = 'setup.exe']" })
  const fresh = await publish(world)
  t.equal(attributeOf(fresh, 'setup.exe').to_ids, false)
  t.equal(fresh.hashes.length, 1)
  wait(world, 10)
  const expired = await publish(world)
  t.strictSame(expired.hashes, [])
  t.strictSame(expired.events, fresh.events, 'its event has nothing else to say')
})

t.test('E and T are settings', async t => {
  const world = await mispWorld(t, { settings: { expiredMs: 0, tombstoneMs: 5 * dayMs } })
  addIndicator(world, 'a', { valid_until: inDays(world, 1) })
  await publish(world)
  wait(world, 1)
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'deleted')
  wait(world, 4.9)
  t.equal(placesOf(await publish(world), url('a')).length, 1)
  wait(world, 0.1)
  t.equal(placesOf(await publish(world), url('a')).length, 0)
})

t.test('what was never live is never served', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'expired', { valid_from: inDays(world, -2), valid_until: inDays(world, -1) })
  addIndicator(world, 'revoked', { revoked: true })
  addIndicator(world, 'deprecated', { x_ic_deprecated: true })
  const late = addIndicator(world, 'late', { revoked: true })
  t.strictSame((await publish(world)).events, [])
  const past = { valid_from: inDays(world, -2), valid_until: inDays(world, -1) }
  world.simulator.edit(late, { revoked: false, ...past })
  t.strictSame((await publish(world)).events, [], 'nor what is said to have been valid afterwards')
})

t.test('an end that cannot be one is none, and is counted', async t => {
  const counts = new Map<string, number>()
  const count = (name: string, _: unknown, by = 1) =>
    void counts.set(name, (counts.get(name) ?? 0) + by)
  const world = await mispWorld(t, { meter: { count } })
  const from = inDays(world, -1)
  for (const [name, until] of [
    ['year-1', '0001-01-01T00:00:00Z'],
    ['year-1970', '1970-01-01T00:00:00.000Z'],
    ['equal', from],
    ['before', inDays(world, -2)]
  ] as const)
    addIndicator(world, name, { valid_from: from, valid_until: until })
  const served = await publish(world)
  for (const name of ['year-1', 'year-1970', 'equal', 'before']) {
    t.equal(lifeOf(attributeOf(served, url(name))), 'live', name)
    t.notOk(attributeOf(served, url(name)).last_seen)
  }
  t.equal(counts.get('misp_impossible_ends'), 4)
})

t.test('START and STOP bound when a value is looked for', async t => {
  const world = await mispWorld(t)
  const bounds = `START t'${inDays(world, 1)}' STOP t'${inDays(world, 3)}'`
  const hashes = `file:hashes.MD5 = '${'a'.repeat(32)}' AND file:size = 1`
  addIndicator(world, 'a', { pattern: `[url:value = '${url('a')}'] ${bounds}` })
  addIndicator(world, 'b', { pattern: `[${hashes}] ${bounds}` })
  const lives = async () => {
    const served = await publish(world)
    return [url('a'), 'a'.repeat(32)].map(value => attributeOf(served, value).to_ids)
  }
  t.strictSame(await lives(), [false, false], 'not yet')
  wait(world, 1)
  t.strictSame(await lives(), [true, true])
  wait(world, 2)
  t.strictSame(await lives(), [false, false], 'no more')
  const { first_seen, last_seen } = attributeOf(await publish(world), url('a'))
  t.equal(Date.parse(last_seen!) - Date.parse(first_seen!), 2 * dayMs)
})

t.test('a copy in a report is looked for from START on, too', async t => {
  const world = await mispWorld(t)
  const bounds = `START t'${inDays(world, 1)}' STOP t'${inDays(world, 3)}'`
  addReport(world, [addIndicator(world, 'a', { pattern: `[url:value = '${url('a')}'] ${bounds}` })])
  const lives = async () =>
    placesOf(await publish(world), url('a')).map(({ attribute }) => attribute.to_ids)
  t.strictSame(await lives(), [false, false])
  wait(world, 1)
  t.strictSame(await lives(), [true, true])
})

t.test('an expired value that is moved to another TLP is not served there', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a', { valid_until: inDays(world, 1) })
  const file = addIndicator(world, 'b', {
    valid_until: inDays(world, 1),
    pattern: `[file:hashes.MD5 = '${'1'.repeat(32)}' OR file:hashes.'SHA-1' = '${'2'.repeat(40)}']`
  })
  await publish(world)
  wait(world, 1)
  await publish(world)
  for (const each of [id, file]) world.simulator.edit(each, { object_marking_refs: [markings.red] })
  const served = await publish(world)
  t.strictSame(livesOf(served, url('a')), { 'tlp:green': 'deleted' })
  t.strictSame(livesOf(served, '1'.repeat(32)), { 'tlp:green': 'deleted' })
})

t.test('what is revoked or deprecated is taken back at once', async t => {
  for (const change of [{ revoked: true }, { x_ic_deprecated: true }]) {
    const world = await mispWorld(t)
    const id = addIndicator(world, 'a')
    const before = attributeOf(await publish(world), url('a'))
    world.simulator.edit(id, change)
    const after = attributeOf(await publish(world), url('a'))
    t.strictSame(
      { ...after, timestamp: '' },
      { ...before, deleted: true, to_ids: false, timestamp: '' }
    )
    t.equal(after.timestamp, `${secondsOf(world)}`)
    wait(world, 180)
    t.strictSame((await publish(world)).events, [])
  }
})

t.test('a pattern that changes takes its old value back', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'old')
  await publish(world)
  world.simulator.edit(id, { pattern: urlPattern('new') })
  const served = await publish(world)
  t.equal(lifeOf(attributeOf(served, url('old'))), 'deleted')
  t.equal(lifeOf(attributeOf(served, url('new'))), 'live')
  t.equal(placeOf(served, url('old')).event.uuid, placeOf(served, url('new')).event.uuid)
})

t.test('a pattern that is no more takes its value back', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  await publish(world)
  world.simulator.edit(id, { pattern: undefined })
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'deleted')
})

t.test('an indicator that moves to another TLP leaves a tombstone behind', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const id = addIndicator(world, 'a')
  const before = placeOf(await publish(world), url('a'))
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(id, { object_marking_refs: [markings.red] })
  const served = await publish(world)
  t.strictSame(livesOf(served, url('a')), { 'tlp:green': 'deleted', 'tlp:red': 'live' })
  const places = placesOf(served, url('a'))
  const [green, red] = ['tlp:green', 'tlp:red'].map(
    tlp => places.find(p => tlpOf(p.event) === tlp)!
  )
  t.equal(green!.attribute.uuid, before.attribute.uuid)
  t.not(red!.attribute.uuid, before.attribute.uuid, 'its uuid is another one there')
  t.strictSame(await pullAndCompare(world, misp), [])

  world.simulator.edit(id, { object_marking_refs: [markings.green] })
  t.strictSame(livesOf(await publish(world), url('a')), {
    'tlp:green': 'live',
    'tlp:red': 'deleted'
  })
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('a value whose validity is extended is live again, and newer', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const id = addIndicator(world, 'a', { valid_until: inDays(world, 1) })
  await publish(world)
  for (const days of [1, 40]) {
    wait(world, days)
    const over = attributeOf(await publish(world), url('a'))
    t.equal(over.to_ids, false)
    t.strictSame(await pullAndCompare(world, misp), [])
    world.simulator.edit(id, { valid_until: inDays(world, 1) })
    const back = attributeOf(await publish(world), url('a'))
    t.equal(lifeOf(back), 'live')
    t.ok(Number(back.timestamp) > Number(over.timestamp))
    t.strictSame(await pullAndCompare(world, misp), [])
  }
})

t.test('what was taken back comes back live only', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  await publish(world)
  world.simulator.edit(id, { revoked: true })
  const deleted = await publish(world)
  world.simulator.edit(id, {
    revoked: false,
    valid_from: inDays(world, -2),
    valid_until: inDays(world, -1)
  })
  t.strictSame((await publish(world)).files, deleted.files)
})

t.test('a value that was forgotten can come back', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const id = addIndicator(world, 'a')
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(id, { revoked: true })
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  wait(world, 200)
  await publish(world)
  world.simulator.edit(id, { revoked: false, valid_until: inDays(world, 5) })
  t.equal(lifeOf(attributeOf(await publish(world), url('a'))), 'live')
  t.strictSame(await pullAndCompare(world, misp), [])
})
