import t from 'tap'
import {
  addIndicator,
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
import { attributeOf, lifeOf, placeOf, placesOf, tagsOf, tlpOf } from '../support/misp-served.ts'

/** One value of several indicators is one attribute of an event (MISP-4, INV-10). */

const same = { pattern: urlPattern('same') }
const value = url('same')
const md5 = '1'.repeat(32)
const file = `[file:hashes.MD5 = '${md5}' OR file:hashes.'SHA-1' = '${'2'.repeat(40)}']`
const instant = (text: string) => `${text.slice(0, -1)}000+00:00`

t.test('two indicators with one value are one attribute that speaks for both', async t => {
  const world = await mispWorld(t)
  const [from, later] = [inDays(world, -3), inDays(world, -2)]
  const [until, longest] = [inDays(world, 5), inDays(world, 9)]
  const a = addIndicator(world, 'a', {
    ...same,
    confidence: 70,
    labels: ['one'],
    valid_from: later,
    valid_until: longest
  })
  const b = addIndicator(world, 'b', {
    ...same,
    labels: ['two'],
    valid_from: from,
    valid_until: until
  })
  const served = await publish(world)
  const attribute = attributeOf(served, value)
  t.equal(attribute.first_seen, instant(from), 'the earliest first_seen')
  t.equal(attribute.last_seen, instant(longest), 'the latest last_seen')
  t.strictSame(tagsOf(attribute), ['sekoia:label="one"', 'sekoia:label="two"'])
  t.equal(
    attribute.comment,
    [
      `Indicator a; confidence 70; expires ${longest.slice(0, 10)}; ${a}`,
      `Indicator b; expires ${until.slice(0, 10)}; ${b}`
    ].join(' | ')
  )
})

t.test('a merged value is first stamped with the latest `modified` of its indicators', async t => {
  for (const isFirst of [true, false]) {
    const world = await mispWorld(t)
    const ids = ['a', 'b', 'c'].map(name => addIndicator(world, name, same)).sort()
    world.simulator.clock.advance(5000)
    world.simulator.edit(isFirst ? ids[0]! : ids[1]!)
    const modified = `${secondsOf(world)}`
    t.equal(attributeOf(await publish(world), value).timestamp, modified)
  }
})

t.test(
  'a value that one of its indicators never lets end has neither first_seen nor last_seen',
  async t => {
    for (const from of ['2026-01-15T12:00:00.000Z', undefined]) {
      const world = await mispWorld(t)
      addIndicator(world, 'a', { ...same, valid_from: from })
      addIndicator(world, 'b', { ...same, valid_from: undefined, valid_until: undefined })
      const { first_seen: first, last_seen: last } = attributeOf(await publish(world), value)
      t.strictSame([first, last], [undefined, undefined], 'one alone is a warning in MISP')
    }
  }
)

t.test('a value that ends before it begins has none of both, which MISP would refuse', async t => {
  const world = await mispWorld(t)
  const from = inDays(world, 8)
  const over = { valid_from: from, valid_until: inDays(world, 7) }
  addIndicator(world, 'a', over)
  addIndicator(world, 'b', { ...over, pattern: file })
  const served = await publish(world)
  for (const held of [url('a'), md5]) {
    const { first_seen: first, last_seen: last } = attributeOf(served, held)
    t.strictSame([first, last], [undefined, undefined])
  }
})

t.test('a value is live while one of its indicators is, and only those speak for it', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const a = addIndicator(world, 'a', { ...same, labels: ['one'], valid_until: inDays(world, 2) })
  const b = addIndicator(world, 'b', { ...same, labels: ['two'], valid_until: inDays(world, 1) })
  const both = attributeOf(await publish(world), value)
  t.strictSame(await pullAndCompare(world, misp), [])
  wait(world, 1)
  const one = attributeOf(await publish(world), value)
  t.equal(lifeOf(one), 'live')
  t.match(one.comment, a)
  t.notMatch(one.comment, b)
  t.strictSame(tagsOf(one), tagsOf(both), 'tags are never taken away')
  t.strictSame(await pullAndCompare(world, misp), [])

  world.simulator.edit(a, { revoked: true })
  const expired = attributeOf(await publish(world), value)
  t.equal(lifeOf(expired), 'expired', 'the other one is still to be seen')
  t.match(expired.comment, b)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(b, { revoked: true })
  t.equal(lifeOf(attributeOf(await publish(world), value)), 'deleted')
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('another indicator brings back a value that was taken back', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const a = addIndicator(world, 'a', same)
  const before = placeOf(await publish(world), value)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(a, { revoked: true })
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  addIndicator(world, 'b', same)
  const after = placeOf(await publish(world), value)
  t.equal(after.attribute.uuid, before.attribute.uuid)
  t.equal(lifeOf(after.attribute), 'live')
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('a value merges within its day and TLP only', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a', same)
  addIndicator(world, 'b', { ...same, object_marking_refs: [markings.red] })
  addIndicator(world, 'c', { ...same, created: inDays(world, -1) })
  const places = placesOf(await publish(world), value)
  t.strictSame(places.map(({ event }) => [event.date, tlpOf(event)]).sort(), [
    ['2026-01-14', 'tlp:green'],
    ['2026-01-15', 'tlp:green'],
    ['2026-01-15', 'tlp:red']
  ])
  t.equal(new Set(places.map(({ attribute }) => attribute.uuid)).size, 3)
})

t.test('an indicator with several values has one attribute for each', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a', {
    pattern: "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']"
  })
  const served = await publish(world)
  for (const address of ['192.0.2.1', '192.0.2.2'])
    t.match(attributeOf(served, address).comment, id)
})

t.test('tags are only added: those of an attribute, of an Object and of a report', async t => {
  const world = await mispWorld(t)
  const ids = [
    addIndicator(world, 'a', { labels: ['one'] }),
    addIndicator(world, 'b', { pattern: file, labels: ['one'] })
  ]
  await publish(world)
  for (const id of ids) world.simulator.edit(id, { labels: ['two'] })
  const served = await publish(world)
  for (const held of [url('a'), md5])
    t.strictSame(tagsOf(attributeOf(served, held)), ['sekoia:label="one"', 'sekoia:label="two"'])
  for (const id of ids) world.simulator.edit(id, { revoked: true, labels: undefined })
  const deleted = await publish(world)
  t.equal(tagsOf(attributeOf(deleted, url('a'))).length, 2, 'a tombstone keeps them too')
})

t.test('MISP takes two spellings for one value: they stand in two events', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const spelt = (path: string) => ({ pattern: `[url:value = 'http://example.com/${path}']` })
  const lower = addIndicator(world, 'lower', spelt('a'))
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  const upper = addIndicator(world, 'upper', spelt('A'))
  const accent = addIndicator(world, 'accent', spelt('á'))
  const served = await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  const eventOf = (path: string) => placeOf(served, `http://example.com/${path}`).event.uuid
  t.equal(new Set(['a', 'A', 'á'].map(eventOf)).size, 3)

  world.simulator.edit(lower, { revoked: true })
  addIndicator(world, 'other', spelt('À'))
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [], 'nor does one take the place of a tombstone')
  for (const id of [upper, accent]) world.simulator.edit(id, { labels: ['edited'] })
  const edited = await publish(world)
  t.equal(placeOf(edited, 'http://example.com/A').event.uuid, eventOf('A'), 'each stays there')
  t.strictSame(await pullAndCompare(world, misp), [])
})
