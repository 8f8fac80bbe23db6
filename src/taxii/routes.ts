import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  HTTPMethods
} from 'fastify'
import { requireCaller } from '../http/auth.ts'
import { privateAnswers } from '../http/caching.ts'
import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Meter } from '../kernel/ports.ts'
import type { Catalog, CatalogFeed, Records } from '../kernel/records.ts'
import { toEnvelope } from './envelope.ts'
import { dateHeaders } from './headers.ts'
import { toManifest } from './manifest.ts'
import { moods } from './moods.ts'
import { assertAcceptable, taxiiType } from './negotiate.ts'
import { type DataPage, readPage } from './page.ts'
import { type Endpoint, parseQuery } from './query.ts'
import { toApiRoot, toCollection, toCollections, toDiscovery } from './resources.ts'
import type { TaxiiSettings } from './settings.ts'
import { toVersions } from './versions.ts'

export interface TaxiiOptions {
  readonly records: Records
  readonly catalog: Catalog
  /** Resolves when Sekoia accepts the key; for the answers that otherwise ask Sekoia nothing. */
  readonly verify: (caller: Caller) => Promise<void>
  readonly settings: TaxiiSettings
  readonly meter: Meter
}

type Handler = (request: FastifyRequest) => Promise<Buffer | Answer>

interface Answer {
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** One path of §3.1. Every path answers GET, HEAD and OPTIONS; `write` is refused as read-only (D-16). */
interface Path {
  readonly url: string
  readonly get: Handler
  /** True where nothing but `verify` would ask Sekoia about the key. */
  readonly verifies: boolean
  readonly write?: 'POST' | 'DELETE'
}

interface PathParams {
  readonly collection?: string
  readonly object?: string
}

/**
 * The nine endpoints of TAXII 2.1 §3.1, in the order of checks of D-15: path, method, credentials, Accept,
 * collection, query. Needs `authPlugin` and `requestLog` on the server.
 */
export const taxiiRoutes: FastifyPluginAsync<TaxiiOptions> = async (app, options) => {
  const { settings } = options
  await app.register(privateAnswers)
  await registerPaths(app, '/taxii2', [discovery(options)], options)
  await registerPaths(app, settings.apiRootPath.replace(/\/+$/, ''), rootPaths(options), options)
}

const discovery = ({ settings }: TaxiiOptions): Path => ({
  url: '/',
  verifies: true,
  get: async request => toDiscovery(settings, request)
})

function rootPaths(options: TaxiiOptions): Path[] {
  const { settings, catalog } = options
  const mood = moods[settings.mood]
  const data = (endpoint: Endpoint, render: (page: DataPage) => Buffer): Handler =>
    dataHandler(options, endpoint, render)
  const objects = data('objects', page => toEnvelope(page, mood))
  const object = data('object', page => toEnvelope(page, mood))
  const manifest = data('manifest', page => toManifest(page, mood, settings.mediaTypes))
  const versions = data('versions', page => toVersions(page, mood))
  const collection = '/collections/:collection'
  return [
    { url: '/', verifies: true, get: async () => toApiRoot(settings) },
    { url: '/status/:status/', verifies: true, get: refuseStatus },
    {
      url: '/collections/',
      verifies: false,
      get: async request => toCollections(await catalog.list(requireCaller(request)), settings)
    },
    {
      url: `${collection}/`,
      verifies: true,
      get: async request => toCollection(await resolveFeed(catalog, request), settings)
    },
    { url: `${collection}/manifest/`, verifies: false, get: manifest },
    { url: `${collection}/objects/`, verifies: false, get: objects, write: 'POST' },
    { url: `${collection}/objects/:object/`, verifies: false, get: object, write: 'DELETE' },
    { url: `${collection}/objects/:object/versions/`, verifies: false, get: versions }
  ]
}

/** Nothing can be added, so no status exists (§4.3). */
const refuseStatus: Handler = async () => {
  throw new GatewayError('not-found')
}

function dataHandler(
  options: TaxiiOptions,
  endpoint: Endpoint,
  render: (page: DataPage) => Buffer
): Handler {
  const mood = moods[options.settings.mood]
  return async request => {
    const caller = requireCaller(request)
    const feed = await resolveFeed(options.catalog, request)
    const query = parseQuery(rawQuery(request), endpoint, mood)
    if (feed.obstacle !== undefined) throw new GatewayError('unwalkable', { detail: feed.obstacle })
    const { object } = request.params as PathParams
    const match = object === undefined ? query.match : { ...query.match, ids: [object] }
    const selection = { ...query, match }
    const page = await readPage(options, {
      caller,
      feed,
      endpoint,
      selection,
      signal: request.signal
    })
    report(request, page, feed, options.meter)
    return { headers: dateHeaders(page), body: render(page) }
  }
}

function rawQuery(request: FastifyRequest): string {
  const url = request.raw.url ?? ''
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start + 1)
}

function report(request: FastifyRequest, page: DataPage, feed: CatalogFeed, meter: Meter): void {
  if (page.token !== 'none') meter.count('taxii_tokens', { fate: page.token })
  meter.count('taxii_objects', {}, page.records.length)
  request.report = {
    outcome: page.outcome,
    items: page.records.length,
    fields: { collection: feed.collectionId, token: page.token }
  }
}

const uuidShape = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** The collection of the path, by id in any letter case or by alias (D-22). */
async function resolveFeed(catalog: Catalog, request: FastifyRequest): Promise<CatalogFeed> {
  const { collection = '' } = request.params as PathParams
  if (!/^[\w-]{1,128}$/.test(collection)) throw new GatewayError('not-found')
  const id = uuidShape.test(collection) ? collection.toLowerCase() : collection
  return catalog.resolve(requireCaller(request), id)
}

async function registerPaths(
  app: FastifyInstance,
  prefix: string,
  paths: readonly Path[],
  options: TaxiiOptions
): Promise<void> {
  await app.register(async scope => registerOpen(scope, paths), { prefix })
  await app.register(async scope => registerGuarded(scope, paths, options), { prefix })
}

const allowed = ({ write }: Path): HTTPMethods[] => [
  'GET',
  'HEAD',
  'OPTIONS',
  ...(write ? [write] : [])
]

/** What needs no credentials: OPTIONS, and the 405 of methods that a path does not have (D-17). */
function registerOpen(scope: FastifyInstance, paths: readonly Path[]): void {
  for (const path of paths) {
    const allow = allowed(path).join(', ')
    scope.options(path.url, async (_request, reply) =>
      reply.code(204).header('allow', allow).send()
    )
    scope.route({
      method: scope.supportedMethods.filter(method => !allowed(path).includes(method)),
      url: path.url,
      onRequest: async (_request, reply) => {
        reply.header('allow', allow)
        throw new GatewayError('method-not-allowed')
      },
      handler: unreachable
    })
  }
}

/** Hooks that end the request leave the handler without a part; Fastify wants one all the same. */
const unreachable = async (): Promise<never> => {
  throw new GatewayError('internal')
}

function registerGuarded(
  scope: FastifyInstance,
  paths: readonly Path[],
  { catalog, verify, settings }: TaxiiOptions
): void {
  const accept = async (request: FastifyRequest) =>
    assertAcceptable(request.headers.accept, moods[settings.mood])
  const verifyKey = async (request: FastifyRequest) => verify(requireCaller(request))
  // Refused before the body is parsed, whatever its size and type (D-16).
  const refuseWrite = async (request: FastifyRequest) => {
    await resolveFeed(catalog, request)
    throw new GatewayError('read-only')
  }
  scope.addHook('onRequest', async request => {
    requireCaller(request)
  })
  // Unknown paths below a prefix of TAXII are 401 to the anonymous like all others (D-15).
  scope.setNotFoundHandler(() => {
    throw new GatewayError('not-found')
  })
  for (const { url, get, verifies, write } of paths) {
    scope.get(url, { onRequest: verifies ? [verifyKey, accept] : accept }, (request, reply) =>
      send(get, request, reply)
    )
    if (write) {
      const onRequest = [verifyKey, accept, refuseWrite]
      scope.route({ method: write, url, onRequest, handler: unreachable })
    }
  }
}

/** A Buffer is the one payload whose Content-Type Fastify leaves as it is (conformance §6.1). */
async function send(get: Handler, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const answer = await get(request)
  const { headers, body } = Buffer.isBuffer(answer) ? { headers: {}, body: answer } : answer
  reply.headers(headers).header('content-type', taxiiType)
  return reply.send(body)
}
