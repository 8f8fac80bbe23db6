import type { FastifyRequest } from 'fastify'
import { baseUrlOf } from '../../http/origin.ts'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/ports.ts'
import type { Catalog } from '../../kernel/records.ts'
import type { FeedState } from '../build/state.ts'
import { spaceOf } from '../build/tables.ts'
import type { Coverage } from '../events/tally.ts'
import type { Publications } from './publications.ts'
import type { WantedFeed, WantedFeeds } from './wanted.ts'

export interface ListingDeps {
  readonly catalog: Catalog
  readonly feeds: WantedFeeds
  readonly publications: Pick<Publications, 'state' | 'hashesLeftOut'>
  readonly clock: Pick<Clock, 'now'>
  readonly settings: {
    /** '' when it is taken from the request. */
    readonly publicUrl: string
  }
}

/** `GET /misp/`: for a key, each feed it can read as a feed of MISP, and how far its building has come. */
export async function toListing(
  request: FastifyRequest,
  caller: Caller,
  { catalog, feeds: wanted, publications, clock, settings }: ListingDeps
): Promise<Buffer> {
  const base = settings.publicUrl || baseUrlOf(request.origin)
  const feeds = await catalog.list(caller)
  const now = clock.now()
  const entries = await Promise.all(
    feeds.map(async feed => {
      const state = await publications.state(spaceOf(caller, feed.feedId))
      return {
        id: feed.collectionId,
        title: feed.title,
        // Sekoia's own id, which is good without its list of feeds.
        url: `${base.replace(/\/+$/, '')}/misp/${feed.feedId}`,
        ...toProgress({ state, kept: wanted.find(caller, feed), now }),
        ...(state && { hashesLeftOut: publications.hashesLeftOut(state) })
      }
    })
  )
  return Buffer.from(JSON.stringify({ feeds: entries }))
}

interface Progress {
  /** Undefined when nothing was written down yet. */
  readonly state: FeedState | undefined
  /** The feed, if this gateway keeps it up to date. */
  readonly kept: WantedFeed | undefined
  readonly now: number
}

function toProgress({ state, kept, now }: Progress): object {
  const problem = kept?.failure && { problem: kept.failure.message }
  if (!state) return { status: kept ? 'first build' : 'not asked for yet', ...problem }
  const { totals, coverage, publishedAt, isBuilt, objectsRead } = state
  return {
    status: !isBuilt ? 'first build' : problem ? 'behind' : 'in sync',
    ...problem,
    ...totals,
    ...(coverage && { coverage: toCoverage(coverage, state) }),
    lastPublication: publishedAt === 0 ? null : new Date(publishedAt).toISOString(),
    objectsRead,
    ...(isBuilt ? {} : estimate(state, now))
  }
}

/**
 * What becomes of the indicators that are live at Sekoia: `live` is the sum of what follows it, but for `partly`, which
 * is part of `toIds`.
 */
const toCoverage = (
  { live, toIds, context, fallback, skipped, outsideWindow, partly }: Coverage,
  { since }: FeedState
): object => ({
  changedSince: since === '' ? null : since,
  live,
  toIds,
  context,
  fallback,
  skipped,
  outsideWindow,
  partly
})

/** Estimates the time left: feeds are in the order of time, so the time reached says how much has been read. */
function estimate({ startedAt, objectsRead, readFrom, position }: FeedState, now: number): object {
  const seconds = Math.max(1, (now - startedAt) / 1000)
  const from = readFrom ?? now
  const read = position ? Math.max(0, position.natural - from) : 0
  const left = read > 0 ? (seconds * (now - from - read)) / read : undefined
  return {
    objectsPerSecond: Math.round(objectsRead / seconds),
    readUpTo: position ? new Date(position.natural).toISOString() : null,
    secondsLeft: left === undefined ? null : Math.max(0, Math.round(left))
  }
}
