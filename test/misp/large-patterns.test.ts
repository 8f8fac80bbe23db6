import { hash } from 'node:crypto'
import t from 'tap'
import { attributeCount } from '../../src/misp/events/wire.ts'
import { addIndicator, mispOf, mispWorld, publish, pullAndCompare } from '../support/misp-scenes.ts'
import { attributeOf } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** Patterns with more values than an event has room for, and patterns that go out whole. */

const stateOf = async ({ documents, space }: MispWorld) =>
  JSON.parse(`${(await documents.get(space, 'state', ['state']))[0]}`)

const address = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
const either = (count: number): string =>
  `[${Array.from({ length: count }, (_, n) => `ipv4-addr:value = '${address(n)}'`).join(' OR ')}]`

t.test('an indicator with 12,000 values goes on in a second event, and loses none', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const pattern = either(12_000)
  t.ok(pattern.length > 65_535, 'it is longer than a value may be')
  const id = addIndicator(world, 'many', { pattern })
  const { events, hashes } = await publish(world)
  t.strictSame(events.map(attributeCount).sort(), [2001, 9999])
  t.equal(hashes.length, 12_000)
  t.ok(attributeOf(await publish(world), address(11_999)).to_ids)
  t.strictSame((await stateOf(world)).totals, {
    events: 2,
    attributes: 12_000,
    live: 12_000,
    indicators: 1,
    merged: 0,
    hashes: 12_000
  })
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(id, { pattern: either(3) })
  const fewer = await publish(world)
  t.equal(fewer.hashes.length, 3)
  t.strictSame(await pullAndCompare(world, misp), [])
})

t.test('a pattern that goes out whole is one live value in an Object', async t => {
  const world = await mispWorld(t)
  const pattern = "[url:value LIKE 'http://example.com/%']"
  addIndicator(world, 'like', { pattern })
  const served = await publish(world)
  const [event] = served.events
  t.strictSame(event!.Attribute, [])
  const [object] = event!.Object
  t.equal(object!.name, 'stix2-pattern')
  t.strictSame(
    object!.Attribute.map(({ type, value, to_ids: toIds }) => ({ type, value, toIds })),
    [{ type: 'stix2-pattern', value: pattern, toIds: false }]
  )
  t.ok(served.hashes.some(line => line.startsWith(hash('md5', pattern))))
  t.match((await stateOf(world)).totals, { attributes: 1, live: 1, indicators: 1 })
})

t.test('what a value does not say of the pattern stands in its comment', async t => {
  const world = await mispWorld(t)
  const md5 = 'a'.repeat(32)
  addIndicator(world, 'a', { pattern: `[file:hashes.MD5 = '${md5}' AND file:is_signed = true]` })
  const file = `file:hashes.MD5 = '${'b'.repeat(32)}' AND file:name = 'b.exe'`
  addIndicator(world, 'b', { pattern: `[${file} AND file:size > 10]` })
  const served = await publish(world)
  t.match(attributeOf(served, md5).comment, /; pattern: file:is_signed; indicator--/)
  const [object] = served.events[0]!.Object
  t.match(object!.comment, /; pattern: file:size >; indicator--/)
  t.ok(object!.Attribute.every(({ comment }) => comment === object!.comment))
})
