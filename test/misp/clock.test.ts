import t from 'tap'
import {
  addIndicator,
  inDays,
  mispOf,
  mispWorld,
  publish,
  pullAndCompare,
  url,
  wait
} from '../support/misp-scenes.ts'
import { attributeOf, lifeOf, type Served } from '../support/misp-served.ts'

/** A clock that was ahead, and was put right: what it made of a feed's events is undone (K1). */

const newest = ({ manifest }: Served): number =>
  Math.max(...Object.values(manifest).map(({ timestamp }) => Number(timestamp)))

t.test('a value that a clock ahead let expire is live again, and MISP takes it over', async t => {
  const world = await mispWorld(t)
  const misp = mispOf(world)
  addIndicator(world, 'a', { valid_until: inDays(world, 5) })
  await publish(world)
  t.same(await pullAndCompare(world, misp), [])

  wait(world, 10)
  const early = await publish(world)
  t.equal(lifeOf(attributeOf(early, url('a'))), 'expired')
  t.same(await pullAndCompare(world, misp), [])

  wait(world, -10)
  const right = await publish(world)
  t.equal(lifeOf(attributeOf(right, url('a'))), 'live')
  t.ok(newest(right) > newest(early), 'timestamps of events never go back')
  t.same(await pullAndCompare(world, misp), [])

  addIndicator(world, 'b')
  const later = await publish(world)
  t.ok(newest(later) > newest(right))
  t.same(await pullAndCompare(world, misp), [])
  t.strictSame((await publish(world)).files, later.files, 'it is put right once')
})

t.test('a value that a clock ahead has forgotten is there again', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  const before = await publish(world)
  wait(world, 400)
  await publish(world)
  wait(world, 400)
  t.same((await publish(world)).events, [])

  wait(world, -800)
  const right = await publish(world)
  t.equal(lifeOf(attributeOf(right, url('a'))), 'live')
  t.ok(newest(right) > newest(before))
  t.same(await pullAndCompare(world, mispOf(world)), [])
})
