import { setImmediate, setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import type { AccessSettings } from '../../src/auth/access.ts'
import { RightsGate, type RightsGateDeps } from '../../src/auth/rights-gate.ts'
import { createScopes } from '../../src/auth/scope.ts'
import type { SimulatorOptions } from '../../src/demo/simulator.ts'
import { type Simulator, startSimulator } from '../../src/demo/simulator.ts'
import { FeedLogs, type FeedLogsSettings } from '../../src/feedlog/logs.ts'
import { createCatalog } from '../../src/feeds/catalog.ts'
import { Answers } from '../../src/http/answers.ts'
import { authPlugin } from '../../src/http/auth.ts'
import { registerDialect } from '../../src/http/register-dialect.ts'
import { requestLog } from '../../src/http/request-log.ts'
import { buildServer } from '../../src/http/server.ts'
import { type Clock, type LogStore, silentMeter } from '../../src/kernel/ports.ts'
import type { ClockEvidence, ProvenClock } from '../../src/kernel/proven-clock.ts'
import { createSekoiaClient, type SekoiaClientOptions } from '../../src/sekoia/client.ts'
import { repairRules } from '../../src/stix/repair.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { taxiiDialect } from '../../src/taxii/dialect.ts'
import type { TaxiiSettings } from '../../src/taxii/settings.ts'
import { defaultTaxiiSettings } from './taxii-settings.ts'

/** A gateway in front of a simulated Sekoia, on the simulator's clock, that can be restarted at any moment. */

export const defaultFeed = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'

export interface WorldOptions {
  readonly simulator?: SimulatorOptions
  readonly logs?: Partial<FeedLogsSettings & AccessSettings>
  readonly client?: Partial<SekoiaClientOptions>
  readonly taxii?: Partial<TaxiiSettings>
  readonly store?: LogStore
  /** Gateways on the one store, asked in turn; default 1. */
  readonly processes?: number
  /** Each gateway has a store of its own, in memory. */
  readonly apart?: boolean
  /** The clock of each gateway, made at each of its starts; default that of the simulator. */
  readonly clockOf?: (gateway: number, truth: Clock) => Clock & Partial<ProvenClock>
  /** What keys are turned into scopes with. */
  readonly secret?: Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | number | undefined>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent
  readonly body: any
}

export interface RawAnswer extends Pick<Answer, 'status' | 'headers'> {
  readonly bytes: Buffer
}

type Method = 'GET' | 'POST' | 'DELETE'

/** What another process may be told. */
export type ProcessOptions = Pick<WorldOptions, 'logs' | 'client' | 'taxii' | 'secret'>

export interface World {
  readonly simulator: Simulator
  readonly clock: Clock
  /** GET below the default feed's collection, for instance `objects/?limit=2`. */
  get(path: string, key?: string): Promise<Answer>
  /** GET of a whole path. */
  fetch(path: string, key?: string): Promise<Answer>
  /** GET or HEAD of a whole path with these headers, as it comes. */
  raw(
    path: string,
    headers: Readonly<Record<string, string>>,
    method?: 'GET' | 'HEAD'
  ): Promise<RawAnswer>
  /** A request of any method. */
  send(method: Method, path: string, key?: string): Promise<Answer>
  /** A new process on the same store, or on another one; `whileDown` runs while there is none. */
  restart(store?: LogStore, changes?: ProcessOptions, whileDown?: () => unknown): Promise<void>
  /** A new process on the store as it is at this moment: whatever was under way is lost. */
  crash(): Promise<void>
  close(): Promise<void>
}

export const logSettings: FeedLogsSettings & AccessSettings = {
  tipSeconds: 10,
  tipWaitMs: 5000,
  relookSeconds: 300,
  sweepSeconds: 0,
  rebuildHorizonSeconds: 86_400,
  pageLimit: 2000,
  backfillParallel: 1,
  assumeTies: false,
  readBudgetMs: 20_000,
  maxOpenLogs: 50,
  maxIndexedIds: 1_000_000,
  cacheMaxBytes: 16 * 1024 * 1024,
  repairRules: repairRules(true),
  feedSeconds: 60,
  idleDays: 0,
  rightsSeconds: 300,
  refusedSeconds: 10
}

export const clientSettings = {
  repair: true,
  connectTimeoutMs: 1000,
  headersTimeoutMs: 5000,
  bodyTimeoutMs: 5000,
  totalTimeoutMs: 10_000,
  patienceMs: 0,
  secondTryMs: 60_000,
  retryAfterMax: 86_400,
  maxAttempts: 2,
  backoffMs: 1,
  maxInFlightPerKey: 4,
  breakerFailures: 1000,
  breakerResetMs: 100,
  maxBodyBytes: 64 * 1024 * 1024,
  meter: silentMeter
}

const newStore = () => createMemoryStore({ bodyMaxBytes: 16 * 1024 * 1024 })

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const simulator = await startSimulator(options.simulator)
  const gateways = options.processes ?? 1
  const clock: Clock = {
    now: () => simulator.clock.now(),
    async sleep(ms) {
      simulator.clock.advance(ms)
      // Gateways that wait for one another look again and again: the other needs real time for its call to Sekoia.
      await (gateways > 1 ? setTimeout(1) : setImmediate())
    }
  }
  let told: ProcessOptions = options
  let store = options.store ?? newStore()
  const start = () =>
    Promise.all(
      Array.from({ length: gateways }, (_, i) =>
        startProcess(
          simulator,
          options.clockOf?.(i, clock) ?? clock,
          leashed(options.apart ? newStore() : store),
          told
        )
      )
    )
  let processes = await start()
  let requests = 0

  const accept = 'application/taxii+json;version=2.1'
  const raw: World['raw'] = async (url, headers, method = 'GET') => {
    const authorization = `Bearer ${simulator.key}`
    const { server } = processes[requests++ % processes.length]!
    const reply = await server.inject({
      method,
      url,
      headers: { authorization, accept, ...headers }
    })
    return { status: reply.statusCode, headers: reply.headers, bytes: reply.rawPayload }
  }
  const send = async (method: Method, path: string, key = simulator.key): Promise<Answer> => {
    const process = processes[requests++ % processes.length]!
    const reply = await process.server.inject({
      method,
      url: path,
      headers: { authorization: `Bearer ${key}`, accept }
    })
    const text = reply.body
    if (process.store.isCut) return { status: 503, headers: {}, text: 'no answer', body: {} }
    return { status: reply.statusCode, headers: reply.headers, text, body: JSON.parse(text) }
  }
  const fetch = (path: string, key?: string) => send('GET', path, key)
  return {
    simulator,
    clock,
    fetch,
    raw,
    send,
    get: (path, key) => fetch(`/sekoia/collections/${defaultFeed}/${path}`, key),
    async restart(other, changes, whileDown) {
      await Promise.all(processes.map(process => process.close()))
      await whileDown?.()
      store = other ?? store
      told = { ...told, ...changes }
      processes = await start()
    },
    async crash() {
      const dead = processes
      for (const process of dead) process.store.cut()
      processes = await start()
      await Promise.all(dead.map(process => process.close()))
    },
    async close() {
      await Promise.all(processes.map(process => process.close()))
      await simulator.close()
    }
  }
}

/** The gate for rights, which waits as long as reads wait for the end of a feed. */
export const rightsOf = (
  deps: Omit<RightsGateDeps, 'settings'>,
  settings: AccessSettings & Pick<FeedLogsSettings, 'tipWaitMs'>
): RightsGate =>
  new RightsGate({
    maxVerdicts: 100,
    ...deps,
    settings: { ...settings, waitMs: settings.tipWaitMs }
  })

interface Leashed extends LogStore {
  /** From now on nothing is written any more, and nothing answered. */
  cut(): void
  readonly isCut: boolean
}

function leashed(store: LogStore): Leashed {
  let isCut = false
  const unlessCut = <T>(write: () => Promise<T>): Promise<T> =>
    isCut ? Promise.reject(new Error('the process is dead')) : write()
  return {
    ...store,
    cut() {
      isCut = true
    },
    get isCut() {
      return isCut
    },
    commit: (log, commit) => unlessCut(() => store.commit(log, commit)),
    writeBody: (log, no, body) => unlessCut(() => store.writeBody(log, no, body)),
    lengthenBody: (log, no, from, body) => unlessCut(() => store.lengthenBody(log, no, from, body)),
    lease: (log, owner, ms) => unlessCut(() => store.lease(log, owner, ms)),
    release: (log, owner) => unlessCut(() => store.release(log, owner))
  }
}

async function startProcess(
  simulator: Simulator,
  clock: Clock & Partial<ProvenClock>,
  store: Leashed,
  options: ProcessOptions
) {
  const told = {
    ...{ ...clientSettings, clock, baseUrl: simulator.url },
    onTime: (evidence: ClockEvidence) => clock.observe?.(evidence),
    ...options.client
  }
  const client = createSekoiaClient(told)
  const settings = {
    ...logSettings,
    repairRules: repairRules(told.repair),
    ...options.logs
  }
  const rights = rightsOf({ upstream: client, clock, store, meter: silentMeter }, settings)
  const { upstream } = rights
  const logs = new FeedLogs({ upstream, store, clock, meter: silentMeter, settings })
  const server = buildServer({ logger: pino({ level: 'silent' }) })
  await server.register(requestLog)
  await server.register(authPlugin, {
    credentials: { headerName: 'x-api-key', queryParameter: undefined },
    toCaller: createScopes(options.secret ?? Buffer.alloc(32, 7))
  })
  const dialect = taxiiDialect({
    records: rights.guard(logs),
    catalog: createCatalog({
      upstream,
      rights,
      prepare: (caller, feedId, waitMs) => logs.prepare(caller, feedId, waitMs),
      clock,
      meter: silentMeter,
      defaultFeedId: defaultFeed,
      cacheSeconds: 60,
      waitMs: 5000
    }),
    rights,
    settings: { ...defaultTaxiiSettings, ...options.taxii },
    meter: silentMeter
  })
  await registerDialect(server, dialect, { answers: new Answers({ clock }), rights })
  return {
    server,
    store,
    async close() {
      await server.close()
      await logs.close()
      await rights.close()
      await client.close()
    }
  }
}
