import t from 'tap'
import type { LogStore } from '../../src/kernel/ports.ts'
import { keysOf, truth, walk } from '../support/walks.ts'
import { crowdOf, missing, readAll, storeWith, worldOf } from '../support/worlds.ts'

/** Journals in the store that cannot be read: begun anew, the old one set aside. */

/** A store that tells the name of the log that was written last. */
function naming() {
  const store = storeWith()
  const seen = { log: '' }
  const named: LogStore = {
    ...store,
    commit: (log, commit) => {
      if (!log.includes(':access:') && !log.endsWith(':aside')) seen.log = log
      return store.commit(log, commit)
    }
  }
  return { store: named, seen }
}

const damages = {
  'an unknown format': { state: Buffer.from('{"format":99}'), heads: [] },
  'a state that is no JSON': { state: Buffer.from('{'), heads: [] },
  'a head that cannot be decoded': { heads: [{ no: 1, head: Buffer.from('not a head') }] }
}

for (const [what, damage] of Object.entries(damages)) {
  t.test(`a journal with ${what} is begun anew once, and nobody loses anything (K5)`, async t => {
    const { store, seen } = naming()
    const world = await worldOf(t, { store, logs: { rebuildHorizonSeconds: 86_400 } })
    const clients = crowdOf(world)
    await readAll(clients)
    const { log } = seen
    const before = (await store.load(log))!
    const expectedVersion = before.version
    await store.commit(log, {
      state: before.state,
      ...damage,
      bodies: [],
      expectedVersion
    })
    world.simulator.add(2)
    await world.restart()
    world.simulator.clock.advance(11_000)
    await readAll(clients)
    t.same(missing(world, clients), {})
    const after = (await store.load(log))!
    t.ok(after.version > expectedVersion + 1, 'a higher version')
    const aside = (await store.load(`${log}:aside`))!
    t.ok(aside, 'the old one is kept')
    t.same(aside.heads.length, before.heads.length)
    await world.restart()
    t.same(keysOf(await walk(world, { limit: 7 })).toSorted(), truth(world).toSorted())
    t.equal(await store.version(`${log}:aside`), aside.version, 'the next process can read it')
  })
}

t.test(
  'a gateway that finds the journal unreadable while it runs begins anew too (K5)',
  async t => {
    const { store, seen } = naming()
    const shared = { ...store, isShared: true }
    const world = await worldOf(t, { store: shared, logs: { rebuildHorizonSeconds: 86_400 } })
    const clients = crowdOf(world)
    await readAll(clients)
    const { version } = (await store.load(seen.log))!
    const state = Buffer.from('{"format":99}')
    await store.commit(seen.log, { expectedVersion: version, state, heads: [], bodies: [] })
    world.simulator.add(2)
    for (let poll = 0; poll < 2; poll++) {
      world.simulator.clock.advance(11_000)
      await readAll(clients)
    }
    t.same(missing(world, clients), {})
  }
)
