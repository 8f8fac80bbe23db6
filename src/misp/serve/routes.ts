import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Answer, Answers, Form } from '../../http/answers.ts'
import { requireCaller } from '../../http/auth.ts'
import { privateAnswers } from '../../http/caching.ts'
import { digestOf } from '../../http/content-digest.ts'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Clock } from '../../kernel/ports.ts'
import type { Catalog, CatalogFeed } from '../../kernel/records.ts'
import { spaceOf } from '../build/tables.ts'
import { sendPlainError } from './errors.ts'
import { toListing } from './listing.ts'
import type { Manifest, Publications, PublishedFile } from './publications.ts'

export interface MispOptions {
  readonly catalog: Catalog
  /** Resolves when what is held of the feed may be shown to the caller (G6). */
  readonly authorize: (caller: Caller, feedId: string) => Promise<void>
  /** True when `authorize` would resolve without anybody being asked. */
  readonly isAuthorized: (caller: Caller, feedId: string) => boolean
  readonly feeds: WantedFeeds
  readonly publications: Pick<Publications, 'manifest' | 'event' | 'heldEvent' | 'hashes' | 'state'>
  readonly answers: Answers
  readonly clock: Pick<Clock, 'now'>
  readonly settings: MispRouteSettings
}

/** Those that are asked for, see feeds.ts. */
export interface WantedFeeds {
  /** The feed is kept up to date from here on. */
  want(caller: Caller, feed: CatalogFeed): WantedFeed
  /** The feed, if it is kept up to date here. */
  find(caller: Caller, feed: CatalogFeed): WantedFeed | undefined
  /** The gateway is about to stop: nobody is to wait any more. */
  end(): void
}

export interface WantedFeed {
  /** Why the feed could not be brought up to date last; undefined when it could. */
  readonly failure: GatewayError | undefined
  /**
   * Resolves with the next publication, or after `ms` milliseconds, or when `signal` says so. Throws the GatewayError
   * of a round that failed.
   */
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

/** What is looked for meanwhile may come from another gateway, which tells nobody: so often, ms. */
const lookMs = 1000

const paths = ['/', '/:file', '/:feed/:file']
const allowed = ['GET', 'HEAD', 'OPTIONS']

/**
 * Each feed as a MISP feed (MISP-1.1): `manifest.json`, `hashes.csv` and a file for each event, under
 * `/misp/{feed}/`, or right under `/misp/` for the default feed; and `/misp/` itself, which lists them. Needs
 * `authPlugin`, `requestLog` and `overloadPlugin` on the server.
 */
export const mispRoutes: FastifyPluginAsync<MispOptions> = async (app, options) => {
  await app.register(privateAnswers)
  app.setErrorHandler(sendPlainError)
  app.addHook('preClose', async () => options.feeds.end())
  await app.register(async scope => registerOpen(scope))
  await app.register(async scope => registerGuarded(scope, options))
}

/** What needs no credentials: OPTIONS, and the 405 of all methods that write. */
function registerOpen(scope: FastifyInstance): void {
  const allow = allowed.join(', ')
  const others = scope.supportedMethods.filter(method => !allowed.includes(method))
  const refuse = async (_request: FastifyRequest, reply: FastifyReply) => {
    reply.header('allow', allow)
    throw new GatewayError('method-not-allowed')
  }
  for (const url of paths) {
    scope.options(url, async (_request, reply) => reply.code(204).header('allow', allow).send())
    scope.route({ method: others, url, onRequest: refuse, handler: refuse })
  }
}

function registerGuarded(scope: FastifyInstance, options: MispOptions): void {
  scope.addHook('onRequest', async request => {
    requireCaller(request)
  })
  scope.setNotFoundHandler(() => {
    throw new GatewayError('not-found')
  })
  for (const url of paths) {
    const [serve, heavy] = url === '/' ? [serveListing, false] : [serveFile, true]
    scope.route({
      method: ['GET', 'HEAD'],
      url,
      config: { heavy },
      handler: (request, reply) => serve(request, reply, options)
    })
  }
}

async function serveListing(
  request: FastifyRequest,
  reply: FastifyReply,
  options: MispOptions
): Promise<void> {
  const body = [await toListing(request, options)]
  const content = { headers: {}, digest: digestOf(body), body: () => body }
  return options.answers.send(request, reply, { ...json, ...content })
}

interface Asked {
  readonly caller: Caller
  /** The feed as the URL names it. */
  readonly given: string
  readonly file: string
  /** Of the event, if it is one. */
  readonly uuid: string | undefined
}

/** Throws `not-found` for what is no file of a feed. */
function readFileRequest(request: FastifyRequest, { settings }: MispOptions): Asked {
  const { feed: given = settings.defaultFeedId, file } = request.params as FeedParams
  const uuid = eventFile.exec(file)?.[1]
  const isKnown = uuid !== undefined || file === 'manifest.json' || file === 'hashes.csv'
  if (!isKnown || !/^[\w-]{1,128}$/.test(given)) throw new GatewayError('not-found')
  return { caller: requireCaller(request), given, file, uuid }
}

/** Events that are held go out at once: a MISP asks for thousands of them, one after the other. */
function serveFile(
  request: FastifyRequest,
  reply: FastifyReply,
  options: MispOptions
): Promise<void> | undefined {
  const asked = readFileRequest(request, options)
  const held = heldEvent(request, options, asked)
  return held
    ? options.answers.send(request, reply, held)
    : findAndSend(request, reply, options, asked)
}

/** Undefined where somebody would have to be asked, or it is no event. */
function heldEvent(
  request: FastifyRequest,
  { catalog, isAuthorized, publications }: MispOptions,
  { caller, given, uuid }: Asked
): (Answer & Form) | undefined {
  const feed = uuid && catalog.resolveHeld(caller, given)
  if (!feed || feed.unwalkable !== undefined || !isAuthorized(caller, feed.feedId)) return undefined
  const event = publications.heldEvent(spaceOf(caller, feed.feedId), uuid)
  if (event) reportFeed(request, feed)
  return event && toAnswer(event, request.url)
}

async function findAndSend(
  request: FastifyRequest,
  reply: FastifyReply,
  options: MispOptions,
  { caller, given, file, uuid }: Asked
): Promise<void> {
  const feed = await options.catalog.resolve(caller, given)
  if (feed.unwalkable !== undefined)
    throw new GatewayError('unwalkable', { detail: feed.unwalkable })
  await options.authorize(caller, feed.feedId)
  const space = spaceOf(caller, feed.feedId)
  reportFeed(request, feed)
  if (uuid) {
    const event = await options.publications.event(space, uuid)
    return options.answers.send(request, reply, toAnswer(event, request.url))
  }
  const wanted = options.feeds.want(caller, feed)
  if (file === 'hashes.csv') return serveHashes(request, reply, space, options)
  const found = await manifestOf(request, space, wanted, options)
  return options.answers.send(request, reply, found ? toAnswer(found, request.url) : empty)
}

function reportFeed(request: FastifyRequest, { collectionId }: CatalogFeed): void {
  request.report = { ...request.report, fields: { feed: collectionId } }
}

const empty = { ...json, headers: {}, digest: digestOf([nothing]), body: () => [nothing] }

/** Answers by file and URL: a file that is asked for again goes out as before. */
const made = new WeakMap<PublishedFile, Map<string, Answer & Form>>()
/** URLs of a file that are remembered: there are a few ways to write one. */
const maxUrls = 8

function toAnswer(file: PublishedFile, url: string): Answer & Form {
  const known = made.get(file)?.get(url)
  if (known) return known
  const answers = made.get(file) ?? new Map<string, Answer & Form>()
  const answer = {
    ...json,
    headers: {},
    digest: file.digest,
    body: () => [file.bytes],
    encoded: { encoding: 'zstd', bytes: file.zstd },
    comesAgain: true
  } as const
  if (answers.size < maxUrls) answers.set(url, answer)
  made.set(file, answers)
  return answer
}

/**
 * Asking for the manifest or the hashes is what starts and keeps up the building of a feed: a MISP that only caches a
 * feed asks for no manifest. The first manifest waits a while for the first events; should there be none yet, nothing
 * is listed, which MISP takes for nothing to do.
 */
async function manifestOf(
  request: FastifyRequest,
  space: string,
  wanted: WantedFeed,
  { publications, settings }: MispOptions
): Promise<Manifest | undefined> {
  for (let left = settings.firstWaitMs; ; left -= lookMs) {
    const held = await publications.manifest(space)
    if (held) return held
    if (wanted.failure) throw wanted.failure
    if (left <= 0 || request.signal.aborted) return undefined
    await wanted.nextPublication(Math.min(left, lookMs), request.signal)
  }
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
