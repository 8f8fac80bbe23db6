import type { Caller } from '../kernel/caller.ts'
import type { Chunk } from '../kernel/chunk.ts'
import { GatewayError } from '../kernel/errors.ts'
import {
  type CatalogFeed,
  type FeedRecord,
  lastVersion,
  type Outcome,
  type ReadResult,
  type Records,
  type Rights
} from '../kernel/records.ts'
import type { Validity } from '../kernel/validity.ts'
import { toTs6 } from '../stix/timestamp.ts'
import { filterOf, type Match } from './match.ts'
import { modes } from './modes.ts'
import { foundPosition, pageLength, selectFound } from './object-versions.ts'
import { type NextTokenUse, type PageStart, resume } from './page-start.ts'
import type { Endpoint } from './parameters.ts'
import type { TaxiiQuery } from './query.ts'
import type { TaxiiSettings } from './settings.ts'
import { encodeToken } from './token.ts'

/** One page of a collection, ready to be put into a resource. */
export interface DataPage {
  /** May be made only when asked for, see {@link ReadResult}. */
  readonly records: readonly FeedRecord[]
  /** date_added of each record, ms since the epoch. */
  readonly dates: readonly number[]
  /** The objects joined by commas. */
  readonly chunks: readonly Chunk[]
  readonly more: boolean
  readonly next: string | undefined
  /** Values of the date headers (TAXII 2.1 §3.2, D-1), TS6. */
  readonly firstDate: string
  readonly lastDate: string
  readonly token: NextTokenUse
  readonly outcome: Outcome
  readonly validity: Validity | undefined
}

export interface DataRequest {
  readonly caller: Caller
  readonly feed: CatalogFeed
  readonly endpoint: Endpoint
  readonly selection: TaxiiQuery
  readonly signal: AbortSignal
}

export interface PageSource {
  readonly records: Records
  readonly rights: Pick<Rights, 'authorize' | 'validity'>
  readonly settings: TaxiiSettings
}

const nothing: ReadResult = {
  records: [],
  dates: [],
  chunks: [],
  more: false,
  position: undefined,
  outcome: 'held'
}

/**
 * Ids of STIX 2.1 §2.9 and §3.1, also with capitals and underscores, which occur in the field. An id of another form
 * cannot exist and is not looked up (D-13).
 */
const idShape = /^[a-z0-9_-]{1,250}--[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const typeShape = /^[a-z0-9_-]{1,250}$/i

/**
 * Reads one page: by the feed's order, or by id where ids are given.
 *
 * @throws GatewayError `malformed` for a `next` out of its query, `not-found` for an object that is not in the
 *   feed (D-14), and whatever {@link Records} throws.
 */
export async function readPage(source: PageSource, request: DataRequest): Promise<DataPage> {
  const { endpoint, feed } = request
  const place = { endpoint, collectionId: feed.collectionId }
  const start = resume(request.selection, place, modes[source.settings.mode])
  const slice = await readSlice(source, request, start)
  return toPage(slice, start, request, source.settings)
}

async function readSlice(
  source: PageSource,
  request: DataRequest,
  start: PageStart
): Promise<ReadResult> {
  const ids = start.match.ids?.filter(id => idShape.test(id))
  const types = start.match.types?.filter(type => typeShape.test(type))
  const isObject = request.endpoint === 'object' || request.endpoint === 'versions'
  if (isObject && ids?.length === 0) throw new GatewayError('not-found')
  if (ids?.length === 0 || types?.length === 0) {
    await source.rights.authorize(request.caller, request.feed.feedId)
    return nothing
  }
  return ids
    ? lookUp(source, request, start, { ids, types: types ?? [] })
    : readOn(source, request, start, types ?? [])
}

const pageLimit = ({ selection }: DataRequest, settings: TaxiiSettings): number =>
  Math.min(selection.limit ?? settings.defaultLimit, settings.maxLimit)

const readOn = (
  { records, settings }: PageSource,
  request: DataRequest,
  { addedAfter, position, match, token }: PageStart,
  types: readonly string[]
): Promise<ReadResult> =>
  records.read({
    caller: request.caller,
    feedId: request.feed.feedId,
    types,
    addedAfter,
    position,
    filter: filterOf(match),
    limit: pageLimit(request, settings),
    maxBytes: settings.maxBytes,
    continues: token !== 'none',
    signal: request.signal
  })

async function lookUp(
  { records, settings }: PageSource,
  request: DataRequest,
  { addedAfter, position, match }: PageStart,
  { ids, types }: { ids: readonly string[]; types: readonly string[] }
): Promise<ReadResult> {
  const { caller, feed, endpoint, signal } = request
  const found = await records.lookup({ caller, feedId: feed.feedId, ids, signal })
  if (found.length === 0 && endpoint !== 'objects' && endpoint !== 'manifest') {
    throw new GatewayError('not-found')
  }
  const selected = selectFound(found, {
    types,
    filter: filterOf(endpoint === 'versions' ? { ...match, versions: allVersions } : match),
    addedAfter,
    position
  })
  const page = selected.slice(
    0,
    pageLength(selected, pageLimit(request, settings), settings.maxBytes)
  )
  const last = page.at(-1)
  return {
    records: page,
    dates: page.map(({ date }) => date),
    chunks: joined(page),
    more: page.length < selected.length,
    position: last && foundPosition(last),
    outcome: 'held'
  }
}

const allVersions = { ...lastVersion, last: false, all: true }

const comma = Buffer.from(',')
const joined = (records: readonly FeedRecord[]): Buffer[] =>
  records.flatMap(({ bytes }, n) => (n === 0 ? [bytes] : [comma, bytes]))

function toPage(
  slice: ReadResult,
  start: PageStart,
  request: DataRequest,
  settings: TaxiiSettings
): DataPage {
  const { dates, chunks, more, position, outcome, validity } = slice
  const reached = position && toTs6(position.date)
  const [first, last] = [dates[0], dates.at(-1)]
  return {
    get records() {
      return slice.records
    },
    dates,
    chunks,
    more,
    next: more || settings.tipToken ? nextToken(slice, start, request) : undefined,
    firstDate: first === undefined ? (reached ?? start.emptyDate) : toTs6(first),
    lastDate: last === undefined ? (reached ?? start.emptyDate) : toTs6(last),
    token: start.token,
    outcome,
    validity
  }
}

/**
 * The token after the last record. At the tip there may be no position: then it stands at the date of the last
 * record, since all that follows is later.
 */
function nextToken(slice: ReadResult, start: PageStart, { endpoint, feed }: DataRequest): string {
  const position = slice.position ?? (slice.dates.length === 0 ? start.position : undefined)
  const match: Match = start.match
  return encodeToken({
    endpoint,
    collectionId: feed.collectionId,
    addedAfter: position ? start.addedAfter : (slice.dates.at(-1) ?? start.addedAfter),
    match,
    position
  })
}
