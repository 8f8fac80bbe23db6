import type { Test } from 'tap'
import { textOf } from '../../src/demo/corpus/timeline.ts'
import type { Fault } from '../../src/demo/faults.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { startWorld, type World, type WorldOptions } from './gateway.ts'
import { type ModelClient, makeCrowd } from './model-clients.ts'
import { truth } from './walks.ts'

/** Worlds for named examples: small, at a fixed time, with a history of weeks. */

export const noon = Date.UTC(2026, 0, 15, 12)

/** A world at noon, closed at the end of the test: sixty objects, two in a burst every day and a half. */
export async function worldOf(t: Test, options: WorldOptions = {}): Promise<World> {
  const { objects = options.simulator?.file === undefined ? 60 : 0, ...simulator } =
    options.simulator ?? {}
  const world = await startWorld({
    ...options,
    simulator: { now: noon, objects: 0, bloat: false, ...simulator },
    logs: { rebuildHorizonSeconds: 300, ...options.logs },
    client: { maxAttempts: 1, ...options.client }
  })
  t.teardown(() => world.close())
  for (let n = objects; n > 0; n--) world.simulator.add(1, { modified: timeBefore(n) })
  return world
}

const hourMs = 3_600_000

/** The time of the nth newest object: the two of a burst lie twenty microseconds apart. */
function timeBefore(n: number): string {
  const burst = Math.ceil(n / 2)
  const millis = noon - burst * 37 * hourMs + burst * 61_003
  return textOf(millis * 1000 + burst * 137 + (n % 2 === 0 ? 0 : 20))
}

/** The same with no objects but those of these times, under ids in the same order. */
export async function worldAt(
  t: Test,
  times: readonly string[],
  options: WorldOptions = {}
): Promise<{ world: World; ids: string[] }> {
  const world = await worldOf(t, { ...options, simulator: { objects: 0, ...options.simulator } })
  const ids = times.flatMap(modified => world.simulator.add(1, { modified }))
  return { world, ids }
}

/** A new memory store; by default with room for everything. */
export const storeWith = ({ bodyMaxBytes = 16_000_000 } = {}) => createMemoryStore({ bodyMaxBytes })

/** Options of a world in which no body is held anywhere: every segment is read again from Sekoia. */
export const forgetful = (pageLimit = 10): WorldOptions => ({
  logs: { pageLimit, cacheMaxBytes: 1 },
  store: storeWith({ bodyMaxBytes: 1 })
})

/** How many pages Sekoia was asked for since the last question. */
export function pageCalls({ simulator }: World): number {
  const count = simulator.calls.filter(({ path }) => path.endsWith('/objects')).length
  simulator.calls.length = 0
  return count
}

/** From now on, decides for each page call (1, 2, …) which fault strikes it, or does something else meanwhile. */
export function onPageCalls(
  { simulator }: World,
  decide: (call: number) => Fault | undefined
): void {
  let calls = 0
  simulator.faults.take = url => (url.includes('/collections/') ? decide(++calls) : undefined)
}

/** One client of each way to resume, on small pages. */
export const crowdOf = (world: World): ModelClient[] =>
  makeCrowd({ world, limits: [7], inspect: () => {}, start: '2000-01-01T00:00:00.000Z' })

/** Every client reads until it is told that there is no more, or `steps` times at most. */
export async function readAll(clients: readonly ModelClient[], steps = 200): Promise<void> {
  for (const client of clients) {
    let made = 0
    do await client.step()
    while (!client.isIdle && ++made < steps)
  }
}

/** What each client lacks of what Sekoia holds, by client; nothing when all is well. */
export function missing(world: World, clients: readonly ModelClient[]): Record<string, string[]> {
  const lacks = clients.map(({ name, received }) => [
    name,
    truth(world).filter(key => !received.has(key))
  ])
  return Object.fromEntries(lacks.filter(([, keys]) => keys!.length > 0))
}
