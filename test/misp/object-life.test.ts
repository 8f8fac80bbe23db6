import t from 'tap'
import type { ObjectBody } from '../../src/misp/events/wire.ts'
import {
  addIndicator,
  headsOf,
  inDays,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  wait
} from '../support/misp-scenes.ts'
import { lifeOf, readServed } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** The life of an Object, which MISP takes over as a whole (MISP-1.6). */

const hash = (digit: string, length: number) => digit.repeat(length)
const filePattern = (md5: string, sha1: string) =>
  `[file:hashes.MD5 = '${hash(md5, 32)}' OR file:hashes.'SHA-1' = '${hash(sha1, 40)}']`

const objectsOf = async (world: MispWorld): Promise<readonly ObjectBody[]> =>
  (await publish(world)).events.flatMap(event => event.Object)
const livesIn = ({ Attribute }: ObjectBody) =>
  Object.fromEntries(Attribute.map(each => [each.value[0], lifeOf(each)]))

t.test('an Object expires, is deleted and is forgotten with all that is in it', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a', { pattern: filePattern('1', '2'), valid_until: inDays(world, 1) })
  const [fresh] = await objectsOf(world)
  t.strictSame([fresh!.deleted, livesIn(fresh!)], [false, { 1: 'live', 2: 'live' }])
  wait(world, 1)
  const [expired] = await objectsOf(world)
  t.strictSame([expired!.deleted, livesIn(expired!)], [false, { 1: 'expired', 2: 'expired' }])
  t.ok(Number(expired!.timestamp) > Number(fresh!.timestamp), 'the Object itself is newer too')
  t.strictSame((await readServed(world)).hashes, [])
  wait(world, 30)
  const [deleted] = await objectsOf(world)
  t.strictSame([deleted!.deleted, livesIn(deleted!)], [true, { 1: 'deleted', 2: 'deleted' }])
  wait(world, 180)
  t.strictSame(await objectsOf(world), [])
})

t.test('a hash that leaves an Object is taken back in it, and the Object is newer', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  const id = addIndicator(world, 'a', { pattern: filePattern('1', '2') })
  const [before] = await objectsOf(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  world.simulator.edit(id, { pattern: filePattern('1', '3') })
  const [after] = await objectsOf(world)
  t.strictSame(livesIn(after!), { 1: 'live', 2: 'deleted', 3: 'live' })
  t.equal(after!.uuid, before!.uuid)
  t.ok(Number(after!.timestamp) > Number(before!.timestamp))
  t.strictSame(await pullAndCompare(world, misp), [])
  wait(world, 9)
  world.simulator.edit(id, { valid_until: inDays(world, 300) })
  await publish(world)
  wait(world, 171)
  const [later] = await objectsOf(world)
  t.strictSame(livesIn(later!), { 1: 'live', 3: 'live' }, 'until it is forgotten')
  t.ok(Number(later!.timestamp) > Number(after!.timestamp))
})

t.test('an Object that is restored soon beats a MISP clock that is 200 s ahead', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world, 200)
  const id = addIndicator(world, 'a', { pattern: filePattern('1', '2') })
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  for (let times = 0; times < 3; times++) {
    world.simulator.edit(id, { revoked: true })
    t.equal((await objectsOf(world))[0]!.deleted, true)
    t.strictSame(await pullAndCompare(world, misp), [])
    world.simulator.edit(id, { revoked: false })
    t.equal((await objectsOf(world))[0]!.deleted, false)
    t.strictSame(await pullAndCompare(world, misp), [])
  }
})

t.test('an Object whose validity is extended is live again', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world, 200)
  const until = { valid_until: inDays(world, 1) }
  const id = addIndicator(world, 'a', { pattern: filePattern('1', '2'), ...until })
  await publish(world)
  t.strictSame(await pullAndCompare(world, misp), [])
  for (const days of [2, 32]) {
    wait(world, days)
    await publish(world)
    t.strictSame(await pullAndCompare(world, misp), [])
    world.simulator.edit(id, { valid_until: inDays(world, 1) })
    t.strictSame(livesIn((await objectsOf(world))[0]!), { 1: 'live', 2: 'live' })
    t.strictSame(await pullAndCompare(world, misp), [])
  }
})

t.test('an Object that was taken back comes back live only', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a', { pattern: filePattern('1', '2') })
  await publish(world)
  world.simulator.edit(id, { revoked: true })
  const deleted = await objectsOf(world)
  world.simulator.edit(id, {
    revoked: false,
    valid_from: inDays(world, -2),
    valid_until: inDays(world, -1)
  })
  t.strictSame(await objectsOf(world), deleted)
})

t.test('what was taken back in a deleted Object has no time of its own', async t => {
  const world = await mispWorld(t)
  const created = inDays(world, 0)
  const id = addIndicator(world, 'a', { pattern: filePattern('1', '2') })
  await publish(world)
  world.simulator.edit(id, { pattern: filePattern('1', '3') })
  await publish(world)
  wait(world, 5)
  world.simulator.edit(id, { revoked: true })
  const [deleted] = await objectsOf(world)
  wait(world, 176)
  await publish(world)
  const [head] = await headsOf(world)
  t.ok(head!.changesAt! > world.clock.now(), 'nothing is due before the Object is forgotten')
  addIndicator(world, 'another of this day', { created })
  t.strictSame(await objectsOf(world), [deleted])
})
