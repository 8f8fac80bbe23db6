import t from 'tap'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import { Publications } from '../../src/misp/serve/publications.ts'
import { addIndicator, mispWorld, publish, wait } from '../support/misp-scenes.ts'
import type { MispWorld } from '../support/misp-world.ts'

/** When an event goes out from memory, and when the store has to be looked into first. */

/** The publications as one process sees them, and how often it looked into the store. */
function reading({ documents, clock }: MispWorld, isShared: boolean) {
  let looks = 0
  const store: DocumentStore = {
    ...documents,
    isShared,
    version: space => {
      looks++
      return documents.version(space)
    },
    get: (...what) => {
      looks++
      return documents.get(...what)
    }
  }
  const options = { store, clock, cacheMaxBytes: 1024 * 1024, maxHashes: 1000 }
  return { publications: new Publications(options), looks: () => looks }
}

const uuidOf = async (publications: Publications, space: string) => {
  const manifest = await publications.manifest(space)
  return [...manifest!.timestamps.keys()][0]!
}

t.test('an event that is held goes out without a look into a store of our own', async t => {
  const world = await mispWorld(t)
  addIndicator(world, 'a')
  await publish(world)
  const { publications, looks } = reading(world, false)
  const { space } = world
  const uuid = await uuidOf(publications, space)
  t.equal(publications.heldEvent(space, uuid), undefined, 'nobody asked for it yet')
  const event = await publications.event(space, uuid)
  const before = looks()
  t.equal(publications.heldEvent(space, uuid), event)
  t.equal(publications.heldEvent(space, '00000000-0000-4000-8000-000000000000'), undefined)
  t.equal(publications.heldEvent('another space', uuid), undefined)
  t.equal(looks(), before)
})

t.test('not when its manifest lists a newer one', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  await publish(world)
  const { publications } = reading(world, false)
  const { space } = world
  const uuid = await uuidOf(publications, space)
  const event = await publications.event(space, uuid)
  world.simulator.edit(id, { revoked: true })
  wait(world, 1)
  await publish(world)
  publications.changed(space)
  await publications.manifest(space)
  t.equal(publications.heldEvent(space, uuid), undefined)
  const newer = await publications.event(space, uuid)
  t.not(newer.digest, event.digest)
  t.equal(publications.heldEvent(space, uuid), newer)
})

t.test('never from a store that others write to: their manifest may list a newer one', async t => {
  const world = await mispWorld(t)
  const id = addIndicator(world, 'a')
  await publish(world)
  const { publications } = reading(world, true)
  const { space } = world
  const uuid = await uuidOf(publications, space)
  const event = await publications.event(space, uuid)
  t.equal(publications.heldEvent(space, uuid), undefined)
  world.simulator.edit(id, { revoked: true })
  wait(world, 1)
  await publish(world)
  const newer = await publications.event(space, uuid)
  t.not(newer.digest, event.digest, 'though nobody told that something changed')
})
