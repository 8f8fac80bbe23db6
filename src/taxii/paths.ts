import type { FastifyRequest } from 'fastify'
import type { Answer, Answers, Form } from '../http/answers.ts'
import { requireCaller } from '../http/auth.ts'
import { digestOf } from '../http/content-digest.ts'
import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Meter } from '../kernel/ports.ts'
import type { Catalog, CatalogFeed, Records } from '../kernel/records.ts'
import { toEnvelope, toFrame } from './envelope.ts'
import { dateHeaders } from './headers.ts'
import { type Body, type Facts, HeldAnswers, repeated } from './held-answers.ts'
import { toManifest } from './manifest.ts'
import { modes } from './modes.ts'
import { taxiiType } from './negotiate.ts'
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

/** In the form of TAXII. */
type TaxiiAnswer = Answer & Form

/** At once where nothing has to be waited for. */
export type Handler = (request: FastifyRequest) => TaxiiAnswer | Promise<TaxiiAnswer>

/** What is made of a page: the bytes of its objects come last, since they are not kept with the rest. */
type Render = (page: DataPage) => Body

/** One path of TAXII 2.1 §3.1. Every path answers GET, HEAD and OPTIONS; `write` is refused as read-only (D-16). */
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

/** The one path outside any API root (TAXII 2.1 §4.1). */
export function discoveryPath({ settings }: TaxiiOptions): Path {
  const form = formOf(settings)
  return {
    url: '/',
    verifies: true,
    get: request => toAnswer(form, toDiscovery(settings, request))
  }
}

/** The paths of the API root, relative to it (TAXII 2.1 §4.2 – §5.8). */
export function rootPaths(options: TaxiiOptions): Path[] {
  const { settings, catalog } = options
  const mode = modes[settings.mode]
  const form = formOf(settings)
  const envelope: Render = page => {
    const frame = toFrame(page, mode)
    return chunks => toEnvelope(frame, chunks)
  }
  const data = (endpoint: Endpoint, render: Render) => dataHandler(options, endpoint, render)
  const objects = heldHandler(options, envelope)
  const object = data('object', envelope)
  const manifest = data('manifest', page => () => [toManifest(page, mode, settings.mediaTypes)])
  const versions = data('versions', page => () => [toVersions(page, mode)])
  const collection = '/collections/:collection'
  return [
    { url: '/', verifies: true, get: () => toAnswer(form, toApiRoot(settings)) },
    { url: '/status/:status/', verifies: true, get: refuseStatus },
    {
      url: '/collections/',
      verifies: false,
      get: async request =>
        toAnswer(form, toCollections(await catalog.list(requireCaller(request)), settings))
    },
    {
      url: `${collection}/`,
      verifies: true,
      get: async request =>
        toAnswer(form, toCollection(await resolveFeed(catalog, request), settings))
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
const toAnswer = (form: Form, body: Buffer): TaxiiAnswer => ({
  ...form,
  headers: {},
  digest: digestOf([body]),
  body: () => [body]
})

/** Whatever of the settings decides how content becomes bytes. */
const formOf = (settings: TaxiiSettings): Form => ({
  mediaType: taxiiType,
  representation: JSON.stringify(settings)
})

/** Nothing can be added, so no status exists (TAXII 2.1 §4.3). */
const refuseStatus: Handler = async () => {
  throw new GatewayError('not-found')
}

function dataHandler(options: TaxiiOptions, endpoint: Endpoint, render: Render): Handler {
  const form = formOf(options.settings)
  return async request => {
    const { page } = await readData(options, endpoint, request)
    return toDataAnswer(form, page, render(page))
  }
}

/** Objects in the order of the feed: what was read from memory is given again for as long as it holds. */
function heldHandler(options: TaxiiOptions, render: Render): Handler {
  const form = formOf(options.settings)
  const answers = new HeldAnswers<TaxiiAnswer>(options.catalog)
  const read = async (request: FastifyRequest, caller: Caller, url: string) => {
    const { page, feed } = await readData(options, 'objects', request)
    const body = render(page)
    const answer = toDataAnswer(form, page, body)
    const { repeat } = page
    if (repeat) {
      const origin = { feedId: feed.feedId, name: nameOf(request), facts: toFacts(page, feed) }
      answers.set(caller, url, { ...origin, repeat, answer: repeated(answer, body, repeat) })
    }
    return answer
  }
  return request => {
    const caller = requireCaller(request)
    const url = request.raw.url ?? ''
    const held = answers.get(caller, url)
    if (!held) return read(request, caller, url)
    report(request, held.facts, options.meter)
    return held.answer
  }
}

async function readData(
  options: TaxiiOptions,
  endpoint: Endpoint,
  request: FastifyRequest
): Promise<{ page: DataPage; feed: CatalogFeed }> {
  const caller = requireCaller(request)
  const feed = await resolveFeed(options.catalog, request)
  const query = parseQuery(rawQuery(request), endpoint, modes[options.settings.mode])
  if (feed.unwalkable !== undefined)
    throw new GatewayError('unwalkable', { detail: feed.unwalkable })
  const { object } = request.params as PathParams
  const match = object === undefined ? query.match : { ...query.match, ids: [object] }
  const selection = { ...query, match }
  const { signal } = request
  const page = await readPage(options, { caller, feed, endpoint, selection, signal })
  report(request, toFacts(page, feed), options.meter)
  return { page, feed }
}

const toDataAnswer = (form: Form, page: DataPage, body: Body): TaxiiAnswer => ({
  ...form,
  headers: dateHeaders(page),
  digest: pageDigest(page),
  body: () => body(page.chunks)
})

const toFacts = ({ outcome, dates, token }: DataPage, { collectionId }: CatalogFeed): Facts => ({
  outcome,
  items: dates.length,
  token,
  fields: { collection: collectionId, token }
})

function rawQuery(request: FastifyRequest): string {
  const url = request.raw.url ?? ''
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start + 1)
}

function report(request: FastifyRequest, facts: Facts, meter: Meter): void {
  const { outcome, items, token, fields } = facts
  if (token !== 'none') meter.count('taxii_tokens', { fate: token })
  meter.count('taxii_objects', {}, items)
  request.report = { outcome, items, fields }
}

/** The collection as the path names it. */
const nameOf = (request: FastifyRequest): string => (request.params as PathParams).collection ?? ''

const uuidShape = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** The collection of the path, by id in any letter case or by alias (D-22). */
export async function resolveFeed(catalog: Catalog, request: FastifyRequest): Promise<CatalogFeed> {
  const collection = nameOf(request)
  if (!/^[\w-]{1,128}$/.test(collection)) throw new GatewayError('not-found')
  const id = uuidShape.test(collection) ? collection.toLowerCase() : collection
  return catalog.resolve(requireCaller(request), id)
}
