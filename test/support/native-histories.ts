import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { pino } from 'pino'
import { type App, buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { FaultKind } from '../../src/demo/faults.ts'
import { type Simulator, startSimulator } from '../../src/demo/simulator.ts'
import type { Switches } from '../../src/demo/switches.ts'
import type { AnswerStore } from '../../src/kernel/answer-store.ts'
import { type Clock, type LogStore, silentMeter } from '../../src/kernel/ports.ts'
import { createMeter } from '../../src/ops/metrics.ts'
import { createSekoiaClient } from '../../src/sekoia/client.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { createMemoryAnswers } from '../../src/stores/memory-answers.ts'
import { createMemoryDocuments } from '../../src/stores/memory-documents.ts'
import { type Item, keysOf, native, type Page, pagePath, type Reply } from './native-world.ts'

/** Random lives of native clients: what they do, what Sekoia and the gateway do meanwhile, and what must come of it. */

const noon = Date.UTC(2026, 0, 15, 12)

export interface NativeHistory {
  readonly seed: number
  readonly objects: number
  readonly switches: Partial<Switches>
  readonly clients: readonly ClientPlan[]
  readonly operations: readonly Operation[]
}

interface ClientPlan {
  readonly limit: number
  readonly query: string
  readonly start: 'beginning' | 'time' | 'sekoia'
}

type Operation =
  | { readonly kind: 'step'; readonly client: number; readonly times: number }
  | { readonly kind: 'direct'; readonly client: number }
  | { readonly kind: 'edit' | 'revoke'; readonly pick: number }
  | { readonly kind: 'add'; readonly count: number; readonly hiddenForMs: number }
  | { readonly kind: 'ties'; readonly count: number }
  | { readonly kind: 'fault'; readonly fault: FaultKind; readonly times: number }
  | { readonly kind: 'clock'; readonly ms: number }
  | { readonly kind: 'restart'; readonly losesLogs: boolean; readonly losesAnswers: boolean }
  | { readonly kind: 'lookUp'; readonly pick: number }

const queries = [
  '',
  '',
  'match[type]=indicator',
  'include_revoked=False&skip_expired=true',
  'include_revoked=True',
  'match[observable_type]=url',
  'return_all_fields=true'
]

const faultKinds: FaultKind[] = [
  'status',
  'reset',
  'truncated',
  'html',
  'null',
  'error-object',
  'no-items',
  'bad-gzip',
  'null-cursor'
]

const client: fc.Arbitrary<ClientPlan> = fc.record({
  limit: fc.constantFrom(1, 3, 7, 50, 2000, 10_000),
  query: fc.constantFrom(...queries),
  start: fc.constantFrom('beginning', 'time', 'sekoia')
})

const common: fc.WeightedArbitrary<Operation>[] = [
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('step'),
      client: fc.nat({ max: 3 }),
      times: fc.integer({ min: 1, max: 6 })
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('edit', 'revoke'), pick: fc.nat({ max: 999 }) })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fault'),
      fault: fc.constantFrom(...faultKinds),
      times: fc.integer({ min: 1, max: 4 })
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('clock'),
      ms: fc.constantFrom(1, 900, 11_000, 31_000, 400_000)
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart'),
      losesLogs: fc.boolean(),
      losesAnswers: fc.boolean()
    })
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lookUp'), pick: fc.nat({ max: 999 }) }) }
]

const add = (hiddenForMs: fc.Arbitrary<number>): fc.WeightedArbitrary<Operation> => ({
  weight: 4,
  arbitrary: fc.record({
    kind: fc.constant('add'),
    count: fc.integer({ min: 1, max: 4 }),
    hiddenForMs
  })
})

const historyOf = (
  operations: fc.WeightedArbitrary<Operation>[],
  switches: fc.Arbitrary<Partial<Switches>>,
  plan: fc.Arbitrary<ClientPlan> = client
): fc.Arbitrary<NativeHistory> =>
  fc.record({
    seed: fc.nat({ max: 1000 }),
    objects: fc.integer({ min: 0, max: 120 }),
    switches,
    clients: fc.array(plan, { minLength: 4, maxLength: 4 }),
    operations: fc.array(fc.oneof(...operations), { maxLength: 60 })
  })

const cursorMode = fc.constantFrom('A' as const, 'B' as const)

/** Clients put the base URL back to Sekoia's for a while. Sekoia by itself loses late arrivals and ties. */
export const wanderingHistories: fc.Arbitrary<NativeHistory> = historyOf(
  [
    ...common,
    add(fc.constant(0)),
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('direct'), client: fc.nat({ max: 3 }) })
    }
  ],
  fc.record({ cursorMode })
)

/** Late arrivals and objects of one time, for clients that stay; those with a chain of Sekoia's own lose what it loses. */
export const lateHistories: fc.Arbitrary<NativeHistory> = historyOf(
  [
    ...common,
    add(fc.constantFrom(0, 5000, 60_000)),
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('ties'), count: fc.integer({ min: 2, max: 9 }) })
    }
  ],
  fc.record({ cursorMode, nullAtTip: fc.constantFrom(false as const, 'empty-page' as const) }),
  client.map(plan => ({
    ...plan,
    start: 'beginning',
    query: /observable|fields/.test(plan.query) ? '' : plan.query
  }))
)

class World {
  readonly simulator: Simulator
  readonly #clock: Clock
  #logs: LogStore = newLogs()
  #answers: AnswerStore
  #app: App | undefined

  constructor(simulator: Simulator) {
    this.simulator = simulator
    this.#clock = {
      now: () => simulator.clock.now(),
      async sleep(ms) {
        simulator.clock.advance(ms)
        await setImmediate()
      }
    }
    this.#answers = this.#newAnswers()
  }

  async restart(losesLogs: boolean, losesAnswers: boolean): Promise<void> {
    await this.#app?.server.close()
    if (losesLogs) this.#logs = newLogs()
    if (losesAnswers) this.#answers = this.#newAnswers()
    this.#app = await this.#start()
  }

  async get(path: string): Promise<Reply> {
    const { statusCode, headers, body } = await this.#app!.server.inject({
      url: path,
      headers: { authorization: `Bearer ${this.simulator.key}` }
    })
    return { status: statusCode, headers, text: body, body: JSON.parse(body) }
  }

  /** A failure of any kind is told by its status alone. */
  async getDirect(path: string): Promise<Reply> {
    try {
      const reply = await fetch(this.simulator.url + path, {
        headers: { authorization: `Bearer ${this.simulator.key}` }
      })
      const text = await reply.text()
      const body = JSON.parse(text)
      const status = body === null ? 502 : reply.status
      return { status, headers: Object.fromEntries(reply.headers), text, body }
    } catch {
      return { status: 502, headers: {}, text: '', body: {} }
    }
  }

  async close(): Promise<void> {
    await this.#app?.server.close()
    await this.simulator.close()
  }

  #newAnswers(): AnswerStore {
    const clock = { now: () => this.simulator.clock.now() }
    return { ...createMemoryAnswers({ maxBytes: 2 ** 24, clock }), close: async () => {} }
  }

  async #start(): Promise<App> {
    const clock = this.#clock
    const upstream = createSekoiaClient({
      ...config.upstream,
      baseUrl: this.simulator.url,
      repair: true,
      clock,
      meter: silentMeter
    })
    return buildApp({
      config,
      clock,
      logger: pino({ level: 'silent' }),
      meter: createMeter(),
      secret: Buffer.alloc(32, 7),
      store: this.#logs,
      documents: createMemoryDocuments({ maxBytes: 2 ** 20 }),
      answers: this.#answers,
      upstream
    })
  }
}

const newLogs = (): LogStore => ({
  ...createMemoryStore({ bodyMaxBytes: 2 ** 24 }),
  close: async () => {}
})

const config = loadConfig({
  directory: fileURLToPath(new URL('../../config', import.meta.url)),
  env: {
    UPSTREAM_BACKOFF_MS: '1',
    UPSTREAM_MAX_ATTEMPTS: '2',
    UPSTREAM_BREAKER_FAILURES: '1000',
    FEED_LOG_PAGE_LIMIT: '20',
    // Sekoia's cursors lose objects of one time at the edge of a page: the log is told to expect that.
    FEED_LOG_ASSUME_TIES: 'true',
    MISP_ENABLED: 'false'
  },
  readFile: path => readFileSync(path, 'utf8')
})

/** A client that keeps its cursor, reads page by page, and tries again after a failure. */
class Client {
  readonly plan: ClientPlan
  readonly received = new Set<string>()
  readonly #world: World
  readonly #name: string
  #cursor = ''
  /** Objects up to this time are none of its business. */
  #from = ''

  constructor(world: World, plan: ClientPlan, name: string) {
    this.plan = plan
    this.#world = world
    this.#name = name
  }

  async begin(): Promise<void> {
    if (this.plan.start === 'time') {
      this.#from = this.#world.simulator.visible()[20]?.modified.slice(0, 19) ?? '2026'
      this.#cursor = Buffer.from(`${this.#from}Z`).toString('base64')
    }
    if (this.plan.start === 'sekoia') await this.step('getDirect')
  }

  /** @returns how many objects came; undefined when none could be had */
  async step(how: 'get' | 'getDirect' = 'get'): Promise<number | undefined> {
    const { limit, query } = this.plan
    const cursor = this.#cursor && `cursor=${encodeURIComponent(this.#cursor)}`
    const path = pagePath([`limit=${limit}`, query, cursor].filter(Boolean).join('&'))
    const { status, body } = await this.#world[how](path)
    if (status !== 200) {
      if (status < 500 && status !== 429) throw new Error(`${this.#name}: ${status} for ${path}`)
      return undefined
    }
    if (how === 'get') this.#check(body as Page)
    const { items, next_cursor: next } = body as Page
    for (const key of keysOf(items ?? [])) this.received.add(key)
    if (typeof next === 'string') this.#cursor = next
    return items?.length ?? 0
  }

  #check({ items, next_cursor: next }: Page): void {
    if (typeof next !== 'string') throw new Error(`${this.#name}: no cursor`)
    if (items.length > 0 && next === this.#cursor)
      throw new Error(`${this.#name}: the cursor stands`)
    if (items.length > Math.min(this.plan.limit, 2000)) throw new Error(`${this.#name}: too many`)
  }

  /** What it should have and has not. */
  lost(): string[] {
    const { simulator } = this.#world
    const wanted = simulator.visible().filter(object => this.#wants(object as unknown as Item))
    return keysOf(wanted).filter(key => !this.received.has(key))
  }

  #wants({ id, type, modified }: Item): boolean {
    const { query } = this.plan
    const object = this.#world.simulator.get(id)!
    if (modified <= `${this.#from}Z` && this.#from !== '') return false
    if (query.includes('match[type]') && type !== 'indicator') return false
    const types = (object['x_ic_observable_types'] ?? []) as string[]
    if (query.includes('observable_type') && !types.includes('url')) return false
    if (/revoked=False/.test(query) && object['revoked'] === true) return false
    const until = Date.parse(String(object['valid_until']))
    return !(query.includes('skip_expired=true') && until <= simulatorNow(this.#world))
  }
}

const simulatorNow = ({ simulator }: World): number => simulator.clock.now()

/** Plays a history to its end; throws when a client misses an object or a look-up denies what is known. */
export async function playNative(history: NativeHistory): Promise<void> {
  const { seed, objects, switches } = history
  const simulator = await startSimulator({ seed, objects, switches, now: noon, historyDays: 2 })
  const world = new World(simulator)
  try {
    await world.restart(false, false)
    const clients = history.clients.map((plan, i) => new Client(world, plan, `client ${i}`))
    for (const client of clients) await client.begin()
    const known = new Map<string, number>()
    for (const operation of history.operations) await perform(operation, { world, clients, known })
    await finish(world, clients)
  } finally {
    await world.close()
  }
}

interface Scene {
  readonly world: World
  readonly clients: readonly Client[]
  /** When Sekoia first knew a value. */
  readonly known: Map<string, number>
}

async function perform(operation: Operation, scene: Scene): Promise<void> {
  const { world, clients, known } = scene
  const { simulator } = world
  switch (operation.kind) {
    case 'step':
      for (let i = 0; i < operation.times; i++) await clients[operation.client]!.step()
      return
    case 'direct':
      await clients[operation.client]!.step('getDirect')
      return
    case 'edit':
    case 'revoke': {
      const visible = simulator.visible()
      const picked = visible[operation.pick % Math.max(1, visible.length)]
      if (picked) simulator[operation.kind](picked.id)
      return
    }
    case 'add':
      for (let i = 0; i < operation.count; i++) {
        const value = `v${known.size}.example`
        known.set(value, simulator.clock.now() + operation.hiddenForMs)
        simulator.add(
          {
            type: 'indicator',
            name: value,
            pattern: `[domain-name:value = '${value}']`,
            x_ic_observable_types: ['domain-name', 'url']
          },
          { hiddenForMs: operation.hiddenForMs }
        )
      }
      return
    case 'ties':
      simulator.ties(operation.count)
      return
    case 'fault':
      simulator.faults.once({ kind: operation.fault }, operation.times)
      return
    case 'clock':
      simulator.clock.advance(operation.ms)
      return
    case 'restart':
      return world.restart(operation.losesLogs, operation.losesAnswers)
    case 'lookUp':
      return lookUp(operation.pick, scene)
  }
}

/** A value that Sekoia has known for half a minute is never called unknown. */
async function lookUp(pick: number, { world, known }: Scene): Promise<void> {
  const values = [...known.keys()]
  const value = values[pick % (values.length + 1)] ?? 'never.example'
  const since = known.get(value) ?? Number.POSITIVE_INFINITY
  const path = pick % 2 ? 'indicators' : 'indicators/context'
  const asked = world.simulator.clock.now()
  const { status, body } = await world.get(`${native}/${path}?value=${value}&type=domain-name`)
  const isDenied = status === 200 && body.items.length === 0
  if (isDenied && since <= asked - 30_000) throw new Error(`${value} is called unknown`)
}

const quietSteps = 400

async function finish(world: World, clients: readonly Client[]): Promise<void> {
  const { simulator } = world
  simulator.faults.clear()
  simulator.clock.advance(61_000)
  for (let round = 0; round < 2; round++) {
    simulator.clock.advance(11_000)
    for (const client of clients) {
      let came: number | undefined = 1
      for (let i = 0; came !== 0; i++) {
        if (i > quietSteps) throw new Error('a client comes to no end')
        came = await client.step()
      }
    }
  }
  const lost = clients.map(client => client.lost())
  const losing = lost.findIndex(keys => keys.length > 0)
  if (losing !== -1) {
    const { limit, query } = clients[losing]!.plan
    throw new Error(`client ${losing} (${limit}, ${query}) misses ${lost[losing]!.slice(0, 3)}`)
  }
}
