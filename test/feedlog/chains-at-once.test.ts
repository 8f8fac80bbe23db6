import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { LogStore } from '../../src/kernel/ports.ts'
import { defaultFeed } from '../support/gateway.ts'
import { idsOf, keysOf, read, walk } from '../support/walks.ts'
import { noon, storeWith, worldOf } from '../support/worlds.ts'

/** Two chains of one log that are read at the same time. */

/** Takes its time for commits, so that what one chain adds is on its way while another adds. */
function slowStore(): LogStore {
  const store = storeWith()
  return {
    ...store,
    async commit(log, commit) {
      await setTimeout(20)
      return store.commit(log, commit)
    }
  }
}

t.test('an object that both read comes once to who reads both (P-45)', async t => {
  const world = await worldOf(t, { store: slowStore(), logs: { pageLimit: 10 } })
  world.simulator.putFeed({ id: defaultFeed, sort_order: 'desc' })
  // Its place cannot be told from its time: each chain takes it as its first.
  world.simulator.odd('before-1970', { place: '2025-10-01T00:00:00.000501Z' })
  await Promise.all([
    read(world, { limit: 5 }),
    read(world, { limit: 5, added_after: '2000-01-01T00:00:00.000Z' })
  ])
  const ids = idsOf(await walk(world, { limit: 100 }))
  t.strictSame(new Set(ids), new Set(world.simulator.visible().map(({ id }) => id)))
  t.equal(ids.length, new Set(ids).size)
})

t.test('what no time can date, and both read, comes once, and as it is by now', async t => {
  const world = await worldOf(t, { store: slowStore(), logs: { pageLimit: 10 } })
  world.simulator.putFeed({ id: defaultFeed, sort_order: 'desc' })
  const id = world.simulator.odd('future', { place: '2025-10-01T00:00:00.000501Z' })
  const since = '2000-01-01T00:00:00.000Z'
  await Promise.all([read(world, { limit: 5, added_after: since }), read(world, { limit: 5 })])
  const keysOfIt = async () => {
    const keys = keysOf(await walk(world, { limit: 100, added_after: since }))
    return keys.filter(key => key.startsWith(id))
  }
  t.equal((await keysOfIt()).length, 1)
  const modified = world.simulator.edit(id)
  for (let poll = 0; poll < 3; poll++) {
    world.simulator.clock.advance(11_000)
    await world.crash()
    t.strictSame(await keysOfIt(), [`${id}|${modified}`])
  }
})

const days = (n: number) => new Date(noon - n * 86_400_000).toISOString()

/** Of objects of three days; while an addition of this number is being written, somebody begins at a time. */
async function worldWithOther(t: Test, addition: number, since: string) {
  let additions = 0
  const others: Promise<unknown>[] = []
  const store = storeWith()
  const world = await worldOf(t, {
    store: {
      ...store,
      async commit(log, commit) {
        if (commit.heads.length > 0 && ++additions === addition)
          others.push(read(world, { limit: 5, added_after: since }))
        await setTimeout(20)
        return store.commit(log, commit)
      }
    },
    simulator: { objects: 0 },
    logs: { pageLimit: 10 }
  })
  world.simulator.add(2, { modified: days(12) })
  const id = world.simulator.odd('unreadable-both', { place: days(11) })
  world.simulator.add(1, { modified: days(10) })
  await read(world, { limit: 100 })
  await Promise.all(others)
  t.equal(others.length, 1)
  return { world, id }
}

t.test('who begins later while the end is being reached gets what no time can date', async t => {
  // The second addition is that of what is undated.
  const { world, id } = await worldWithOther(t, 2, days(3))
  t.ok(idsOf(await walk(world, { limit: 100, added_after: days(3) })).includes(id))
})

t.test('who begins where a page that is being added has come to reads it there', async t => {
  const { world } = await worldWithOther(t, 1, days(10.5))
  const starts = world.simulator.calls.filter(({ query }) => query['modified_after'] !== undefined)
  t.equal(starts.filter(({ query }) => query['limit'] !== '1').length, 0)
})
