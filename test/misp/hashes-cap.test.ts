import t from 'tap'
import { type HashesCut, Publications } from '../../src/misp/serve/publications.ts'
import { md5 } from '../support/misp/hashed-values.ts'
import { addIndicator, inDays, mispWorld, publish, url } from '../support/misp-scenes.ts'
import type { Served } from '../support/misp-served.ts'

/** hashes.csv has a cap, as MISP reads it into memory whole (MISP-1.3): the newest events come first. */

const namesIn = ({ hashes }: Served, names: readonly string[]) =>
  names.filter(name => hashes.some(line => line.startsWith(md5(url(name)))))

t.test('of more values than the cap, those of the events that changed last are there', async t => {
  const world = await mispWorld(t, { maxHashes: 3 })
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const ids = names.map((name, n) =>
    addIndicator(world, name, { created: inDays(world, n < 3 ? -1 : 0) })
  )
  const served = await publish(world)
  t.strictSame(namesIn(served, names), ['d', 'e', 'f'], 'the later day was stamped last')
  t.strictSame(served.hashes, served.hashes.toSorted())

  world.simulator.edit(ids[0]!, { name: 'Renamed' })
  t.strictSame(namesIn(await publish(world), names), ['a', 'b', 'c'])

  world.simulator.edit(ids[1]!, { revoked: true })
  const after = await publish(world)
  t.equal(after.hashes.length, 3, 'one of the next event fills up')
  t.strictSame(namesIn(after, ['a', 'b', 'c']), ['a', 'c'])
})

t.test('a value of several events has a line for each', async t => {
  const world = await mispWorld(t)
  for (const days of [0, -1]) addIndicator(world, 'a', { created: inDays(world, days) })
  const { hashes, manifest } = await publish(world)
  t.strictSame(
    hashes,
    Object.keys(manifest)
      .sort()
      .map(uuid => `${md5(url('a'))},${uuid}`)
  )
})

t.test('a file without room for all values is told, once as new, until one has room', async t => {
  const cuts: HashesCut[] = []
  const world = await mispWorld(t, { maxHashes: 2, onHashesCut: cut => cuts.push(cut) })
  const { space, documents: store } = world
  const options = { store, cacheMaxBytes: 1, maxHashes: 2, onHashesCut: () => {} }
  const leftOut = async () => {
    const reader = new Publications(options)
    return reader.hashesLeftOut((await reader.state(space))!)
  }
  const ids = ['a', 'b', 'c', 'd', 'e'].map((name, n) =>
    addIndicator(world, name, { created: inDays(world, n < 3 ? -1 : 0) })
  )
  await publish(world)
  t.strictSame(cuts.splice(0), [{ space, leftOut: 3, isNew: true }])
  t.equal(await leftOut(), 3, 'the state knows it without the file')
  world.simulator.edit(ids[0]!, { revoked: true })
  await publish(world)
  t.strictSame(cuts.splice(0), [{ space, leftOut: 2, isNew: false }])
  for (const id of ids.slice(1, 3)) world.simulator.edit(id, { revoked: true })
  await publish(world)
  t.strictSame(cuts, [], 'all have room')
  t.equal(await leftOut(), 0)
  addIndicator(world, 'f')
  await publish(world)
  t.strictSame(cuts, [{ space, leftOut: 1, isNew: true }])
})
