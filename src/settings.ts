import type { Config } from './config/load.ts'
import type { GatewaySettings } from './gateway/routes.ts'
import type { BuildSchedulerSettings } from './misp/build/scheduler.ts'
import type { MispSettings } from './misp/serve/dialect.ts'
import type { NativeSettings } from './native/relay/deps.ts'
import { repairRules } from './stix/repair.ts'
import type { TaxiiSettings } from './taxii/settings.ts'

/** The configuration as each part takes it. */

/** A feed is in trouble once its end could not be confirmed at several times in a row. */
export const patienceMs = ({ feedLog }: Config): number =>
  Math.max(60, 6 * feedLog.tipSeconds) * 1000

export const feedLogSettings = (config: Config) => ({
  ...config.feedLog,
  backfillParallel: Math.min(config.upstream.backfillParallel, config.upstream.maxInFlightPerKey),
  cacheMaxBytes: config.cache.maxBytes,
  feedSeconds: config.access.collectionsSeconds,
  repairRules: repairRules(config.stix.repair === 'on')
})

export function mispFeedsSettings({ feedLog, misp, sekoia, stix }: Config): BuildSchedulerSettings {
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
    sweepMs: feedLog.sweepSeconds * 1000,
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

export const mispSettings = ({ misp, sekoia, server }: Config): MispSettings => ({
  defaultFeedId: sekoia.defaultFeedId,
  publicUrl: server.publicUrl,
  firstWaitMs: misp.firstWaitMs
})

export const nativeSettings = ({ native, sekoia, stix }: Config): NativeSettings => ({
  passThrough: native.passThrough,
  feedSortOrder: native.feedSortOrder,
  defaultFeedId: sekoia.defaultFeedId,
  repair: stix.repair === 'on'
})

export const gatewaySettings = ({ taxii, server, misp, auth }: Config): GatewaySettings => ({
  publicUrl: server.publicUrl,
  apiRoot: taxii.apiRoot,
  mediaType: 'application/taxii+json;version=2.1',
  defaultLimit: taxii.defaultLimit,
  maxLimit: taxii.maxLimit,
  hasMisp: misp.enabled,
  keyHeader: auth.apiKeyHeader,
  queryParameter: auth.queryParameter
})

export const taxiiSettings = ({ taxii, server, stix }: Config): TaxiiSettings => ({
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
