import type { FastifyRequest } from 'fastify'
import type { Handler } from '../http/dialect.ts'
import type { Caller } from '../kernel/caller.ts'
import type { Chunk } from '../kernel/chunk.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Meter } from '../kernel/ports.ts'
import type { Catalog, CatalogFeed } from '../kernel/records.ts'
import { validWhileAll } from '../kernel/validity.ts'
import { dateHeaders } from './headers.ts'
import { modes } from './modes.ts'
import { taxiiType } from './negotiate.ts'
import { type DataPage, type PageSource, readPage } from './page.ts'
import { pageDigest } from './page-digest.ts'
import type { Endpoint } from './parameters.ts'
import { parseQuery } from './query.ts'

export interface TaxiiDeps extends PageSource {
  readonly catalog: Catalog
  readonly meter: Meter
}

interface PathParams {
  readonly collection?: string
  readonly object?: string
}

/** The handler of an endpoint with filters and pages. `render` makes the body of a page, in pieces. */
export function pageHandler(
  deps: TaxiiDeps,
  endpoint: Endpoint,
  render: (page: DataPage) => readonly Chunk[]
): Handler {
  return async (request, caller) => {
    const { page, feed } = await readRequested(deps, endpoint, request, caller)
    return {
      validity: validWhileAll([
        deps.catalog.validity(caller),
        deps.rights.validity(caller, feed.feedId),
        page.validity
      ]),
      note: noteOf(page, feed, endpoint, deps.meter),
      mediaType: taxiiType,
      headers: dateHeaders(page),
      digest: pageDigest(page),
      body: () => render(page)
    }
  }
}

async function readRequested(
  deps: TaxiiDeps,
  endpoint: Endpoint,
  request: FastifyRequest,
  caller: Caller
): Promise<{ page: DataPage; feed: CatalogFeed }> {
  const feed = await deps.catalog.resolve(caller, collectionNamed(request))
  request.report = { ...request.report, feedId: feed.feedId }
  const query = parseQuery(rawQuery(request), endpoint, modes[deps.settings.mode])
  const { object } = request.params as PathParams
  const match = object === undefined ? query.match : { ...query.match, ids: [object] }
  const selection = { ...query, match }
  const { signal } = request
  const page = await readPage(deps, { caller, feed, endpoint, selection, signal })
  return { page, feed }
}

function rawQuery(request: FastifyRequest): string {
  const url = request.raw.url ?? ''
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start + 1)
}

/** Refers to none of the page's bytes: it is kept for as long as the answer may be sent again (G9). */
function noteOf(
  { outcome, dates, token, more }: DataPage,
  { collectionId, feedId }: CatalogFeed,
  endpoint: Endpoint,
  meter: Meter
): (request: FastifyRequest) => void {
  const items = dates.length
  const isWalk = endpoint === 'objects' || endpoint === 'manifest'
  const progress = isWalk ? { progress: { more, reached: dates.at(-1) } } : {}
  return request => {
    if (token !== 'none') meter.count('taxii_tokens', { fate: token })
    meter.count('taxii_objects', {}, items)
    const fields = { collection: collectionId, token }
    request.report = { ...request.report, feedId, ...progress, outcome, items, fields }
  }
}

const uuidShape = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** The name of the path's collection: an id in any letter case, or an alias (D-22). Throws `not-found`. */
export function collectionNamed(request: FastifyRequest): string {
  const { collection = '' } = request.params as PathParams
  if (!/^[\w-]{1,128}$/.test(collection)) throw new GatewayError('not-found')
  return uuidShape.test(collection) ? collection.toLowerCase() : collection
}
