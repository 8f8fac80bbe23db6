import fc from 'fast-check'
import type { FaultKind } from '../../src/demo/faults.ts'
import type { Switches } from '../../src/demo/switches.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { type Answer, startWorld, type World } from './gateway.ts'
import {
  ClockPoller,
  HeaderPoller,
  type Inspect,
  type ModelClient,
  ModifiedPoller,
  OpenCti,
  TokenKeeper,
  TokenWalker
} from './model-clients.ts'

/** Random histories of a feed, a gateway and its clients, and what must hold in each of them. */

export type Operation =
  | { readonly kind: 'step'; readonly client: number; readonly times: number }
  | { readonly kind: 'edit' | 'revoke' | 'remove'; readonly which: number }
  | { readonly kind: 'add' | 'ties'; readonly count: number }
  | { readonly kind: 'late'; readonly count: number; readonly hiddenForMs: number }
  | { readonly kind: 'tick'; readonly ms: number }
  | { readonly kind: 'fault'; readonly fault: FaultKind; readonly times: number }
  | { readonly kind: 'outage'; readonly ms: number }
  | { readonly kind: 'restart' | 'crash' | 'evict' | 'wipe' }

export interface History {
  readonly seed: number
  readonly objects: number
  readonly historyMs: number
  readonly order: 'text' | 'instant'
  readonly switches: Partial<Switches>
  readonly pageLimit: number
  readonly assumeTies: boolean
  /** The year from which OpenCTI asks; one in which there is no walk from the beginning starts one more walk. */
  readonly epoch: '1970' | '2000'
  readonly processes: number
  readonly cacheMaxBytes: number
  readonly limits: readonly number[]
  readonly operations: readonly Operation[]
}

const relookSeconds = 300
/** Longer than any time that can pass in a history. */
const horizonSeconds = 86_400

const faultKinds: FaultKind[] = [
  'status',
  'reset',
  'truncated',
  'error-object',
  'html',
  'no-items',
  'bad-gzip',
  'loop-cursor'
]

const repeats: FaultKind[] = Array(faultKinds.length).fill('duplicate-page')

interface Variant {
  readonly pageLimits: readonly number[]
  /** Groups of equal times, which need pages longer than a group, and the check of page ends. */
  readonly ties: boolean
  readonly switches: Record<string, fc.Arbitrary<unknown>>
  /**
   * Sekoia may give a page again in place of the next one. Only where there is one walk of the feed: a page of
   * another walk, or of a gateway before, cannot be told from the truth.
   */
  readonly repeatedPages?: boolean
  /** Gateways on one store, which clients reach in turn (P-40); default 1. */
  readonly processes?: number
}

function operations({ ties, repeatedPages }: Variant): fc.Arbitrary<Operation> {
  const weighted = (
    weight: number,
    kind: string[],
    members: Record<string, fc.Arbitrary<unknown>>
  ) => ({
    weight,
    arbitrary: fc.record({ kind: fc.constantFrom(...kind), ...members })
  })
  return fc.oneof(
    weighted(10, ['step'], { client: fc.nat(5), times: fc.integer({ min: 1, max: 4 }) }),
    weighted(4, ['edit', 'edit', 'revoke', 'remove'], { which: fc.nat(1000) }),
    weighted(3, ties ? ['add', 'ties'] : ['add'], { count: fc.integer({ min: 1, max: 6 }) }),
    weighted(2, ['late'], {
      count: fc.integer({ min: 1, max: 3 }),
      hiddenForMs: fc.integer({ min: 1, max: (relookSeconds - 1) * 1000 })
    }),
    weighted(4, ['tick'], {
      ms: fc.constantFrom(1, 999, 2000, 11_000, 60_000, 299_000, 301_000, 1_000_000)
    }),
    weighted(2, ['fault'], {
      fault: fc.constantFrom(...faultKinds, ...(repeatedPages ? repeats : [])),
      times: fc.integer({ min: 1, max: 3 })
    }),
    weighted(1, ['outage'], { ms: fc.integer({ min: 1, max: 400_000 }) }),
    weighted(
      2,
      repeatedPages ? ['restart', 'crash', 'evict'] : ['restart', 'crash', 'evict', 'wipe'],
      {}
    )
  ) as fc.Arbitrary<Operation>
}

const histories = (variant: Variant): fc.Arbitrary<History> =>
  fc.record({
    seed: fc.nat(1_000_000),
    objects: fc.integer({ min: 0, max: 60 }),
    historyMs: fc.constantFrom(3_600_000, 86_400_000, 40 * 86_400_000),
    order: fc.constantFrom('text', 'instant'),
    switches: fc.record(variant.switches),
    pageLimit: fc.constantFrom(...variant.pageLimits),
    assumeTies: fc.constant(variant.ties),
    processes: fc.constant(variant.processes ?? 1),
    epoch: fc.constant(variant.repeatedPages ? '1970' : '2000'),
    cacheMaxBytes: fc.constantFrom(1, 20_000, 16_000_000),
    limits: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 6, maxLength: 6 }),
    operations: fc.array(operations(variant), { minLength: 5, maxLength: 40 })
  }) as fc.Arbitrary<History>

const nullAtTip = fc.constantFrom(false, 'empty-page', 'last-page')
const modifiedAfterOrder = fc.constantFrom('instant', 'text')

/** Ties across page edges, both kinds of cursor, cursors that expire. */
export const tiedHistories = histories({
  pageLimits: [7, 9, 50],
  ties: true,
  switches: {
    cursorMode: fc.constantFrom('A', 'B'),
    cursorLifetimeMs: fc.constantFrom(0, 0, 600_000),
    nullAtTip,
    modifiedAfterOrder
  }
})

/** Pages of one to three objects, and cursors that give their own object again. */
export const shortPageHistories = histories({
  pageLimits: [1, 2, 3],
  ties: false,
  switches: { cursorMode: fc.constantFrom('A', 'B'), nullAtTip, modifiedAfterOrder }
})

export const inclusiveCursorHistories = histories({
  pageLimits: [3, 5, 50],
  ties: false,
  switches: { inclusiveCursor: fc.constant(true), nullAtTip, modifiedAfterOrder }
})

export const repeatedPageHistories = histories({
  pageLimits: [3, 7, 50],
  ties: false,
  switches: { cursorMode: fc.constantFrom('A', 'B'), nullAtTip, modifiedAfterOrder },
  repeatedPages: true
})

export const sharedStoreHistories = histories({
  pageLimits: [3, 7, 50],
  ties: false,
  switches: { cursorMode: fc.constantFrom('A', 'B'), nullAtTip, modifiedAfterOrder },
  processes: 2
})

/** Plays a history, lets every client finish, and throws when one of them misses an object. */
export async function play(history: History): Promise<void> {
  const now = Date.UTC(2026, 0, 15, 12)
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
    store: newStore(history.processes > 1),
    processes: history.processes
  })
  try {
    const clients = makeClients(world, history)
    for (const operation of history.operations) await perform(operation, world, clients)
    await finish(world, clients)
  } finally {
    await world.close()
  }
}

/** A memory store whose bodies can be thrown away. */
function evictingStore(isShared: boolean) {
  const store = createMemoryStore({ bodyMaxBytes: 16_000_000 })
  let generation = 0
  const kept = new Map<string, number>()
  const nameOf = (log: string, no: number) => `${log}/${no}`
  return {
    ...store,
    isShared,
    evictAll() {
      generation++
    },
    async commit(log: string, commit: Parameters<typeof store.commit>[1]) {
      for (const { no } of commit.bodies) kept.set(nameOf(log, no), generation)
      return store.commit(log, commit)
    },
    async writeBody(log: string, no: number, body: Buffer) {
      kept.set(nameOf(log, no), generation)
      return store.writeBody(log, no, body)
    },
    async readBody(log: string, no: number) {
      return kept.get(nameOf(log, no)) === generation ? store.readBody(log, no) : undefined
    }
  }
}

let current = evictingStore(false)

function newStore(isShared: boolean) {
  current = evictingStore(isShared)
  return current
}

function makeClients(world: World, { limits, epoch }: History): ModelClient[] {
  const inspect = inspector(world)
  const at = (i: number) => ({ world, limit: limits[i]!, inspect })
  return [
    new TokenWalker(at(0)),
    new TokenKeeper(at(1)),
    new ClockPoller(at(2)),
    new ModifiedPoller(at(3)),
    new HeaderPoller({ ...at(4), limit: 200 }),
    new OpenCti(at(5), `${epoch}-01-01T00:00:00.000Z`)
  ]
}

async function perform(operation: Operation, world: World, clients: ModelClient[]): Promise<void> {
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
      current.evictAll()
      return world.restart()
    case 'wipe':
      return world.restart(newStore(current.isShared))
  }
}

/** Until everybody has polled the end of the feed twice after the last change. */
async function finish(world: World, clients: ModelClient[]): Promise<void> {
  const { simulator } = world
  simulator.faults.clear()
  simulator.clock.advance(relookSeconds * 1000)
  const settled = simulator.visible()
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
    const missing = settled.filter(({ id, modified }) => !hasReceived(client, id, modified))
    if (missing.length > 0)
      throw new Error(
        `${client.name} misses ${missing.map(m => `${m.id} ${m.modified}`).join(', ')}`
      )
  }
}

const hasReceived = (client: ModelClient, id: string, modified: string): boolean =>
  client.received.has(`${id}|${padded(modified)}`)

/** The repair rule: at least three fraction digits. */
const padded = (text: string): string =>
  text.replace(/(?:\.(\d*))?Z$/, (_, f = '') => `.${f.padEnd(3, '0')}Z`)

const anyTs6 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const ts6 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/

/** What every single answer promises (P-1, P-5, P-6, P-11, P-21, T-3.4-23). */
function inspector(world: World): Inspect {
  return (answer: Answer, query) => {
    if (answer.status !== 200) {
      if (![500, 502, 503, 504].includes(answer.status) || answer.status === 500)
        throw new Error(`status ${answer.status}: ${answer.text}`)
      return
    }
    const { objects, more, next } = answer.body
    const [first, last] = ['first', 'last'].map(
      end => answer.headers[`x-taxii-date-added-${end}`] as string
    )
    const check = (isRight: boolean, what: string) => {
      if (!isRight) throw new Error(`${what}: ${query} → ${answer.text.slice(0, 300)}`)
    }
    const form = objects.length > 0 ? ts6 : anyTs6
    check(form.test(first!) && form.test(last!), 'date headers are TS6, of records on milliseconds')
    check(first! <= last!, 'dates ascend')
    check(objects.length <= Number(query.get('limit')), 'limit is kept')
    check((more === true) === (typeof next === 'string'), 'next comes with more')
    check(!more || objects.length > 0, 'a page with more holds something')
    const after = query.get('added_after')
    const isFresh = objects.length > 0 && after !== null && !query.has('next')
    check(!isFresh || Date.parse(first!) > Date.parse(after!), 'added_after is exclusive')
    check(objects.length === 0 || Date.parse(last!) <= world.clock.now() + 1000, 'no future dates')
    const ids = objects.map(({ id }: { id: string }) => id)
    check(new Set(ids).size === ids.length, 'no id twice in a page')
  }
}
