import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { FeedEnds } from './feed-ends.ts'
import type { Checks } from './health.ts'
import type { Sample, TextMeter } from './metrics.ts'

export interface GaugeDeps {
  readonly meter: TextMeter
  readonly version: string
  readonly checks: Checks
  readonly feedEnds: FeedEnds
  /** Most feeds with a series of their own; those with the oldest end come first. */
  readonly maxFeeds: number
  readonly breaker: () => (typeof breakerStates)[number]
  /** What became of the indicators of MISP feeds. */
  readonly mispFeeds: () => Promise<readonly IndicatorCounts[]>
  /** Ms since Sekoia last gave an answer of use; undefined before the first. */
  readonly successAgeMs: () => number | undefined
  /** The data directory; undefined when the store is elsewhere. */
  readonly dataDir: string | undefined
}

/** Indicators of one feed that are live at Sekoia. */
export interface IndicatorCounts {
  readonly feed: string
  readonly counts: readonly {
    readonly fate: string
    /** '' where there is only one. */
    readonly reason: string
    readonly count: number
  }[]
}

const breakerStates = ['closed', 'open', 'half-open'] as const

/** What is read off the parts of the gateway for each scrape. */
export function exposeGauges(parts: GaugeDeps): void {
  const { meter, version, checks, feedEnds, maxFeeds, breaker, dataDir } = parts
  meter.gauge('build_info', () => [{ labels: { version, node: process.version }, value: 1 }])
  meter.gauge('degraded', () =>
    Object.entries(checks).map(([part, trouble]) => ({
      labels: { part },
      value: trouble() === undefined ? 0 : 1
    }))
  )
  meter.gauge('feed_end_age_max_seconds', () =>
    feedEnds
      .ages()
      .slice(0, 1)
      .map(([, value]) => ({ value }))
  )
  meter.gauge('feed_end_age_seconds', () =>
    feedEnds
      .ages()
      .slice(0, maxFeeds)
      .map(([feed, value]) => ({ labels: { feed }, value }))
  )
  meter.gauge('feed_logs_followed', () => [{ value: feedEnds.followed }])
  meter.gauge('upstream_breakers', () =>
    breakerStates.map(state => ({ labels: { state }, value: breaker() === state ? 1 : 0 }))
  )
  meter.gauge('misp_indicators', async () =>
    (await parts.mispFeeds())
      .slice(0, maxFeeds)
      .flatMap(({ feed, counts }) =>
        counts.map(({ fate, reason, count }) => ({ labels: { feed, fate, reason }, value: count }))
      )
  )
  meter.gauge('upstream_success_age_seconds', () => {
    const age = parts.successAgeMs()
    return age === undefined ? [] : [{ value: age / 1000 }]
  })
  if (dataDir === undefined) return
  meter.gauge('store_size_bytes', () => sizesIn(dataDir))
  meter.gauge('store_free_bytes', async () => {
    const { bavail, bsize } = await statfs(dataDir)
    return [{ value: bavail * bsize }]
  })
}

/** Sizes of the databases, with the files that SQLite keeps beside them, such as the write-ahead log. */
async function sizesIn(dataDir: string): Promise<Sample[]> {
  const names = await readdir(dataDir)
  const sizeOf = async (database: string) => {
    const files = names.filter(name => name.startsWith(`${database}.sqlite`))
    const sizes = await Promise.all(files.map(async name => (await stat(join(dataDir, name))).size))
    return sizes.reduce((sum, size) => sum + size, 0)
  }
  const part = async (name: string, database: string) => ({
    labels: { part: name },
    value: await sizeOf(database)
  })
  return Promise.all([part('feed_logs', 'feed-log'), part('documents', 'documents')])
}
