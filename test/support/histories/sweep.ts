import fc from 'fast-check'
import { microsOf, textOf } from '../../../src/demo/corpus/timeline.ts'
import type { FaultKind } from '../../../src/demo/faults.ts'
import type { Switches } from '../../../src/demo/switches.ts'
import { createMemoryStore } from '../../../src/stores/memory.ts'
import { defaultFeed, startWorld, type World } from '../gateway.ts'
import { type Inspect, type ModelClient, makeCrowd } from '../model-clients.ts'
import { inspector } from '../promises.ts'
import { type TroubledStore, troubledStore } from '../troubled-store.ts'
import { truth } from '../walks.ts'
import { SweepWatch } from '../watching-sweeps.ts'
import { parallel } from './history.ts'

/**
 * Histories in which Sekoia changes what lies far behind the end of the feed: its filters are widened, objects appear
 * with an old `modified`, and known ones get another old `modified`. Nothing but a sweep finds that.
 */

type Operation =
  | { readonly kind: 'step'; readonly client: number; readonly times: number }
  /** `at`: where in the feed's span of time. */
  | { readonly kind: 'appear'; readonly count: number; readonly at: number }
  | { readonly kind: 'rewrite' | 'edit' | 'revoke' | 'remove'; readonly which: number }
  | { readonly kind: 'add'; readonly count: number }
  | { readonly kind: 'tick'; readonly ms: number }
  | { readonly kind: 'fault'; readonly fault: FaultKind; readonly times: number }
  | { readonly kind: 'widen' | 'restart' | 'crash' | 'evict' }

export interface SweepHistory {
  readonly seed: number
  readonly objects: number
  readonly historyMs: number
  readonly order: 'text' | 'instant'
  readonly switches: Partial<Switches>
  readonly newestFirst: boolean
  readonly pageLimit: number
  readonly processes: number
  /** How many chains read the history at once at most; default 1. */
  readonly parallel?: number
  readonly limits: readonly number[]
  readonly operations: readonly Operation[]
}

const sweepMs = 3_600_000
const relookSeconds = 300
const header = 'header poller'

const weighted = (
  weight: number,
  kind: string[],
  members: Record<string, fc.Arbitrary<unknown>>
) => ({
  weight,
  arbitrary: fc.record({ kind: fc.constantFrom(...kind), ...members })
})

const operation = fc.oneof(
  weighted(8, ['step'], { client: fc.nat(5), times: fc.integer({ min: 1, max: 4 }) }),
  weighted(5, ['appear'], { count: fc.integer({ min: 1, max: 4 }), at: fc.nat(1000) }),
  weighted(3, ['rewrite'], { which: fc.nat(1000) }),
  weighted(2, ['edit', 'revoke', 'remove'], { which: fc.nat(1000) }),
  weighted(2, ['add'], { count: fc.integer({ min: 1, max: 6 }) }),
  weighted(5, ['tick'], { ms: fc.constantFrom(1, 11_000, 301_000, 900_000, 3_700_000, 8_000_000) }),
  weighted(2, ['fault'], {
    fault: fc.constantFrom(
      'status',
      'reset',
      'truncated',
      'html',
      'no-items',
      'loop-cursor',
      'null-cursor'
    ),
    times: fc.integer({ min: 1, max: 3 })
  }),
  weighted(1, ['widen'], {}),
  weighted(2, ['restart', 'crash', 'evict'], {})
) as fc.Arbitrary<Operation>

export const sweepHistories: fc.Arbitrary<SweepHistory> = fc.record({
  seed: fc.nat(1_000_000),
  objects: fc.integer({ min: 0, max: 50 }),
  historyMs: fc.constantFrom(3_600_000, 86_400_000, 40 * 86_400_000, 40 * 86_400_000),
  order: fc.constantFrom('text', 'instant'),
  switches: fc.record({
    cursorMode: fc.constantFrom('A', 'B'),
    cursorLifetimeMs: fc.constantFrom(0, 0, 600_000),
    nullAtTip: fc.constantFrom(false, 'empty-page', 'last-page'),
    modifiedAfterOrder: fc.constantFrom('instant', 'text')
  }),
  newestFirst: fc.boolean(),
  pageLimit: fc.constantFrom(4, 7, 50),
  processes: fc.constantFrom(1, 1, 2),
  parallel,
  limits: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 6, maxLength: 6 }),
  operations: fc.array(operation, { minLength: 5, maxLength: 30 })
}) as fc.Arbitrary<SweepHistory>

/** Plays a history, lets the feed be swept, and throws when a client misses an object, or when sweeps do not rest. */
export async function play(history: SweepHistory): Promise<void> {
  const now = Date.UTC(2026, 0, 15, 12)
  const { seed, objects, historyMs, order, switches, pageLimit, limits, processes } = history
  const clock = { now: () => now }
  const ofWorld = { now: () => clock.now() }
  const memory = createMemoryStore({ bodyMaxBytes: 16_000_000 })
  const store = troubledStore(memory, { isShared: processes > 1, clock: ofWorld })
  const watch = new SweepWatch()
  const world = await startWorld({
    simulator: {
      now,
      seed,
      objects,
      order,
      switches,
      bloat: false,
      from: now - 300_000 - historyMs
    },
    logs: {
      ...{ pageLimit, relookSeconds, sweepSeconds: sweepMs / 1000, rebuildHorizonSeconds: 86_400 },
      ...{ backfillParallel: history.parallel ?? 1, backfillShare: 100, backfillMinPages: 0.5 }
    },
    store: watch.over(store),
    processes
  })
  clock.now = () => world.clock.now()
  world.simulator.putFeed({
    id: defaultFeed,
    types: ['indicator'],
    ...(history.newestFirst && { sort_order: 'desc' })
  })
  const scene = new Scene({ world, store, watch, now, historyMs, limits })
  try {
    for (const each of history.operations) await scene.perform(each)
    await scene.finish()
  } finally {
    await world.close()
  }
}

interface SceneParts extends Pick<SweepHistory, 'historyMs' | 'limits'> {
  readonly world: World
  readonly store: TroubledStore
  readonly watch: SweepWatch
  readonly now: number
}

class Scene {
  readonly #world: World
  readonly #store: TroubledStore
  readonly #watch: SweepWatch
  readonly #span: { readonly now: number; readonly historyMs: number }
  readonly #clients: readonly ModelClient[]
  /** Objects in the answers to the client that meets none twice. */
  #given = 0
  #appeared = 0

  constructor({ world, store, watch, now, historyMs, limits }: SceneParts) {
    this.#world = world
    this.#store = store
    this.#watch = watch
    this.#span = { now, historyMs }
    const check = inspector(world)
    const inspect: Inspect = (answer, query) => {
      check(answer, query)
      if (answer.status === 200 && query.get('limit') === '200')
        this.#given += answer.body.objects.length
    }
    this.#clients = makeCrowd({ world, limits, inspect, start: '2000-01-01T00:00:00.000Z' })
  }

  async perform(operation: Operation): Promise<void> {
    const { simulator } = this.#world
    switch (operation.kind) {
      case 'step':
        for (let i = 0; i < operation.times; i++) await this.#clients[operation.client]!.step()
        return
      case 'appear':
        for (let i = 0; i < operation.count; i++)
          simulator.add(1, { modified: this.#past(operation.at / 1000) })
        return
      case 'rewrite':
        return this.#rewrite(operation.which)
      case 'edit':
      case 'revoke':
      case 'remove': {
        const id = this.#pick(operation.which)?.id
        if (id) simulator[operation.kind](id)
        return
      }
      case 'add':
        simulator.add(operation.count)
        return
      case 'tick':
        simulator.clock.advance(operation.ms)
        return
      case 'fault':
        simulator.faults.once({ kind: operation.fault, match: '/objects' }, operation.times)
        return
      case 'widen':
        simulator.putFeed({ id: defaultFeed, types: [] })
        return
      case 'restart':
        return this.#world.restart()
      case 'crash':
        return this.#world.crash()
      case 'evict':
        this.#store.evictAll()
        return this.#world.restart()
    }
  }

  #pick(which: number) {
    const visible = this.#world.simulator.visible()
    return visible[which % visible.length]
  }

  /** A time of the feed that no other object has. */
  #past(part: number): string {
    const { now, historyMs } = this.#span
    const millis = Math.floor(now - 300_000 - historyMs * (1 - part))
    return textOf(millis * 1000 + 503 + 2 * this.#appeared++)
  }

  /** The same object with a little later time, so that it stays about where it is. */
  #rewrite(which: number): void {
    const object = this.#pick(which)
    const micros = object && microsOf(object.modified)
    if (micros === undefined || object === undefined) return
    const modified = textOf(micros + 100_001 + 2 * this.#appeared++)
    this.#world.simulator.edit(object.id, { name: 'rewritten' }, { modified })
  }

  async finish(): Promise<void> {
    const { simulator } = this.#world
    simulator.faults.clear()
    simulator.clock.advance(relookSeconds * 1000)
    let lacks = this.#missing()
    for (let sweeps = 0; sweeps < 8 && lacks.length > 0; sweeps++) {
      await this.#sweep()
      lacks = this.#missing()
    }
    if (lacks.length > 0) throw new Error(lacks.join('\n'))
    await this.#sweep()
    const given = this.#given
    await this.#sweep()
    await this.#sweep()
    if (this.#given > given) throw new Error(`the ${header} was given ${this.#given - given} again`)
  }

  /** Time enough for one sweep, with polls in between. */
  async #sweep(): Promise<void> {
    const { simulator } = this.#world
    const poll = async (ms = 70_000) => {
      simulator.clock.advance(ms)
      for (const client of this.#clients) await this.#readAll(client)
    }
    await this.#watch.untilNext(() => poll(sweepMs), poll)
    await poll()
  }

  async #readAll(client: ModelClient): Promise<void> {
    for (let steps = 0; steps === 0 || !client.isIdle; steps++) {
      if (steps > 500) throw new Error(`${client.name} does not come to an end`)
      await client.step()
    }
  }

  #missing(): string[] {
    const held = truth(this.#world)
    return this.#clients.flatMap(({ name, received }) => {
      const lacks = held.filter(key => !received.has(key))
      return lacks.length > 0 ? [`${name} misses ${lacks.join(', ')}`] : []
    })
  }
}
