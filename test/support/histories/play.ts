import { type EvictingStore, evictingStore } from '../evicting-store.ts'
import { defaultFeed, startWorld, type World } from '../gateway.ts'
import { type ModelClient, makeCrowd } from '../model-clients.ts'
import { inspector } from '../promises.ts'
import { truth } from '../walks.ts'
import { type History, horizonSeconds, type Operation, relookSeconds } from './history.ts'
import { OddCast } from './odd-cast.ts'

/** Plays a history, lets every client finish, and throws when one of them misses an object. */
export async function play(history: History): Promise<void> {
  const now = Date.UTC(2026, 0, 15, 12)
  const store = evictingStore(history.processes > 1)
  const world = await startWorld({
    simulator: {
      now,
      seed: history.seed,
      objects: history.objects,
      from: now - 300_000 - history.historyMs,
      order: history.order,
      switches: history.switches,
      bloat: false
    },
    logs: {
      pageLimit: history.pageLimit,
      assumeTies: history.assumeTies,
      relookSeconds,
      rebuildHorizonSeconds: horizonSeconds,
      cacheMaxBytes: history.cacheMaxBytes
    },
    store,
    processes: history.processes
  })
  if (history.newestFirst) world.simulator.putFeed({ id: defaultFeed, sort_order: 'desc' })
  try {
    const { limits, epoch } = history
    const inspect = inspector(world)
    const clients = makeCrowd({ world, limits, inspect, start: `${epoch}-01-01T00:00:00.000Z` })
    const scene = { world, clients, store, odd: new OddCast(world, history) }
    for (const operation of history.operations) await perform(operation, scene)
    await finish(scene)
  } finally {
    await world.close()
  }
}

interface Scene {
  readonly world: World
  readonly clients: readonly ModelClient[]
  readonly odd: OddCast
  store: EvictingStore
}

async function perform(operation: Operation, scene: Scene): Promise<void> {
  const { world, clients } = scene
  const { simulator } = world
  switch (operation.kind) {
    case 'step':
      for (let i = 0; i < operation.times; i++) await clients[operation.client]!.step()
      return
    case 'edit':
    case 'revoke':
    case 'remove': {
      const visible = simulator.visible()
      if (visible.length > 0)
        simulator[operation.kind](visible[operation.which % visible.length]!.id)
      return
    }
    case 'add':
    case 'ties':
      simulator[operation.kind](operation.count)
      return
    case 'late':
      simulator.add(operation.count, { hiddenForMs: operation.hiddenForMs })
      return
    case 'odd':
      scene.odd.enter(operation)
      return
    case 'tick':
      simulator.clock.advance(operation.ms)
      return
    case 'fault':
      // The same wrong page three times in a row cannot be told from the truth.
      if (operation.fault === 'duplicate-page' && simulator.faults.waiting > 1) return
      simulator.faults.once(
        { kind: operation.fault, match: '/objects' },
        Math.min(operation.times, operation.fault === 'duplicate-page' ? 1 : 3)
      )
      return
    case 'outage':
      simulator.faults.clear()
      simulator.faults.rate({ kind: 'status', status: 503 }, 1)
      for (const client of clients) await client.step()
      simulator.clock.advance(operation.ms)
      for (const client of clients) await client.step()
      simulator.faults.clear()
      return
    case 'restart':
      return world.restart()
    case 'crash':
      return world.crash()
    case 'evict':
      scene.store.evictAll()
      return world.restart()
    case 'wipe':
      scene.store = evictingStore(scene.store.isShared)
      return world.restart(scene.store)
  }
}

/** Until everybody has polled the end of the feed twice after the last change. */
async function finish({ world, clients, odd }: Scene): Promise<void> {
  const { simulator } = world
  simulator.faults.clear()
  simulator.clock.advance(relookSeconds * 1000)
  const settled = truth(world)
  const owed = odd.settled()
  for (let round = 0; round < 3; round++) {
    simulator.clock.advance(11_000)
    for (const client of clients) {
      for (let steps = 0; steps === 0 || !client.isIdle; steps++) {
        if (steps > 500) throw new Error(`${client.name} does not come to an end`)
        await client.step()
      }
    }
  }
  for (const client of clients) {
    const missing = [
      ...settled.filter(key => !odd.has(key) && !client.received.has(key)),
      ...odd.missing(client, owed)
    ]
    if (odd.mayMislead(client)) continue
    if (missing.length > 0) throw new Error(`${client.name} misses ${missing.join(', ')}`)
  }
}
