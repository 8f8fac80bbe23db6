import fc from 'fast-check'
import { textOf } from '../../../src/demo/corpus/timeline.ts'
import type { Switches } from '../../../src/demo/switches.ts'
import { createProvenClock, type ProvenClock } from '../../../src/kernel/proven-clock.ts'
import { createMemoryStore } from '../../../src/stores/memory.ts'
import { defaultFeed, startWorld, type World } from '../gateway.ts'
import { type ModelClient, makeCrowd } from '../model-clients.ts'
import { type TroubledStore, troubledStore } from '../troubled-store.ts'
import { padded } from '../walks.ts'
import { parallel } from './history.ts'

/**
 * Histories of gateways whose machines do not know the time: clocks that are ahead or behind at the start of a process
 * and machines that stand still for a while, a Sekoia that tells its time, or does not, and objects that are ahead of
 * its own clock. In the end Sekoia tells its time, and no client misses anything.
 */

type Operation =
  | { readonly kind: 'step'; readonly client: number; readonly times: number }
  | { readonly kind: 'add' | 'ahead'; readonly count: number }
  | { readonly kind: 'late'; readonly count: number; readonly hiddenForMs: number }
  | { readonly kind: 'edit' | 'remove'; readonly which: number }
  | { readonly kind: 'tick'; readonly ms: number }
  | { readonly kind: 'clock'; readonly gateway: number; readonly skewMs: number }
  | { readonly kind: 'pause'; readonly gateway: number; readonly ms: number }
  | { readonly kind: 'date'; readonly date: Switches['date'] }
  | { readonly kind: 'restart' | 'crash' | 'evict' }

export interface ClockHistory {
  readonly seed: number
  readonly objects: number
  readonly gateways: number
  readonly newestFirst: boolean
  readonly pageLimit: number
  /** How many chains read the history at once at most; default 1. */
  readonly parallel?: number
  /** How long before the first request Sekoia's objects began; default two days. */
  readonly historyMs?: number
  readonly cursorMode: Switches['cursorMode']
  readonly limits: readonly number[]
  /** Of each machine at the beginning. */
  readonly skewsMs: readonly number[]
  readonly tellsTime: boolean
  readonly operations: readonly Operation[]
}

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]

const skews = fc.constantFrom(0, 0, 90_000, hour, 3 * day, 400 * day, -90_000, -hour)

const operation = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('step'),
      client: fc.nat(5),
      times: fc.integer({ min: 1, max: 4 })
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('add', 'add', 'ahead'),
      count: fc.integer({ min: 1, max: 3 })
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('late'),
      count: fc.integer({ min: 1, max: 3 }),
      hiddenForMs: fc.integer({ min: 1, max: 299_000 })
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('edit', 'edit', 'remove'), which: fc.nat(1000) })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('tick'),
      ms: fc.constantFrom(1, 999, 11_000, minute, 301_000, 1_000_000)
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('clock'), gateway: fc.nat(1), skewMs: skews })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pause'),
      gateway: fc.nat(1),
      ms: fc.constantFrom(20_000, 90_000, hour)
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('date'), date: fc.constantFrom('clock', 'none') })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('restart', 'crash', 'evict') }) }
) as fc.Arbitrary<Operation>

export const clockHistories = fc.record({
  seed: fc.nat(1_000_000),
  objects: fc.integer({ min: 0, max: 40 }),
  gateways: fc.constantFrom(1, 1, 2),
  newestFirst: fc.constantFrom(false, false, true),
  pageLimit: fc.constantFrom(5, 50),
  parallel,
  historyMs: fc.constantFrom(2 * day, 40 * day),
  cursorMode: fc.constantFrom('A', 'B'),
  limits: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 6, maxLength: 6 }),
  skewsMs: fc.array(skews, { minLength: 2, maxLength: 2 }),
  tellsTime: fc.boolean(),
  operations: fc.array(operation, { minLength: 5, maxLength: 40 })
}) as fc.Arbitrary<ClockHistory>

/** A machine with a clock of its own; its gateway sees nothing else. */
class Machine {
  /** Its clock less the true time, for processes that start from now on. */
  skewMs: number
  #stoodStillMs = 0
  #running: ProvenClock | undefined
  readonly #truth: () => number

  constructor(skewMs: number, truth: () => number) {
    this.skewMs = skewMs
    this.#truth = truth
  }

  clock(): ProvenClock {
    this.#running = createProvenClock({
      wall: () => this.#truth() + this.skewMs,
      monotonic: () => this.#truth() - this.#stoodStillMs
    })
    return this.#running
  }

  /** True while its gateway believes that it is earlier than it is. */
  get isBehind(): boolean {
    return this.#running !== undefined && this.#running.now() < this.#truth() - 5000
  }

  /** As a virtual machine does while it is moved: all its clocks lose that time. */
  standStill(ms: number): void {
    this.#stoodStillMs += ms
    this.skewMs -= ms
  }
}

interface Scene {
  readonly world: World
  readonly machines: readonly Machine[]
  readonly clients: readonly ModelClient[]
  /** Ids of objects that were ahead of Sekoia's own clock. */
  readonly ahead: Set<string>
  readonly store: TroubledStore
}

const noon = Date.UTC(2026, 0, 15, 12)

/** Plays a history, lets every client finish, and throws when one of them misses an object. */
export async function play(history: ClockHistory): Promise<void> {
  const { seed, objects, gateways, pageLimit, cursorMode, tellsTime, newestFirst } = history
  const clock = { now: () => noon }
  const memory = createMemoryStore({ bodyMaxBytes: 16_000_000 })
  const ofWorld = { now: () => clock.now() }
  const store = troubledStore(memory, { isShared: gateways > 1, clock: ofWorld })
  const machines: Machine[] = []
  const world = await startWorld({
    simulator: {
      ...{
        now: noon,
        seed,
        objects,
        from: noon - (history.historyMs ?? 2 * day),
        to: noon - 300_000,
        bloat: false
      },
      switches: { cursorMode, date: tellsTime ? 'clock' : 'none' }
    },
    logs: {
      ...{ pageLimit, rebuildHorizonSeconds: 86_400, cacheMaxBytes: seed % 2 ? 1 : 16_000_000 },
      ...{ backfillParallel: history.parallel ?? 1, backfillShare: 100, backfillMinPages: 0.5 }
    },
    store,
    processes: gateways,
    clockOf(gateway, truth) {
      machines[gateway] ??= new Machine(history.skewsMs[gateway]!, truth.now)
      return { ...machines[gateway].clock(), sleep: truth.sleep }
    }
  })
  clock.now = () => world.clock.now()
  if (newestFirst) world.simulator.putFeed({ id: defaultFeed, sort_order: 'desc' })
  try {
    const start = '2000-01-01T00:00:00.000Z'
    const clients = makeCrowd({ world, limits: history.limits, inspect, start })
    const scene = { world, machines, clients, ahead: new Set<string>(), store }
    for (const operation of history.operations) await perform(operation, scene)
    await finish(scene)
  } finally {
    await world.close()
  }
}

function inspect({ status, text, body }: { status: number; text: string; body: Body }): void {
  const isTrouble = [502, 503, 504].includes(status)
  if (status !== 200 && !isTrouble) throw new Error(`status ${status}: ${text}`)
  const ids = status === 200 ? (body.objects ?? []).map(({ id }) => id) : []
  if (new Set(ids).size < ids.length) throw new Error(`an id twice in a page: ${ids}`)
}

interface Body {
  readonly objects?: readonly { readonly id: string }[]
}

async function perform(operation: Operation, scene: Scene): Promise<void> {
  const { world, machines, clients, ahead } = scene
  const { simulator } = world
  switch (operation.kind) {
    case 'step':
      for (let i = 0; i < operation.times; i++) await clients[operation.client]!.step()
      return
    case 'add':
      simulator.add(operation.count)
      return
    case 'ahead':
      for (let i = 0; i < operation.count; i++) {
        const micros = (world.clock.now() + 12 * minute) * 1000 + 501 + 2 * ahead.size
        for (const id of simulator.add(1, { modified: textOf(micros) })) ahead.add(id)
      }
      return
    case 'late':
      simulator.add(operation.count, { hiddenForMs: operation.hiddenForMs })
      return
    case 'edit':
    case 'remove': {
      const visible = simulator.visible().filter(({ id }) => !ahead.has(id))
      if (visible.length > 0)
        simulator[operation.kind](visible[operation.which % visible.length]!.id)
      return
    }
    case 'tick':
      simulator.clock.advance(operation.ms)
      return
    case 'clock': {
      await tellThoseBehind(scene)
      const machine = machines[operation.gateway]
      if (machine) machine.skewMs = operation.skewMs
      return world.restart()
    }
    case 'pause':
      machines[operation.gateway]?.standStill(operation.ms)
      simulator.clock.advance(operation.ms)
      return
    case 'date':
      simulator.switches.date = operation.date
      return
    case 'restart':
    case 'crash':
      await tellThoseBehind(scene)
      return world[operation.kind]()
    case 'evict':
      await tellThoseBehind(scene)
      scene.store.evictAll()
      return world.restart()
  }
}

/**
 * A clock that is behind is put right while its process runs: what it has dated cannot be told from what a right one
 * has, once it has ended.
 */
async function tellThoseBehind({ world, machines, clients }: Scene): Promise<void> {
  if (!machines.some(({ isBehind }) => isBehind)) return
  world.simulator.switches.date = 'clock'
  for (let polls = 0; polls < 12; polls++) {
    world.simulator.clock.advance(11_000)
    await clients[0]!.step()
  }
}

/** Until everybody has polled the end of the feed often enough for the clocks to be proven, and twice more. */
async function finish({ world, clients, ahead }: Scene): Promise<void> {
  const { simulator } = world
  simulator.switches.date = 'clock'
  simulator.clock.advance(300_000)
  const owed = simulator.visible().map(({ id, modified }) => `${id}|${padded(modified)}`)
  for (let round = 0; round < 6; round++) {
    simulator.clock.advance(11_000)
    for (const client of clients) {
      for (let steps = 0; steps === 0 || !client.isIdle; steps++) {
        if (steps > 500) throw new Error(`${client.name} does not come to an end`)
        await client.step()
      }
    }
  }
  for (const { name, received } of clients) {
    // Who resumes by the times that objects show skips what follows one that is ahead.
    if (name === 'largest-modified poller' && ahead.size > 0) continue
    const missing = owed.filter(key => !received.has(key))
    if (missing.length > 0) throw new Error(`${name} misses ${missing.join(', ')}`)
  }
}
