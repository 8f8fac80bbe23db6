import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import { Publications } from '../../src/misp/serve/publications.ts'
import { failure } from '../support/failure.ts'
import { addIndicator, mispWorld, publish, wait } from '../support/misp-scenes.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** What is held of a publication is good as long as the version of its feed in the store stays the same. */

/** The publications as one process sees them, and how often it read from the store. */
function reading({ documents }: MispWorld) {
  let reads = 0
  const store: DocumentStore = {
    ...documents,
    get: (...what) => {
      reads++
      return documents.get(...what)
    }
  }
  const options = { store, cacheMaxBytes: 1024 * 1024, maxHashes: 1000, onHashesCut: () => {} }
  return { publications: new Publications(options), reads: () => reads }
}

const uuidOf = async (publications: Publications, space: string) => {
  const manifest = await publications.manifest(space)
  return [...manifest!.timestamps.keys()][0]!
}

t.test('manifest and event are read once while the version stays', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  await publish(world)
  const { publications, reads } = reading(world)
  const { space } = world
  const uuid = await uuidOf(publications, space)
  const event = await publications.event(space, uuid)
  const before = reads()
  t.equal(await publications.event(space, uuid), event)
  t.equal(await uuidOf(publications, space), uuid)
  t.equal(reads(), before)
})

t.test('what another process published is seen at once, event and manifest alike', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  await publish(world)
  const { publications, reads } = reading(world)
  const { space } = world
  const uuid = await uuidOf(publications, space)
  const event = await publications.event(space, uuid)
  world.simulator.edit(id, { revoked: true })
  wait(world, 1)
  await publish(world)
  const newer = await publications.event(space, uuid)
  t.not(newer.digest, event.digest, 'though nobody told that something changed')
  const { timestamps } = (await reading(world).publications.manifest(space))!
  t.equal((await publications.manifest(space))!.timestamps.get(uuid), timestamps.get(uuid))
  const before = reads()
  t.equal(await publications.event(space, uuid), newer)
  t.equal(reads(), before)
})

t.test('who asks while a manifest is being read waits for the same reading', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  await publish(world)
  const { documents, space } = world
  const gate = Promise.withResolvers<void>()
  let reads = 0
  const looks = Promise.withResolvers<void>()
  let versions = 0
  const store: DocumentStore = {
    ...documents,
    async version(of) {
      if (++versions === 2) looks.resolve()
      return documents.version(of)
    },
    async get(...what) {
      reads++
      await gate.promise
      return documents.get(...what)
    }
  }
  const options = { store, cacheMaxBytes: 1024 * 1024, maxHashes: 1000, onHashesCut: () => {} }
  const publications = new Publications(options)
  const first = publications.manifest(space)
  while (reads === 0) await setImmediate()
  const second = publications.manifest(space)
  await looks.promise
  await setImmediate()
  gate.resolve()
  t.equal(await second, await first)
  t.equal(reads, 1)
})

t.test('an event of another feed, or of none, is not found', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  await publish(world)
  const { publications } = reading(world)
  const uuid = await uuidOf(publications, world.space)
  await t.rejects(publications.event('another space', uuid), failure('not-found'))
  const unknown = '00000000-0000-4000-8000-000000000000'
  await t.rejects(publications.event(world.space, unknown), failure('not-found'))
})
