import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createOperatorCheck } from './auth/operator-token.ts'
import { askKey } from './gateway/ask-key.ts'
import { Consumers } from './gateway/consumers.ts'
import { gatewayError } from './gateway/error-form.ts'
import { readingOf } from './gateway/reading.ts'
import { type GatewayDeps, gatewayPrefix, registerGateway } from './gateway/routes.ts'
import {
  uniteConditions,
  uniteConsumers,
  uniteKnown,
  uniteLogs,
  type WorkerCondition
} from './gateway/united.ts'
import { latencyMs, type Slot } from './history/slot.ts'
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
import { buildServer } from './http/server.ts'
import type { Caller, ScopeId } from './kernel/caller.ts'
import { GatewayError } from './kernel/errors.ts'
import { alone } from './kernel/siblings.ts'
import { scopeOfSpace } from './misp/build/tables.ts'
import { coverageOfFeeds } from './misp/serve/coverage.ts'
import { mispDialect } from './misp/serve/dialect.ts'
import { KeptAnswers } from './native/cache/kept-answers.ts'
import { nativeDialect } from './native/dialect.ts'
import { allFeeds } from './native/feeds.ts'
import { openapiDocument } from './openapi/document.ts'
import { registerOpenapi } from './openapi/routes.ts'
import { exposeGauges } from './ops/gauges.ts'
import { type Checks, healthPlugin, type Phase } from './ops/health.ts'
import { metricsPlugin } from './ops/metrics.ts'
import { summedText } from './ops/summed.ts'
import { version } from './ops/version.ts'
import { buildOpsServer } from './ops-server.ts'
import { registerPages } from './pages/routes.ts'
import { type AppDeps, createServices, type Services } from './services.ts'
import { gatewaySettings, mispSettings, nativeSettings, taxiiSettings } from './settings.ts'
import { taxiiDialect } from './taxii/dialect.ts'
import { metricsTopic } from './workers/messages.ts'

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
  const { config, clock, logger, store, upstream, meter, siblings = alone } = parts
  const services = createServices(parts)
  const { audit, history, rights, catalog, logs, mispFeeds, publications, feedEnds } = services
  const dialects = createDialects(parts, services)
  let phase: Phase = 'starting'

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
  if (parts.tracing) await server.register(parts.tracing.plugin)
  await server.register(connectionsPlugin, {
    maxConnections: config.server.maxConnections,
    maxPerAddress: config.server.maxConnectionsPerAddress,
    isTrusted: compileTrust(config.server.trustProxy)
  })
  const consumers = new Consumers(clock)
  const onAnswered = (answered: Answered) => {
    audit.answered(answered)
    const { dialect, status, report } = answered
    history.recorder.note({ dialect, status, items: report.items ?? 0 })
    const reading = readingOf(answered)
    if (reading) consumers.note(reading)
  }
  await server.register(requestLog, { meter, stopwatch: meter, onAnswered })
  const checks: Checks = {
    store: services.storeTrouble,
    upstream: () => upstream.health().trouble,
    feeds: () => troubleOfFeeds(feedEnds.failing),
    ...(parts.siblings && { workers: siblings.trouble })
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
    toCaller: services.toCaller,
    isOperator: createOperatorCheck(config.operator.token)
  }
  await server.register(authPlugin, auth)
  await server.register(newcomersPlugin, {
    maxPerMinute: config.auth.maxUnknownPerMinute,
    wasAccepted: caller => rights.wasAccepted(caller)
  })
  await server.register(overloadPlugin, config.overload)
  await server.register(openapiDocument, { version, keyHeader: config.auth.apiKeyHeader })
  for (const dialect of dialects)
    await registerDialect(server, dialect, { answers: services.answers, rights })

  const ops =
    config.ops.port === 0 ? undefined : await buildOpsServer({ ...parts, auth, onAnswered })
  const forOperator = ops ?? server
  await forOperator.register(healthPlugin, { phase: () => phase, checks })
  const assertOperator = (asked: string) => (request: FastifyRequest) => {
    if (request.isOperator) return
    meter.count('operator_refused', { asked })
    throw new GatewayError('unauthorized')
  }
  const metrics = siblings.share(metricsTopic, () => meter.snapshot())
  if (config.metrics.enabled)
    await forOperator.register(metricsPlugin, {
      text: parts.siblings ? async () => summedText(await metrics()) : meter.text,
      ...(config.metrics.operatorOnly && { admit: assertOperator('metrics') })
    })

  const startedAt = clock.now()
  const conditions = siblings.share('condition', async (): Promise<WorkerCondition> => {
    await history.recorder.sample()
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
      recent: history.recorder.recent(),
      residentBytes: process.memoryUsage.rss(),
      replicas: history.replicas,
      store: { kind: config.redis.url ? 'redis' : 'sqlite', isShared: store.isShared }
    }
  })
  const logStates = siblings.share('logs', () => logs.states())
  const known = siblings.share('known', () => catalog.known())
  const consumerLists = siblings.share('consumers', () => consumers.list())
  const builds = siblings.share('misp-builds', () => mispFeeds.kept)
  const gateway: GatewayDeps = {
    clock,
    meter,
    rights,
    catalog,
    known: async () => uniteKnown(await known()),
    consumers: async () => uniteConsumers(await consumerLists()),
    history,
    logs: async () => uniteLogs(await logStates()),
    condition: async () => {
      const united = uniteConditions(await conditions())
      return { ...united, recent: recentCalls(united.recent) }
    },
    mispBuilds: async isWanted =>
      Promise.all(
        [...new Map((await builds()).flat().map(build => [build.space, build])).values()]
          .map(({ feedId, space }) => ({ feedId, space, scope: scopeOfSpace(space) as ScopeId }))
          .filter(({ scope }) => isWanted(scope))
          .map(async ({ feedId, space, scope }) => ({
            ...{ feedId, scope },
            // A store that fails is told elsewhere.
            state: await publications.state(space).then(
              state => state && { ...state, hashesLeftOut: publications.hashesLeftOut(state) },
              () => undefined
            )
          }))
      ),
    askKey: caller => askKey(services.sekoia, caller, config.sekoia.defaultFeedId),
    settings: gatewaySettings(config)
  }
  await registerGateway(server, gateway, { operator: ops === undefined, keys: true })
  if (ops) await registerGateway(ops, gateway, { operator: true, keys: false })
  if (config.pages.enabled) {
    const demoKey = config.sekoia.url ? undefined : config.demo.key
    const hasOperator = !ops && config.operator.token !== ''
    await registerPages(server, { takes: hasOperator ? ['key', 'operator'] : ['key'], demoKey })
    if (ops) await registerPages(ops, { takes: ['operator'], demoKey: undefined })
  }
  await registerOpenapi(server, {
    publicUrl: config.server.publicUrl,
    hasPage: config.pages.enabled
  })

  services.start()
  server.addHook('preClose', services.end)
  server.addHook('onClose', async () => {
    await services.close()
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

/** What no prefix decides belongs to the first. */
function createDialects({ config, clock, meter, siblings = alone }: AppDeps, services: Services) {
  const { records, catalog, rights, raw, cache, mispFeeds, publications } = services
  const feedsChanged = siblings.channel<Pick<Caller, 'scope'>>('feeds-changed', ({ scope }) => {
    cache.forget(scope, [], [allFeeds])
    catalog.forget({ scope })
  })
  return [
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
      forgetFeeds: ({ scope }) => {
        catalog.forget({ scope })
        feedsChanged({ scope })
      }
    })
  ] as const
}

const recentCalls = ({ counts, latency }: Pick<Slot, 'counts' | 'latency'>) => ({
  calls: counts.calls,
  failed: counts.callsFailed,
  rateLimited: counts.callsLimited,
  medianMs: latencyMs(latency, 0.5),
  p95Ms: latencyMs(latency, 0.95)
})

const troubleOfFeeds = ({ length }: readonly string[]): string | undefined =>
  length === 0 ? undefined : `${length} feed${length > 1 ? 's' : ''} cannot be read on`
