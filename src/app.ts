import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { Access } from './auth/access.ts'
import { notingRights } from './auth/rights.ts'
import { createScopes } from './auth/scope.ts'
import type { Config } from './config/load.ts'
import { FeedLogs } from './feedlog/logs.ts'
import { createCatalog } from './feeds/catalog.ts'
import { Answers } from './http/answers.ts'
import { authPlugin } from './http/auth.ts'
import { connectionsPlugin } from './http/connections.ts'
import { sendError } from './http/errors.ts'
import { overloadPlugin } from './http/overload.ts'
import { requestLog } from './http/request-log.ts'
import { buildServer, type TlsOptions } from './http/server.ts'
import type { Clock, DocumentStore, LogStore } from './kernel/ports.ts'
import { BuildScheduler, type BuildSchedulerSettings } from './misp/build/scheduler.ts'
import type { Galaxies } from './misp/mapping/galaxies.ts'
import { createMapping } from './misp/mapping/mapping.ts'
import { sendPlainError } from './misp/serve/errors.ts'
import { Publications } from './misp/serve/publications.ts'
import { mispRoutes } from './misp/serve/routes.ts'
import { FeedEnds } from './ops/feed-ends.ts'
import { exposeGauges } from './ops/gauges.ts'
import { type Checks, healthPlugin, type Phase } from './ops/health.ts'
import { metricsPlugin, type TextMeter } from './ops/metrics.ts'
import { version } from './ops/version.ts'
import type { SekoiaClient } from './sekoia/client.ts'
import { repairRules } from './stix/repair.ts'
import { taxiiRoutes } from './taxii/routes.ts'
import type { TaxiiSettings } from './taxii/settings.ts'

export interface AppDeps {
  readonly config: Config
  readonly clock: Clock
  readonly logger: FastifyBaseLogger
  readonly store: LogStore
  readonly documents: DocumentStore
  readonly upstream: SekoiaClient
  readonly meter: TextMeter
  /** Names of MISP's galaxies, when the operator has them at hand. */
  readonly galaxies?: Galaxies | undefined
  /** SyncLease keys into scopes; at least 32 bytes. */
  readonly secret: Buffer
  readonly tls?: TlsOptions
}

export interface App {
  readonly server: FastifyInstance
  /** What `/readyz` says of the process. */
  setPhase(phase: Phase): void
}

/**
 * The one place that knows every part. A request comes in through the server, gets its caller (a scope and a
 * key) and its log line, and reaches a dialect. The dialect turns it into a question to the feed logs, which
 * answer from memory, the store, or Sekoia, in that order. The answer goes out as the bytes that came in.
 */
export async function buildApp(parts: AppDeps): Promise<App> {
  const { config, clock, logger, store, documents, upstream, meter } = parts
  let phase: Phase = 'starting'

  const access = new Access({ clock, store, settings: config.access })
  const sekoia = notingRights(upstream, access)
  const settings = feedLogSettings(config)
  const feedEnds = new FeedEnds({ clock, patienceMs: patienceMs(config) })
  const records = new FeedLogs({
    upstream: sekoia,
    access,
    store,
    clock,
    meter,
    watch: feedEnds,
    settings
  })
  const catalog = createCatalog({
    upstream: sekoia,
    clock,
    meter,
    defaultFeedId: config.sekoia.defaultFeedId,
    cacheSeconds: config.access.collectionsSeconds
  })

  const answers = new Answers({
    compressedMaxBytes: config.cache.compressedMaxBytes,
    sendTimeoutMs: config.server.sendTimeoutMs
  })
  const publications = new Publications({
    store: documents,
    clock,
    cacheMaxBytes: config.misp.cacheMaxBytes,
    maxHashes: config.misp.maxHashes
  })
  const mispFeeds = new BuildScheduler({
    records,
    upstream: sekoia,
    store: documents,
    clock,
    meter,
    logger,
    mapping: createMapping({ defaultTlp: config.misp.defaultTlp, galaxies: parts.galaxies }),
    settings: mispFeedsSettings(config),
    onPublished: space => publications.changed(space)
  })

  const server = buildServer({
    logger,
    meter,
    trustProxy: config.server.trustProxy,
    requestTimeoutMs: config.server.requestTimeoutMs,
    keepAliveTimeoutMs: config.server.keepAliveTimeoutMs,
    sendUnrouted: config.misp.enabled ? sendByPath : sendError,
    ...(parts.tls && { tls: parts.tls })
  })
  await server.register(connectionsPlugin, { maxConnections: config.server.maxConnections })
  await server.register(requestLog, { meter, stopwatch: meter, dialectOf })
  const checks: Checks = {
    store: () => store.trouble() ?? documents.trouble(),
    upstream: () => upstream.health().trouble,
    feeds: () => troubleOfFeeds(feedEnds.failing)
  }
  await server.register(healthPlugin, { phase: () => phase, checks })
  exposeGauges({
    meter,
    version,
    checks,
    feedEnds,
    maxFeeds: config.metrics.maxFeeds,
    breaker: () => upstream.health().breaker,
    dataDir: config.redis.url ? undefined : config.store.dataDir
  })
  if (config.metrics.enabled) await server.register(metricsPlugin, { meter })
  await server.register(authPlugin, {
    credentials: {
      headerName: config.auth.apiKeyHeader.toLowerCase(),
      queryParameter: config.auth.queryParameter || undefined,
      lenient: config.taxii.mode === 'field'
    },
    toCaller: createScopes(parts.secret)
  })
  await server.register(overloadPlugin, config.overload)
  await server.register(taxiiRoutes, {
    records,
    catalog,
    verify: caller => records.verify(caller),
    settings: taxiiSettings(config),
    meter,
    answers
  })
  if (config.misp.enabled)
    await server.register(mispRoutes, {
      prefix: '/misp',
      catalog,
      authorize: (caller, feedId) => records.authorize(caller, feedId),
      isAuthorized: (caller, feedId) => records.isAuthorized(caller, feedId),
      feeds: mispFeeds,
      publications,
      answers,
      clock,
      settings: {
        defaultFeedId: config.sekoia.defaultFeedId,
        publicUrl: config.server.publicUrl,
        firstWaitMs: config.misp.firstWaitMs
      }
    })

  server.addHook('onClose', async () => {
    await mispFeeds.close()
    await records.close()
    await upstream.close()
    await documents.close()
    await store.close()
  })
  return {
    server,
    setPhase: next => {
      phase = next
    }
  }
}

/** A feed is in trouble once its end could not be confirmed at several times in a row. */
const patienceMs = ({ feedLog }: Config): number => Math.max(60, 6 * feedLog.tipSeconds) * 1000

const troubleOfFeeds = ({ length }: readonly string[]): string | undefined =>
  length === 0 ? undefined : `${length} feed${length > 1 ? 's' : ''} cannot be read on`

const dialects: Readonly<Record<string, string | undefined>> = {
  unknown: undefined,
  livez: undefined,
  readyz: undefined,
  metrics: undefined,
  misp: 'misp'
}

/** By the first segment of its route. */
function dialectOf(route: string): string | undefined {
  const [first = ''] = route.split('/').filter(Boolean)
  return first in dialects ? dialects[first] : 'taxii'
}

/** In the dialect of those who use such paths. */
const sendByPath: typeof sendError = (error, request, reply) =>
  (/^\/+misp\//i.test(request.url) ? sendPlainError : sendError)(error, request, reply)

const feedLogSettings = (config: Config) => ({
  ...config.feedLog,
  cacheMaxBytes: config.cache.maxBytes,
  feedSeconds: config.access.collectionsSeconds,
  repairRules: repairRules(config.stix.repair === 'on')
})

function mispFeedsSettings({ misp, sekoia }: Config): BuildSchedulerSettings {
  const shardBits = new Map(misp.shardBitsOf.map(text => text.split('=') as [string, string]))
  const usual = (feedId: string) =>
    feedId === sekoia.defaultFeedId ? misp.defaultFeedShardBits : misp.shardBits
  return {
    windowDays: misp.windowDays === 'all' ? undefined : Number(misp.windowDays),
    shardBitsOf: feedId => Number(shardBits.get(feedId) ?? usual(feedId)),
    expiredMs: misp.expiredDays * dayMs,
    tombstoneMs: misp.tombstoneDays * dayMs,
    walkMs: misp.walkSeconds * 1000,
    partialMs: 20_000,
    commitBytes: 4 * 1024 * 1024,
    publishMs: misp.publishSeconds * 1000,
    idleMs: misp.idleSeconds * 1000,
    maxFeeds: misp.maxFeeds
  }
}

const dayMs = 86_400_000

const taxiiSettings = ({ taxii, server, stix }: Config): TaxiiSettings => ({
  mode: taxii.mode,
  apiRootPath: `/${taxii.apiRoot}/`,
  title: taxii.title,
  description: taxii.description || undefined,
  contact: taxii.contact || undefined,
  publicUrl: server.publicUrl || undefined,
  defaultLimit: taxii.defaultLimit,
  maxLimit: taxii.maxLimit,
  maxBytes: taxii.maxBytes,
  maxContentLength: 10 * 1024 * 1024,
  tipToken: taxii.tipToken,
  mediaTypes: [
    'application/stix+json;version=2.1',
    ...(stix.repair === 'off' ? ['application/stix+json;version=2.0'] : [])
  ]
})
