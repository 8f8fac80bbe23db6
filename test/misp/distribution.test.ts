import t from 'tap'
import {
  addIndicator,
  addReport,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare
} from '../support/misp-scenes.ts'

/** Who may see events, for a MISP that leaves it to them. */

const hashes = `[file:hashes.MD5 = '${'a'.repeat(32)}' OR file:hashes.'SHA-1' = '${'b'.repeat(40)}']`

t.test('by default an event says nothing of it', async t => {
  const world = await mispWorld(t)
  addReport(world, [addIndicator(world, 'a')])
  for (const event of (await publish(world)).events) {
    t.notOk('distribution' in event)
    for (const attribute of event.Attribute) t.notOk('distribution' in attribute)
  }
})

t.test('set, events have it, and what is in them inherits it', async t => {
  const world = await mispWorld(t, { settings: { distribution: '1' } })
  addReport(world, [addIndicator(world, 'a'), addIndicator(world, 'b', { pattern: hashes })])
  const { events } = await publish(world)
  t.equal(events.length, 2)
  for (const event of events) {
    t.equal(event.distribution, '1')
    const inObjects = event.Object.flatMap(({ Attribute }) => Attribute)
    const children = [...event.Attribute, ...event.Object, ...inObjects, ...event.EventReport]
    for (const child of children) t.equal(child.distribution, '5')
  }
})

t.test('changed, it reaches what was published before', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  addIndicator(world, 'a')
  const before = (await publish(world)).events[0]!
  await misp.pull()
  world.restart({ settings: { distribution: '3' } })
  const after = (await publish(world)).events[0]!
  t.equal(after.distribution, '3')
  t.ok(Number(after.timestamp) > Number(before.timestamp))
  t.ok(Number(after.Attribute[0]!.timestamp) > Number(before.Attribute[0]!.timestamp))
  t.strictSame(await pullAndCompare(world, misp), [])
})
