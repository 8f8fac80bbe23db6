import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { createScopes } from '../../src/auth/scope.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/demo/simulator.ts'
import { FeedLogs, type FeedLogsSettings } from '../../src/feedlog/logs.ts'
import { createCatalog } from '../../src/feeds/catalog.ts'
import { Answers } from '../../src/http/answers.ts'
import { authPlugin } from '../../src/http/auth.ts'
import { overloadPlugin } from '../../src/http/overload.ts'
import { registerDialect } from '../../src/http/register-dialect.ts'
import { requestLog } from '../../src/http/request-log.ts'
import { buildServer } from '../../src/http/server.ts'
import { ApiKey, type Caller } from '../../src/kernel/caller.ts'
import {
  type Clock,
  type DocumentStore,
  type LogStore,
  type Meter,
  silentMeter,
  type Upstream
} from '../../src/kernel/ports.ts'
import { Builder } from '../../src/misp/build/builder.ts'
import type { BuilderSettings } from '../../src/misp/build/deps.ts'
import type { MakerThread } from '../../src/misp/build/maker.ts'
import { spaceOf } from '../../src/misp/build/tables.ts'
import { createMapping, type Mapping } from '../../src/misp/mapping/mapping.ts'
import { mispDialect } from '../../src/misp/serve/dialect.ts'
import { type HashesCut, Publications } from '../../src/misp/serve/publications.ts'
import { createSekoiaClient, type SekoiaClientOptions } from '../../src/sekoia/client.ts'
import { repairRules } from '../../src/stix/repair.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { createMemoryDocuments } from '../../src/stores/memory-documents.ts'
import { clientSettings, defaultFeed, logSettings, rightsOf } from './gateway.ts'
import type { FeedAnswer, FetchFeed } from './misp/feed-client.ts'

/** A gateway that serves the default feed over MISP, on the simulator's clock; a test decides when it builds. */

export interface MispWorldOptions {
  readonly simulator?: SimulatorOptions
  readonly settings?: Partial<BuilderSettings>
  readonly mapping?: Mapping
  /** Makes events beside this thread. */
  readonly thread?: MakerThread
  readonly documents?: DocumentStore
  /** Of the feed logs. */
  readonly store?: LogStore
  readonly meter?: Meter
  readonly maxHashes?: number
  readonly logs?: Partial<FeedLogsSettings>
  readonly client?: Partial<SekoiaClientOptions>
  readonly onHashesCut?: (cut: HashesCut) => void
}

export interface MispWorldChange
  extends Pick<MispWorldOptions, 'documents' | 'settings' | 'mapping'> {
  /** STIX_REPAIR. */
  readonly repair?: boolean
  readonly thread?: MakerThread | undefined
}

export interface MispWorld {
  readonly simulator: Simulator
  readonly clock: Clock
  readonly documents: DocumentStore
  readonly space: string
  readonly upstream: Upstream
  readonly caller: Caller
  /** One round of building, by a gateway of its own if `gateway` is another one than before. */
  round(gateway?: number): Promise<boolean>
  /** New processes on what is stored, or on another store, with these settings from now on. */
  restart(change?: MispWorldChange): void
  /** The store takes so many more commits, then the process is dead; a later restart starts another one. */
  dieAfter(commits: number): void
  /** A GET below the feed's URL, as MISP makes it. */
  fetch: FetchFeed
  close(): Promise<void>
}

const dayMs = 86_400_000

export const newDocuments = (): DocumentStore =>
  createMemoryDocuments({ maxBytes: 1024 * 1024 * 1024 })

export const builderSettings: BuilderSettings = {
  windowDays: undefined,
  shardBits: 0,
  repairRules: repairRules(true),
  expiredMs: 30 * dayMs,
  tombstoneMs: 180 * dayMs,
  marginSeconds: 300,
  restampMs: 0,
  walkMs: 0,
  partialMs: 20_000,
  commitBytes: 4 * 1024 * 1024
}

/** TLP:AMBER for what carries no level; no galaxies. */
export const usualMapping = createMapping({ defaultTlp: 'amber', galaxies: undefined })

export async function startMispWorld(options: MispWorldOptions = {}): Promise<MispWorld> {
  const meter = options.meter ?? silentMeter
  const simulator = await startSimulator({ objects: 0, bloat: false, ...options.simulator })
  const clock: Clock = {
    now: () => simulator.clock.now(),
    async sleep(ms) {
      simulator.clock.advance(ms)
      await setImmediate()
    }
  }
  const store = options.store ?? createMemoryStore({ bodyMaxBytes: 64 * 1024 * 1024 })
  /** The way from Sekoia to the feed log. */
  const openReading = (repair: boolean) => {
    const baseUrl = simulator.url
    const client = createSekoiaClient({
      ...clientSettings,
      ...options.client,
      repair,
      clock,
      meter,
      baseUrl
    })
    const rights = rightsOf({ upstream: client, clock, store, meter }, logSettings)
    const { upstream } = rights
    const settings = { ...logSettings, ...options.logs, repairRules: repairRules(repair) }
    const logs = new FeedLogs({ upstream, store, clock, meter, settings })
    return { client, rights, logs, upstream, records: rights.guard(logs) }
  }
  const readings = [openReading(true)]
  const { rights, upstream } = readings[0]!
  const toCaller = createScopes(Buffer.alloc(32, 7))
  const caller = toCaller(new ApiKey(simulator.key))
  const space = spaceOf(caller, defaultFeed)

  let documents = options.documents ?? newDocuments()
  let mapping = options.mapping ?? usualMapping
  let settings = { ...builderSettings, ...options.settings }
  let { thread } = options
  let builders = new Map<number, Builder>()
  let commitsLeft = Number.POSITIVE_INFINITY
  const mortal = (): DocumentStore => {
    const behind = documents
    return {
      ...behind,
      commit(space, change) {
        if (commitsLeft-- <= 0) throw new Error('the process is dead')
        return behind.commit(space, change)
      },
      release: (space, owner) => behind.release(space, owner)
    }
  }
  const newBuilder = () =>
    new Builder({
      feedId: defaultFeed,
      title: 'Synthetic feed',
      space,
      records: readings.at(-1)!.records,
      sweeps: readings.at(-1)!.logs,
      upstream: readings.at(-1)!.upstream,
      store: mortal(),
      clock,
      meter,
      mapping,
      thread,
      settings,
      onPublished: () => {}
    })
  const builderOf = (gateway: number) => {
    const builder = builders.get(gateway) ?? newBuilder()
    builders.set(gateway, builder)
    return builder
  }
  const newPublications = () =>
    new Publications({
      store: documents,
      cacheMaxBytes: 16 * 1024 * 1024,
      maxHashes: options.maxHashes ?? 1_000_000,
      onHashesCut: options.onHashesCut ?? (() => {})
    })
  let publications = newPublications()

  const server = buildServer({ logger: pino({ level: 'silent' }) })
  await server.register(requestLog)
  await server.register(authPlugin, {
    credentials: { headerName: 'x-api-key', queryParameter: undefined },
    toCaller
  })
  await server.register(overloadPlugin, {
    maxActiveRequests: 100,
    maxQueuedRequests: 100,
    maxEventLoopDelayMs: 0
  })
  const dialect = mispDialect({
    catalog: createCatalog({
      upstream,
      rights,
      clock,
      meter,
      defaultFeedId: defaultFeed,
      cacheSeconds: 60,
      waitMs: 5000
    }),
    rights,
    feeds: {
      want: () => ({ failure: undefined, nextPublication: async () => {} }),
      find: () => undefined
    },
    publications: {
      manifest: space => publications.manifest(space),
      event: (space, uuid) => publications.event(space, uuid),
      hashes: space => publications.hashes(space),
      hashesLeftOut: state => publications.hashesLeftOut(state),
      state: space => publications.state(space)
    },
    clock,
    settings: { defaultFeedId: defaultFeed, publicUrl: '', firstWaitMs: 0 }
  })
  await registerDialect(server, dialect, { answers: new Answers({}), rights })

  return {
    simulator,
    clock,
    space,
    upstream,
    caller,
    get documents() {
      return documents
    },
    round: (gateway = 0) => builderOf(gateway).round(caller),
    restart(change = {}) {
      documents = change.documents ?? documents
      mapping = change.mapping ?? mapping
      settings = { ...settings, ...change.settings }
      if ('thread' in change) thread = change.thread
      if (change.repair !== undefined) {
        readings.push(openReading(change.repair))
        settings = { ...settings, repairRules: repairRules(change.repair) }
      }
      builders = new Map()
      commitsLeft = Number.POSITIVE_INFINITY
      publications = newPublications()
    },
    dieAfter(commits) {
      commitsLeft = commits
    },
    async fetch(path, headers): Promise<FeedAnswer> {
      const {
        statusCode,
        headers: found,
        rawPayload
      } = await server.inject({
        url: `/misp/${defaultFeed}${path}`,
        headers: { authorization: `Bearer ${simulator.key}`, ...headers }
      })
      return { status: statusCode, headers: found, body: rawPayload }
    },
    async close() {
      await server.close()
      for (const { logs, rights, client } of readings) {
        await logs.close()
        await rights.close()
        await client.close()
      }
      await simulator.close()
    }
  }
}
