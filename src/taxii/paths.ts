import type { FastifyRequest } from 'fastify'
import type { Answer, Answers } from '../http/answers.ts'
import { requireCaller } from '../http/auth.ts'
import { digestOf } from '../http/content-digest.ts'
import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Meter } from '../kernel/ports.ts'
import type { Catalog, CatalogFeed, Records } from '../kernel/records.ts'
import { toEnvelope } from './envelope.ts'
import { dateHeaders } from './headers.ts'
import { toManifest } from './manifest.ts'
import { moods } from './moods.ts'
import { type DataPage, readPage } from './page.ts'
import { pageDigest } from './page-digest.ts'
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
  /** Shared with the other dialects; left out: its own, by default. */
  readonly answers?: Answers
}

export type Handler = (request: FastifyRequest) => Promise<Answer>

/** One path of §3.1. Every path answers GET, HEAD and OPTIONS; `write` is refused as read-only (D-16). */
export interface Path {
  readonly url: string
  readonly get: Handler
  /** True where nothing but `verify` would ask Sekoia about the key. */
  readonly verifies: boolean
  /** True where an answer may be large or long in coming, see `overloadPlugin`. */
  readonly heavy?: boolean
  readonly write?: 'POST' | 'DELETE'
}

interface PathParams {
  readonly collection?: string
  readonly object?: string
}

/** The one path outside any API root (§4.1). */
export const discoveryPath = ({ settings }: TaxiiOptions): Path => ({
  url: '/',
  verifies: true,
  get: async request => toAnswer(toDiscovery(settings, request))
})

/** The paths of the API root, relative to it (§4.2 – §5.8). */
export function rootPaths(options: TaxiiOptions): Path[] {
  const { settings, catalog } = options
  const mood = moods[settings.mood]
  const data = (endpoint: Endpoint, render: (page: DataPage) => readonly Buffer[]): Handler =>
    dataHandler(options, endpoint, render)
  const objects = data('objects', page => toEnvelope(page, mood))
  const object = data('object', page => toEnvelope(page, mood))
  const manifest = data('manifest', page => [toManifest(page, mood, settings.mediaTypes)])
  const versions = data('versions', page => [toVersions(page, mood)])
  const collection = '/collections/:collection'
  return [
    { url: '/', verifies: true, get: async () => toAnswer(toApiRoot(settings)) },
    { url: '/status/:status/', verifies: true, get: refuseStatus },
    {
      url: '/collections/',
      verifies: false,
      get: async request =>
        toAnswer(toCollections(await catalog.list(requireCaller(request)), settings))
    },
    {
      url: `${collection}/`,
      verifies: true,
      get: async request => toAnswer(toCollection(await resolveFeed(catalog, request), settings))
    },
    { url: `${collection}/manifest/`, verifies: false, heavy: true, get: manifest },
    { url: `${collection}/objects/`, verifies: false, heavy: true, get: objects, write: 'POST' },
    {
      url: `${collection}/objects/:object/`,
      verifies: false,
      heavy: true,
      get: object,
      write: 'DELETE'
    },
    { url: `${collection}/objects/:object/versions/`, verifies: false, heavy: true, get: versions }
  ]
}

/** A resource that is small, and made anew for every request. */
const toAnswer = (body: Buffer): Answer => ({
  headers: {},
  digest: digestOf([body]),
  body: () => [body]
})

/** Nothing can be added, so no status exists (§4.3). */
const refuseStatus: Handler = async () => {
  throw new GatewayError('not-found')
}

function dataHandler(
  options: TaxiiOptions,
  endpoint: Endpoint,
  render: (page: DataPage) => readonly Buffer[]
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
    return { headers: dateHeaders(page), digest: pageDigest(page), body: () => render(page) }
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
export async function resolveFeed(catalog: Catalog, request: FastifyRequest): Promise<CatalogFeed> {
  const { collection = '' } = request.params as PathParams
  if (!/^[\w-]{1,128}$/.test(collection)) throw new GatewayError('not-found')
  const id = uuidShape.test(collection) ? collection.toLowerCase() : collection
  return catalog.resolve(requireCaller(request), id)
}
