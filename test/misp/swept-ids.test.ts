import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import type { OddItem } from '../../src/demo/corpus/odd.ts'
import { addIndicator, mispWorld, publish, url } from '../support/misp-scenes.ts'
import { attributeOf, lifeOf } from '../support/misp-served.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** What counts as there, though it cannot be read; and readings of the feed log in the place of walks. */

const hourMs = 3_600_000

/** Puts something that cannot be read in the place of an object. */
function damage({ simulator }: MispWorld, id: string, kind: OddItem, size?: number): void {
  const { modified, ...members } = simulator.get(id)!
  simulator.remove(id)
  simulator.odd(kind, { members, place: `${modified}`, ...(size && { size }) })
}

t.test('what can no longer be read has not vanished', async t => {
  for (const kind of ['nan', 'trailing-comma', 'no-id', 'null-item', 'no-type'] as const) {
    const world = await mispWorld(t, { settings: { walkMs: hourMs } })
    const ids = ['a', 'b', 'c'].map(name => addIndicator(world, name))
    await publish(world)
    damage(world, ids[1]!, kind)
    world.simulator.clock.advance(hourMs)
    const served = await publish(world)
    t.equal(lifeOf(attributeOf(served, url('b'))), 'live', kind)
    world.simulator.remove(ids[2]!)
    world.simulator.clock.advance(hourMs)
    // Without an id, what is damaged may be any object.
    const isNamed = !['no-id', 'null-item'].includes(kind)
    const after = lifeOf(attributeOf(await publish(world), url('c')))
    t.equal(after, isNamed ? 'deleted' : 'live', kind)
  }
})

t.test('nor has what is too large to be had', async t => {
  const client = { maxBodyBytes: 1024 * 1024 }
  const world = await mispWorld(t, { settings: { walkMs: hourMs }, client })
  const ids = ['a', 'b', 'c'].map(name => addIndicator(world, name))
  await publish(world)
  damage(world, ids[1]!, 'huge', 1024 * 1024)
  world.simulator.clock.advance(hourMs)
  t.equal(lifeOf(attributeOf(await publish(world), url('b'))), 'live')
})

t.test('a reading of the feed log takes the place of a walk', async t => {
  const world = await mispWorld(t, {
    logs: { sweepSeconds: 3600, pageLimit: 10 },
    settings: { walkMs: hourMs, sweepMs: hourMs }
  })
  const { calls } = world.simulator
  const ids = Array.from({ length: 25 }, (_, n) => addIndicator(world, `${n}`))
  await publish(world)
  const rounds = async () => {
    calls.length = 0
    for (let part = 0; part < 16; part++) {
      world.simulator.clock.advance(hourMs / 12)
      await publish(world)
      await setTimeout(10)
    }
    const walked = calls.filter(({ query }) => query['match[type]'])
    return [...new Set(walked.map(({ query }) => query['limit']))]
  }
  t.strictSame(await rounds(), [], 'nothing is missing: no walk')
  world.simulator.remove(ids[7]!)
  const limits = [...(await rounds()), ...(await rounds())]
  t.strictSame(limits, ['1777'], 'the second look')
  t.equal(lifeOf(attributeOf(await publish(world), url('7'))), 'deleted')
  t.equal(lifeOf(attributeOf(await publish(world), url('8'))), 'live')
})
