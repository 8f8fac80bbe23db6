import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Answers } from '../http/answers.ts'
import { requireCaller } from '../http/auth.ts'
import { privateAnswers } from '../http/caching.ts'
import { digestOf } from '../http/content-digest.ts'
import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/ports.ts'
import type { Catalog, CatalogFeed } from '../kernel/records.ts'
import { sendPlainError } from './errors.ts'
import { spaceOf } from './feed-documents.ts'
import { toListing } from './listing.ts'
import type { Manifest, Publications, PublishedFile } from './publications.ts'

export interface MispOptions {
  readonly catalog: Catalog
  /** Resolves when what is held of the feed may be shown to the caller (G6). */
  readonly authorize: (caller: Caller, feedId: string) => Promise<void>
  readonly feeds: WantedFeeds
  readonly publications: Pick<Publications, 'manifest' | 'event' | 'hashes' | 'state'>
  readonly answers: Answers
  readonly clock: Pick<Clock, 'now'>
  readonly settings: MispRouteSettings
}

/** Those that are asked for, see feeds.ts. */
export interface WantedFeeds {
  want(caller: Caller, feed: CatalogFeed): WantedFeed
}

export interface WantedFeed {
  /** Why the feed could not be brought up to date last; undefined when it could. */
  readonly failure: GatewayError | undefined
  /** Resolves with the next publication, or after `ms` milliseconds, or when `signal` says so. */
  nextPublication(ms: number, signal: AbortSignal): Promise<void>
}

export interface MispRouteSettings {
  readonly defaultFeedId: string
  /** '' when it is taken from the request. */
  readonly publicUrl: string
  /** How long the first manifest of a feed waits for events, ms. */
  readonly firstWaitMs: number
}

interface FeedParams {
  /** Left out for the default feed. */
  readonly feed?: string
  readonly file: string
}

const json = { mediaType: 'application/json', representation: 'misp' }
const csv = { mediaType: 'text/csv; charset=utf-8', representation: 'misp' }
const nothing = Buffer.from('{}')
const eventFile = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.json$/

/**
 * Each feed as a MISP feed (misp-feed.md §1.1): `manifest.json`, `hashes.csv` and a file for each event, under
 * `/misp/{feed}/`, or right under `/misp/` for the default feed; and `/misp/` itself, which lists them. Needs
 * `authPlugin`, `requestLog` and `overloadPlugin` on the server.
 */
export const mispRoutes: FastifyPluginAsync<MispOptions> = async (app, options) => {
  const { answers } = options
  await app.register(privateAnswers)
  app.setErrorHandler(sendPlainError)
  app.addHook('onRequest', async request => {
    requireCaller(request)
  })
  app.setNotFoundHandler(() => {
    throw new GatewayError('not-found')
  })
  app.get('/', async (request, reply) => {
    const body = [await toListing(request, options)]
    return answers.send(request, reply, {
      ...json,
      headers: {},
      digest: digestOf(body),
      body: () => body
    })
  })
  const serve = (request: FastifyRequest, reply: FastifyReply) => serveFile(request, reply, options)
  app.get('/:file', { config: { heavy: true } }, serve)
  app.get('/:feed/:file', { config: { heavy: true } }, serve)
}

async function serveFile(
  request: FastifyRequest,
  reply: FastifyReply,
  options: MispOptions
): Promise<void> {
  const { feed: given = options.settings.defaultFeedId, file } = request.params as FeedParams
  const uuid = eventFile.exec(file)?.[1]
  const isKnown = uuid !== undefined || file === 'manifest.json' || file === 'hashes.csv'
  if (!isKnown || !/^[\w-]{1,128}$/.test(given)) throw new GatewayError('not-found')
  const caller = requireCaller(request)
  const feed = await options.catalog.resolve(caller, given)
  if (feed.obstacle !== undefined) throw new GatewayError('unwalkable', { detail: feed.obstacle })
  await options.authorize(caller, feed.feedId)
  const space = spaceOf(caller, feed.feedId)
  request.report = { ...request.report, fields: { feed: feed.collectionId } }
  if (file === 'hashes.csv') return serveHashes(request, reply, space, options)
  const found = uuid
    ? await options.publications.event(space, uuid)
    : await manifestOf(request, caller, feed, options)
  return options.answers.send(request, reply, { ...json, ...toAnswer(found) })
}

const toAnswer = (file: PublishedFile | undefined) => ({
  headers: {},
  digest: file?.digest ?? digestOf([nothing]),
  body: () => [file?.bytes ?? nothing],
  ...(file && { encoded: { encoding: 'zstd' as const, bytes: file.zstd } })
})

/**
 * Asking for the manifest is what starts and keeps up the building of a feed. The first one waits a while for the
 * first events; should there be none yet, nothing is listed, which MISP takes for nothing to do.
 */
async function manifestOf(
  request: FastifyRequest,
  caller: Caller,
  feed: CatalogFeed,
  { feeds, publications, settings }: MispOptions
): Promise<Manifest | undefined> {
  const kept = feeds.want(caller, feed)
  const space = spaceOf(caller, feed.feedId)
  const held = await publications.manifest(space)
  if (held) return held
  if (kept.failure) throw kept.failure
  await kept.nextPublication(settings.firstWaitMs, request.signal)
  return publications.manifest(space)
}

async function serveHashes(
  request: FastifyRequest,
  reply: FastifyReply,
  space: string,
  { publications, answers }: MispOptions
): Promise<void> {
  const file = await publications.hashes(space)
  if (file.length === 0)
    throw new GatewayError('not-found', { detail: 'No value of this feed is published yet' })
  return answers.stream(request, reply, {
    ...csv,
    headers: {},
    digest: file.digest,
    length: file.length,
    pieces: () => file.pieces()
  })
}
