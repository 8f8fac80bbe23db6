import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { createOperatorCheck } from './auth/operator-token.ts'
import { notingRawRights } from './auth/rights.ts'
import { RightsGate } from './auth/rights-gate.ts'
import { createScopes } from './auth/scope.ts'
import { createSecretWatch } from './auth/secret-watch.ts'
import { parseBuildKeys } from './config/build-keys.ts'
import type { Config } from './config/load.ts'
import { FeedLogs } from './feedlog/logs.ts'
import { createCatalog } from './feeds/catalog.ts'
import { createKeptLists } from './feeds/kept-lists.ts'
import { askKey } from './gateway/ask-key.ts'
import { Consumers } from './gateway/consumers.ts'
import { gatewayError } from './gateway/error-form.ts'
import { readingOf } from './gateway/reading.ts'
import {
  type GatewayDeps,
  type GatewaySettings,
  gatewayPrefix,
  registerGateway
} from './gateway/routes.ts'
import { Answers } from './http/answers.ts'
import { type AuthOptions, authPlugin } from './http/auth.ts'
import { connectionsPlugin } from './http/connections.ts'
import { corsPlugin } from './http/cors.ts'
import { errorFormByPrefix } from './http/dialect.ts'
import { newcomersPlugin } from './http/newcomers.ts'
import { compileTrust } from './http/origin.ts'
import { overloadPlugin } from './http/overload.ts'
import { createHints } from './http/path-hints.ts'
import { registerDialect } from './http/register-dialect.ts'
import { type Answered, requestLog } from './http/request-log.ts'
import { buildServer, type TlsOptions } from './http/server.ts'
import type { AnswerStore } from './kernel/answer-store.ts'
import { ApiKey, type ScopeId } from './kernel/caller.ts'
import { GatewayError } from './kernel/errors.ts'
import type { Clock, DocumentStore, LogStore } from './kernel/ports.ts'
import { BuildScheduler, type BuildSchedulerSettings } from './misp/build/scheduler.ts'
import { StandingFeeds } from './misp/build/standing-feeds.ts'
import { scopeOfSpace } from './misp/build/tables.ts'
import { createMapping } from './misp/mapping/mapping.ts'
import type { Galaxies } from './misp/mapping/tags/galaxies.ts'
import { coverageOfFeeds } from './misp/serve/coverage.ts'
import { type MispSettings, mispDialect } from './misp/serve/dialect.ts'
import { Publications } from './misp/serve/publications.ts'
import { AnswerCache } from './native/cache/answer-cache.ts'
import { KeptAnswers } from './native/cache/kept-answers.ts'
import { nativeDialect } from './native/dialect.ts'
import { noticing } from './native/news.ts'
import type { NativeSettings } from './native/relay/deps.ts'
import { withoutKeyParameter } from './native/relay/own-parameter.ts'
import { Audit } from './ops/audit.ts'
import { FeedEnds } from './ops/feed-ends.ts'
import { exposeGauges } from './ops/gauges.ts'
import { type Checks, healthPlugin, type Phase } from './ops/health.ts'
import { metricsPlugin, type TextMeter } from './ops/metrics.ts'
import { publicTrouble } from './ops/public-trouble.ts'
import { version } from './ops/version.ts'
import { buildOpsServer } from './ops-server.ts'
import type { SekoiaClient } from './sekoia/client.ts'
import { repairRules } from './stix/repair.ts'
import { failingAsUnavailable } from './stores/available.ts'
import { taxiiDialect } from './taxii/dialect.ts'
import type { TaxiiSettings } from './taxii/settings.ts'

export interface AppDeps {
  readonly config: Config
  readonly clock: Clock
  readonly logger: FastifyBaseLogger
  readonly store: LogStore
  readonly documents: DocumentStore
  readonly answers: AnswerStore
  readonly upstream: SekoiaClient
  readonly meter: TextMeter
  /** Names of MISP's galaxies, when the operator has them at hand. */
  readonly galaxies?: Galaxies | undefined
  /** Turns keys into scopes; at least 32 bytes. */
  readonly secret: Buffer
  readonly tls?: TlsOptions
}

export interface App {
  readonly server: FastifyInstance
  /** What listens on `ops.port`; undefined when `server` serves all. It closes after `server`. */
  readonly ops: FastifyInstance | undefined
  /** What `/readyz` says of the process. */
  setPhase(phase: Phase): void
}

/**
 * The one place that knows every part. A request comes in through the server, gets its caller (a scope and a
 * key) and its log line, and reaches a dialect. The dialect turns it into a question to the feed logs, which
 * answer from memory, the store, or Sekoia, in that order. The answer goes out as the bytes that came in.
 */
export async function buildApp(parts: AppDeps): Promise<App> {
  const { config, clock, logger, store, upstream, meter } = parts
  const documents = failingAsUnavailable(parts.documents)
  let phase: Phase = 'starting'

  const audit = new Audit({ clock, logger })
  const rights = new RightsGate({
    upstream,
    store,
    clock,
    meter,
    onLost: ({ scope, feedId, kind }) => audit.rightsLost(scope, feedId, kind),
    settings: { ...config.access, waitMs: config.feedLog.tipWaitMs }
  })
  const cache = new AnswerCache({
    store: parts.answers,
    meter,
    maxBytes: config.native.cacheMaxBytes
  })
  const sekoia = noticing(rights.upstream, { cache, clock })
  const passed = withoutKeyParameter(upstream.raw, config.auth.queryParameter)
  const { refusedSeconds } = config.access
  const raw = notingRawRights(passed, rights.verdicts, { clock, refusedSeconds })
  const settings = feedLogSettings(config)
  const feedEnds = new FeedEnds({ clock, logger, patienceMs: patienceMs(config) })
  const logs = new FeedLogs({
    ...{ upstream: sekoia, store, clock, meter, watch: feedEnds, settings },
    onRedated: ({ name, feedId: feed, skewMs }) =>
      logger.warn(
        { scope: name.split(':')[1]?.slice(0, 8), feed, skewMs },
        'a clock that was wrong had dated objects of a feed: they are dated anew, and clients get them again'
      )
  })
  const records = rights.guard(logs)
  const catalog = createCatalog({
    upstream: sekoia,
    clock,
    meter,
    rights,
    prepare: (caller, feedId, waitMs) => logs.prepare(caller, feedId, waitMs),
    defaultFeedId: config.sekoia.defaultFeedId,
    cacheSeconds: config.access.collectionsSeconds,
    onLeftOut: ({ caller: { scope }, feedId, obstacle: { kind, advice } }) =>
      logger.warn(
        { scope: scope.slice(0, 8), feed: feedId, reason: kind, advice },
        'a feed is left out of the list'
      ),
    waitMs: config.feedLog.tipWaitMs,
    kept: createKeptLists(documents),
    verify: caller => rights.verify(caller)
  })
  const secrets = createSecretWatch({ documents, clock, logger, secret: parts.secret })

  const answers = new Answers({
    clock,
    compressedMaxBytes: config.cache.compressedMaxBytes,
    sendTimeoutMs: config.server.sendTimeoutMs
  })
  const publications = new Publications({
    store: documents,
    cacheMaxBytes: config.misp.cacheMaxBytes,
    maxHashes: config.misp.maxHashes,
    onHashesCut: ({ space, leftOut, isNew }) => {
      meter.count('misp_hashes_cut')
      if (isNew)
        logger.warn(
          { scope: scopeOfSpace(space).slice(0, 8), leftOut, setting: 'MISP_MAX_HASHES' },
          'hashes.csv of a feed has no room for all values: those of the oldest events are left out'
        )
    }
  })
  const mispFeeds = new BuildScheduler({
    records,
    upstream: sekoia,
    store: documents,
    clock,
    meter,
    logger,
    mapping: createMapping({ ...config.misp, galaxies: parts.galaxies }),
    settings: mispFeedsSettings(config)
  })

  const toCaller = createScopes(parts.secret)
  const standingFeeds = new StandingFeeds({
    catalog,
    rights,
    logger,
    want: (caller, feed) => void mispFeeds.want(caller, feed),
    feeds: parseBuildKeys(config.misp.buildKeys).map(({ feed, key }) => ({
      caller: toCaller(new ApiKey(key)),
      feed
    }))
  })

  /** What no prefix decides belongs to the first. */
  const dialects = [
    taxiiDialect({
      records,
      catalog,
      rights,
      settings: taxiiSettings(config),
      meter
    }),
    ...(config.misp.enabled
      ? [
          mispDialect({
            catalog,
            rights,
            feeds: mispFeeds,
            publications,
            clock,
            settings: mispSettings(config)
          })
        ]
      : []),
    nativeDialect({
      records,
      catalog,
      raw,
      cache,
      kept: new KeptAnswers({ cache, raw, rights: rights.verdicts, clock }),
      rights: rights.verdicts,
      clock,
      meter,
      settings: nativeSettings(config),
      forgetFeeds: catalog.forget
    })
  ] as const

  const server = buildServer({
    logger,
    meter,
    trustProxy: config.server.trustProxy,
    requestTimeoutMs: config.server.requestTimeoutMs,
    keepAliveTimeoutMs: config.server.keepAliveTimeoutMs,
    errorFormOf: errorFormByPrefix([
      ...dialects,
      { mounts: [{ prefix: gatewayPrefix, paths: [] }], errorForm: gatewayError }
    ]),
    hintOf: createHints({
      apiRoot: config.taxii.apiRoot,
      hasMisp: config.misp.enabled,
      publicUrl: config.server.publicUrl
    }),
    ...(parts.tls && { tls: parts.tls })
  })
  await server.register(connectionsPlugin, {
    maxConnections: config.server.maxConnections,
    maxPerAddress: config.server.maxConnectionsPerAddress,
    isTrusted: compileTrust(config.server.trustProxy)
  })
  const consumers = new Consumers(clock)
  const onAnswered = (answered: Answered) => {
    audit.answered(answered)
    const reading = readingOf(answered)
    if (reading) consumers.note(reading)
  }
  await server.register(requestLog, { meter, stopwatch: meter, onAnswered })
  const checks: Checks = {
    store: () => publicTrouble(store.trouble() ?? documents.trouble()),
    upstream: () => upstream.health().trouble,
    feeds: () => troubleOfFeeds(feedEnds.failing)
  }
  exposeGauges({
    meter,
    version,
    checks,
    feedEnds,
    maxFeeds: config.metrics.maxFeeds,
    breaker: () => upstream.health().breaker,
    mispFeeds: () => coverageOfFeeds(mispFeeds.kept, publications),
    successAgeMs: () => upstream.health().successAgeMs,
    dataDir: config.redis.url ? undefined : config.store.dataDir
  })
  await server.register(corsPlugin, {
    origins: config.server.corsOrigins,
    keyHeader: config.auth.apiKeyHeader
  })
  const auth: AuthOptions = {
    credentials: {
      headerName: config.auth.apiKeyHeader.toLowerCase(),
      queryParameter: config.auth.queryParameter || undefined,
      lenient: config.taxii.mode === 'field'
    },
    toCaller,
    isOperator: createOperatorCheck(config.operator.token)
  }
  await server.register(authPlugin, auth)
  await server.register(newcomersPlugin, {
    maxPerMinute: config.auth.maxUnknownPerMinute,
    wasAccepted: caller => rights.wasAccepted(caller)
  })
  await server.register(overloadPlugin, config.overload)
  for (const dialect of dialects) await registerDialect(server, dialect, { answers, rights })

  const ops =
    config.ops.port === 0 ? undefined : await buildOpsServer({ ...parts, auth, onAnswered })
  const forOperator = ops ?? server
  await forOperator.register(healthPlugin, { phase: () => phase, checks })
  const assertOperator = (asked: string) => (request: FastifyRequest) => {
    if (request.isOperator) return
    meter.count('operator_refused', { asked })
    throw new GatewayError('unauthorized')
  }
  if (config.metrics.enabled)
    await forOperator.register(metricsPlugin, {
      meter,
      ...(config.metrics.operatorOnly && { admit: assertOperator('metrics') })
    })

  const startedAt = clock.now()
  const gateway: GatewayDeps = {
    clock,
    meter,
    rights,
    catalog,
    consumers,
    logs: () => logs.states(),
    condition: () => {
      const { breaker, clockSkewMs, succeededAt, lastFailure } = upstream.health()
      return {
        version,
        phase,
        startedAt,
        parts: Object.fromEntries(Object.entries(checks).map(([part, look]) => [part, look()])),
        breaker,
        clockSkewMs,
        succeededAt,
        lastFailureAt: lastFailure?.at,
        store: { kind: config.redis.url ? 'redis' : 'sqlite', isShared: store.isShared }
      }
    },
    mispBuilds: isWanted =>
      Promise.all(
        mispFeeds.kept
          .map(({ feedId, space }) => ({ feedId, space, scope: scopeOfSpace(space) as ScopeId }))
          .filter(({ scope }) => isWanted(scope))
          .map(async ({ feedId, space, scope }) => ({
            ...{ feedId, scope },
            // A store that fails is told elsewhere.
            state: await publications.state(space).catch(() => undefined)
          }))
      ),
    askKey: caller => askKey(sekoia, caller, config.sekoia.defaultFeedId),
    settings: gatewaySettings(config)
  }
  await registerGateway(server, gateway, { operator: ops === undefined, keys: true })
  if (ops) await registerGateway(ops, gateway, { operator: true, keys: false })

  if (store.isShared) secrets.start()
  if (config.misp.enabled) standingFeeds.start()
  server.addHook('preClose', async () => {
    secrets.stop()
    standingFeeds.stop()
    await mispFeeds.end()
  })
  server.addHook('onClose', async () => {
    await mispFeeds.close()
    // What still waits for Sekoia ends here: it would be tried again for as long as its patience lasts.
    await upstream.close()
    await logs.close()
    await rights.close()
    await documents.close()
    await cache.settle()
    await parts.answers.close()
    await store.close()
    await ops?.close()
  })
  return {
    server,
    ops,
    setPhase: next => {
      phase = next
    }
  }
}

/** A feed is in trouble once its end could not be confirmed at several times in a row. */
const patienceMs = ({ feedLog }: Config): number => Math.max(60, 6 * feedLog.tipSeconds) * 1000

const troubleOfFeeds = ({ length }: readonly string[]): string | undefined =>
  length === 0 ? undefined : `${length} feed${length > 1 ? 's' : ''} cannot be read on`

const feedLogSettings = (config: Config) => ({
  ...config.feedLog,
  cacheMaxBytes: config.cache.maxBytes,
  feedSeconds: config.access.collectionsSeconds,
  repairRules: repairRules(config.stix.repair === 'on')
})

function mispFeedsSettings({ misp, sekoia, stix }: Config): BuildSchedulerSettings {
  const shardBits = new Map(misp.shardBitsOf.map(text => text.split('=') as [string, string]))
  const usual = (feedId: string) =>
    feedId === sekoia.defaultFeedId ? misp.defaultFeedShardBits : misp.shardBits
  return {
    windowDays: misp.windowDays === 'all' ? undefined : Number(misp.windowDays),
    shardBitsOf: feedId => Number(shardBits.get(feedId) ?? usual(feedId)),
    expiredMs: misp.expiredDays * dayMs,
    tombstoneMs: misp.tombstoneDays * dayMs,
    repairRules: repairRules(stix.repair === 'on'),
    reportCopies: misp.reportCopies,
    marginSeconds: misp.clockMarginSeconds,
    restampMs: misp.restampDays * dayMs,
    distribution: distributions[misp.distribution],
    walkMs: misp.walkSeconds * 1000,
    partialMs: 20_000,
    commitBytes: 256 * 1024,
    publishMs: misp.publishSeconds * 1000,
    idleMs: misp.idleSeconds * 1000,
    maxFeeds: misp.maxFeeds
  }
}

const dayMs = 86_400_000

/** In MISP's numbers. */
const distributions = {
  feed: undefined,
  organisation: '0',
  community: '1',
  connected: '2',
  all: '3'
} as const

const mispSettings = ({ misp, sekoia, server }: Config): MispSettings => ({
  defaultFeedId: sekoia.defaultFeedId,
  publicUrl: server.publicUrl,
  firstWaitMs: misp.firstWaitMs
})

const nativeSettings = ({ native, sekoia, stix }: Config): NativeSettings => ({
  passThrough: native.passThrough,
  feedSortOrder: native.feedSortOrder,
  defaultFeedId: sekoia.defaultFeedId,
  repair: stix.repair === 'on'
})

const gatewaySettings = ({ taxii, server, misp, auth }: Config): GatewaySettings => ({
  publicUrl: server.publicUrl,
  apiRoot: taxii.apiRoot,
  mediaType: 'application/taxii+json;version=2.1',
  defaultLimit: taxii.defaultLimit,
  maxLimit: taxii.maxLimit,
  hasMisp: misp.enabled,
  keyHeader: auth.apiKeyHeader,
  queryParameter: auth.queryParameter
})

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
