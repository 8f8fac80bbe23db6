import type { Caller, ScopeId } from '../kernel/caller.ts'
import type { FirstWalk, LogState } from '../kernel/log-state.ts'
import type { MispBuild, MispCoverage } from '../kernel/misp-build.ts'
import type { FeedOverview, InspectedFeed, KnownFeeds, Rights } from '../kernel/records.ts'
import type { FeedView } from './schemas.ts'
import { labelOf, maySee, toInstant, type Viewer } from './viewer.ts'

export interface FeedsSource {
  readonly catalog: Pick<FeedOverview, 'overview'>
  /** Listings of all keys, as far as they are in memory. */
  readonly known: () => Promise<readonly KnownFeeds[]>
  readonly rights: Pick<Rights, 'validity'>
  /** Every log in memory. */
  readonly logs: () => Promise<readonly LogState[]>
}

/** A feed of one key, with its logs. */
export interface SeenFeed {
  readonly scope: ScopeId
  readonly feed: InspectedFeed | undefined
  readonly feedId: string
  readonly logs: readonly LogState[]
}

/**
 * The feeds of a viewer: those that are listed for the keys, and those that are read by their id alone. Of a feed that
 * its key cannot read nothing is told but that.
 */
export async function seenFeeds(viewer: Viewer, source: FeedsSource): Promise<SeenFeed[]> {
  const listed = await listedFeeds(viewer, source)
  const logs = (await source.logs()).filter(({ scope }) => maySee(viewer, scope))
  const byFeed = Map.groupBy(logs, ({ scope, feedId }) => `${scope} ${feedId}`)
  const seen = listed.map(({ scope, feed }): SeenFeed => {
    const name = `${scope} ${feed.feedId}`
    const held = isReadable(feed) ? (byFeed.get(name) ?? []) : []
    byFeed.delete(name)
    return { scope, feed, feedId: feed.feedId, logs: held }
  })
  const unlisted = [...byFeed.values()].map((held): SeenFeed => {
    const { scope, feedId } = held[0]!
    return { scope, feed: undefined, feedId, logs: held }
  })
  return [...seen, ...unlisted.filter(({ feedId }) => isStillRead(viewer, feedId, source))]
}

async function listedFeeds(viewer: Viewer, { catalog, known }: FeedsSource) {
  if (viewer.kind === 'operator')
    return (await known()).flatMap(({ scope, feeds }) => feeds.map(feed => ({ scope, feed })))
  const { scope } = viewer.caller
  return (await catalog.overview(viewer.caller)).map(feed => ({ scope, feed }))
}

const isReadable = ({ obstacle }: InspectedFeed): boolean =>
  obstacle === undefined || obstacle.kind === 'preparing' || obstacle.kind === 'unwalkable'

const isStillRead = (viewer: Viewer, feedId: string, { rights }: FeedsSource): boolean =>
  viewer.kind === 'operator' || rights.validity(viewer.caller as Caller, feedId) !== undefined

/** @param builds of the keys that the viewer sees; of a feed that its key cannot read none is told. */
export function toFeedView(seen: SeenFeed, builds: readonly MispBuild[], now: number): FeedView {
  const { scope, feed, feedId, logs } = seen
  const build = builds.find(one => one.scope === scope && one.feedId === feedId)
  return {
    feedId,
    collectionId: feed?.collectionId ?? null,
    title: feed?.title ?? feedId,
    scope: labelOf(scope),
    isListed: feed !== undefined,
    isNewestFirst: feed?.isNewestFirst ?? false,
    obstacle: toObstacleView(feed?.obstacle),
    logs: logs.map(log => toLogView(log, now)),
    misp: build && (!feed || isReadable(feed)) ? toMispView(build) : null
  }
}

function toMispView({ state }: MispBuild): FeedView['misp'] {
  const { isBuilt = false, publishedAt = 0, objectsRead = 0, coverage, hashesLeftOut } = state ?? {}
  return {
    isBuilt,
    lastPublication: publishedAt === 0 ? null : toInstant(publishedAt),
    objectsRead,
    hashesLeftOut: hashesLeftOut ?? null,
    coverage: coverage ? toCoverageView(coverage) : null
  }
}

/** What the contract names of it, and nothing else: a stored sum may have more. */
const toCoverageView = ({
  live,
  toIds,
  context,
  outsideWindow,
  fallback,
  skipped
}: MispCoverage): MispCoverage => ({ live, toIds, context, outsideWindow, fallback, skipped })

export const toObstacleView = (obstacle: InspectedFeed['obstacle']): FeedView['obstacle'] =>
  obstacle ? { reason: obstacle.kind, advice: obstacle.advice } : null

function toLogView(log: LogState, now: number): FeedView['logs'][number] {
  const { types, all, objects, newest, confirmedAt, walk } = log
  return {
    types: [...types],
    includesRevoked: all,
    objects,
    newest: newest === undefined ? null : toInstant(newest),
    endAgeSeconds: confirmedAt === undefined ? null : secondsFrom(confirmedAt, now),
    firstWalk: walk ? toWalkView(walk, now) : null
  }
}

/** The time left follows from the time that the feed spans: how many objects will come is not known. */
function toWalkView(
  { startedAt, objects, fraction }: FirstWalk,
  now: number
): FeedView['logs'][number]['firstWalk'] {
  const seconds = Math.max(1, (now - startedAt) / 1000)
  const secondsLeft = fraction ? Math.round((seconds * (1 - fraction)) / fraction) : null
  return {
    objects,
    fraction: fraction ?? null,
    objectsPerSecond: Math.round(objects / seconds),
    secondsLeft
  }
}

export const secondsFrom = (earlier: number, now: number): number =>
  Math.max(0, Math.round((now - earlier) / 1000))
