import type { FastifyBaseLogger } from 'fastify'
import { notingRawRights } from './auth/rights.ts'
import { RightsGate } from './auth/rights-gate.ts'
import { createScopes } from './auth/scope.ts'
import { createSecretWatch } from './auth/secret-watch.ts'
import { parseBuildKeys } from './config/build-keys.ts'
import type { Config } from './config/load.ts'
import { FeedLogs } from './feedlog/logs.ts'
import { createCatalog } from './feeds/catalog.ts'
import { createKeptLists } from './feeds/kept-lists.ts'
import { History } from './history/history.ts'
import { Answers } from './http/answers.ts'
import type { TlsOptions } from './http/server.ts'
import type { AnswerStore } from './kernel/answer-store.ts'
import { ApiKey, type ScopeId } from './kernel/caller.ts'
import type { Clock, DocumentStore, LogStore } from './kernel/ports.ts'
import { alone, type Siblings } from './kernel/siblings.ts'
import type { MakerThread } from './misp/build/maker.ts'
import { BuildScheduler } from './misp/build/scheduler.ts'
import { StandingFeeds } from './misp/build/standing-feeds.ts'
import { scopeOfSpace } from './misp/build/tables.ts'
import { createMapping } from './misp/mapping/mapping.ts'
import type { Galaxies } from './misp/mapping/tags/galaxies.ts'
import { Publications } from './misp/serve/publications.ts'
import { AnswerCache } from './native/cache/answer-cache.ts'
import { type Forget, noticing } from './native/news.ts'
import { withoutKeyParameter } from './native/relay/own-parameter.ts'
import { Audit } from './ops/audit.ts'
import { FeedEnds } from './ops/feed-ends.ts'
import type { TextMeter } from './ops/metrics.ts'
import { publicTrouble } from './ops/public-trouble.ts'
import { createTotals } from './ops/totals.ts'
import type { SekoiaClient } from './sekoia/client.ts'
import { feedLogSettings, mispFeedsSettings, patienceMs } from './settings.ts'
import { failingAsUnavailable } from './stores/available.ts'
import type { Tracing } from './tracing/start.ts'
import { tracedRecords } from './tracing/traced.ts'

export interface AppDeps {
  readonly config: Config
  readonly clock: Clock
  readonly logger: FastifyBaseLogger
  readonly store: LogStore
  readonly documents: DocumentStore
  readonly answers: AnswerStore
  readonly upstream: SekoiaClient
  readonly meter: TextMeter
  /** Left out: one process serves. */
  readonly siblings?: Siblings | undefined
  /** False: another process does what is done once. Default true. */
  readonly isFirst?: boolean
  /** Names of MISP's galaxies, when the operator has them at hand. */
  readonly galaxies?: Galaxies | undefined
  /** Makes MISP events beside this thread; left out: all are made here. It is closed with the services. */
  readonly mispThread?: MakerThread | undefined
  /** Turns keys into scopes; at least 32 bytes. */
  readonly secret: Buffer
  readonly tls?: TlsOptions
  /** Left out: no traces are made. */
  readonly tracing?: Pick<Tracing, 'tracer' | 'plugin'> | undefined
}

/** Kept answers that another process has seen to be outdated. */
interface Forgotten {
  readonly scope: ScopeId
  readonly names: readonly string[]
  readonly ids: readonly string[]
}

/** What dialects, the operator's view and the listeners are made of. */
export type Services = ReturnType<typeof createServices>

/** Makes every part behind the listeners; none asks Sekoia or the store for anything yet. */
export function createServices(parts: AppDeps) {
  const { config, clock, logger, store, upstream, meter, siblings = alone, isFirst = true } = parts
  const documents = failingAsUnavailable(parts.documents)

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
  const forgetElsewhere = siblings.channel<Forgotten>('answers', ({ scope, names, ids }) =>
    cache.forget(scope, names, ids)
  )
  const forget: Forget = (scope, names, ids) => {
    cache.forget(scope, names, ids)
    if (names.length > 0 || ids.length > 0) forgetElsewhere({ scope, names, ids })
  }
  const sekoia = noticing(rights.upstream, { cache: { forget }, clock })
  const passed = withoutKeyParameter(upstream.raw, config.auth.queryParameter)
  const { refusedSeconds } = config.access
  const raw = notingRawRights(passed, rights.verdicts, { clock, refusedSeconds })
  const settings = feedLogSettings(config)
  const feedEnds: FeedEnds = new FeedEnds({
    ...{ clock, logger, patienceMs: patienceMs(config) },
    tell: siblings.channel('feed-ends', news => feedEnds.learn(news))
  })
  const logs = new FeedLogs({
    ...{ upstream: sekoia, store, clock, meter, watch: feedEnds, settings },
    onRedated: ({ name, feedId: feed, skewMs }) =>
      logger.warn(
        { scope: name.split(':')[1]?.slice(0, 8), feed, skewMs },
        'a clock that was wrong had dated objects of a feed: they are dated anew, and clients get them again'
      )
  })
  const guarded = rights.guard(logs)
  const records = parts.tracing ? tracedRecords(guarded, parts.tracing.tracer) : guarded
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
    sweeps: logs,
    upstream: sekoia,
    store: documents,
    clock,
    meter,
    logger,
    mapping: createMapping({ ...config.misp, galaxies: parts.galaxies }),
    thread: parts.mispThread,
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

  const history = new History({
    clock,
    store: documents,
    totals: createTotals(meter),
    lag: () => feedEnds.ages()[0]?.[1],
    failing: () => feedEnds.failing.length
  })

  return {
    audit,
    history,
    rights,
    cache,
    sekoia,
    raw,
    feedEnds,
    logs,
    records,
    catalog,
    answers,
    publications,
    mispFeeds,
    toCaller,
    /** A short text while a store fails, else undefined. */
    storeTrouble: () => publicTrouble(store.trouble() ?? documents.trouble()),
    /** Begins what nobody asks for. */
    start() {
      history.start()
      if (!isFirst) return
      if (store.isShared) secrets.start()
      if (config.misp.enabled) standingFeeds.start()
    },
    /** Ends the work under way; answers still go out of what is held. */
    async end() {
      secrets.stop()
      standingFeeds.stop()
      await mispFeeds.end()
    },
    async close() {
      await mispFeeds.close()
      await parts.mispThread?.close()
      // What still waits for Sekoia ends here: it would be tried again for as long as its patience lasts.
      await upstream.close()
      await logs.close()
      await rights.close()
      await history.close()
      await documents.close()
      await cache.settle()
      await parts.answers.close()
      await store.close()
    }
  }
}
