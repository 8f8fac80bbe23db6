import type { FastifyRequest } from 'fastify'
import type { Answer, Content } from '../../http/answers.ts'
import { cacheUseOf } from '../../http/cache-use.ts'
import type { Handler } from '../../http/dialect.ts'
import type { Caller } from '../../kernel/caller.ts'
import { type ErrorKind, GatewayError, isRefusal } from '../../kernel/errors.ts'
import type { CatalogFeed } from '../../kernel/records.ts'
import { validWhileAll } from '../../kernel/validity.ts'
import { type Told, toContent, toRefusal } from '../relay/answer.ts'
import { type Asked, asked, type NativeDeps } from '../relay/deps.ts'
import { pass } from '../relay/pass.ts'
import { rawQuery } from '../relay/raw-query.ts'
import { chainPage } from './chain-page.ts'
import { beginning, decodeCursor, encodeTime } from './cursor.ts'
import { type FeedQuery, parseFeedQuery } from './feed-query.ts'
import { readLogPage } from './log-page.ts'
import { isTimeEnough, placeCursor, placeInTime, timeCursor } from './next-cursor.ts'
import { type Destination, OpaqueCursors } from './opaque-cursor.ts'
import type { LogPage, LogRequest } from './page-builder.ts'
import { fromBeginning, fromPosition, fromTime, type Start } from './start.ts'
import { wanted } from './visibility.ts'

/** A time dated further ahead of the clock than this is no place in any log. */
const maxAheadMs = 60_000

/**
 * `GET collections/{feed}/objects`: from the feed's log wherever the parameters allow, so that clients of all
 * dialects share one walk; else Sekoia's page.
 */
export function feedPage(deps: NativeDeps): Handler {
  const cursors = new OpaqueCursors(deps.raw)
  return async (request, caller) => {
    const ask = asked(request, caller)
    try {
      return (await fromLog(deps, cursors, ask)) ?? (await chainPage(deps, ask, true))
    } catch (error) {
      if (isKind(error, 'unwalkable')) return chainPage(deps, ask, false)
      // Clients look for Sekoia's own words.
      if (isRefusal(error)) return pass(deps, ask, 'page')
      throw error
    }
  }
}

const isKind = (error: unknown, kind: ErrorKind): boolean =>
  error instanceof GatewayError && error.kind === kind

/** Undefined where the log cannot answer. */
async function fromLog(
  deps: NativeDeps,
  cursors: OpaqueCursors,
  ask: Asked
): Promise<Answer | undefined> {
  const query = parseFeedQuery(rawQuery(ask.target))
  if (!query) return undefined
  const { feed: id = '' } = ask.request.params as { readonly feed?: string }
  const feed = await deps.catalog.resolve(ask.caller, id)
  ask.request.report = { ...ask.request.report, feedId: feed.feedId }
  // Its clients get the order and the format that they have at Sekoia.
  if (feed.isNewestFirst || !feed.isJson) throw new GatewayError('unwalkable')
  const found = await destination(deps, cursors, ask, feed, query)
  if (found.kind === 'refused') return toRefusal(found.answer)
  if (found.kind === 'unknown') return undefined
  if (found.kind === 'tip') return toPage([], query.cursor!, { use: 'miss' })
  const request = toRequest(deps, ask, feed, query, found.start)
  const page = await readLogPage(deps.records, deps.clock, request)
  const next = await nextCursor(deps, request, page, query)
  const validity = validWhileAll([
    deps.catalog.validity(ask.caller),
    rightsValidity(deps, ask.caller, feed),
    page.validity
  ])
  const content = toPage(page.chunks, next, { use: cacheUseOf[page.outcome], validity })
  return { ...content, note: noteOf(page, feed) }
}

function rightsValidity({ rights }: NativeDeps, caller: Caller, { feedId }: CatalogFeed) {
  const isRecent = rights.recency(caller, feedId)
  return isRecent() ? isRecent : undefined
}

/** Holds no more of the page than what it tells. */
function noteOf({ outcome, count, seen, next }: LogPage, { collectionId, feedId }: CatalogFeed) {
  const progress = { more: next !== undefined, reached: seen.at(-1)?.date }
  const report = { feedId, progress, outcome, items: count, fields: { collection: collectionId } }
  return (request: FastifyRequest): void => {
    request.report = { ...request.report, ...report }
  }
}

async function destination(
  { clock }: NativeDeps,
  cursors: OpaqueCursors,
  { request, caller }: Asked,
  { feedId }: CatalogFeed,
  query: FeedQuery
): Promise<Destination> {
  const { cursor, modifiedAfter } = query
  const start = cursor === undefined ? startAfter(modifiedAfter) : startOf(cursor)
  const isAhead = (start?.addedAfter ?? 0) > clock.now() + maxAheadMs
  if (start && !(isAhead && cursor !== undefined)) return { kind: 'start', start }
  return cursors.resolve({ caller, feedId, cursor: cursor!, query, signal: request.signal })
}

const startAfter = (text: string | undefined): Start =>
  (text && fromTime({ text, isInclusive: false })) || fromBeginning

function startOf(cursor: string): Start | undefined {
  const decoded = decodeCursor(cursor)
  if (decoded.kind === 'place') return fromPosition(decoded.position)
  return decoded.kind === 'time' ? fromTime({ text: decoded.text, isInclusive: false }) : undefined
}

/** The default feed has no filters of its own: whatever is asked for, one log has it. */
function toRequest(
  { clock, settings }: NativeDeps,
  { request, caller }: Asked,
  { feedId }: CatalogFeed,
  { types, includeRevoked, skipExpired, limit, cursor }: FeedQuery,
  start: Start
): LogRequest {
  const asksForMore = includeRevoked === true || skipExpired === false
  const unwanted = { revoked: includeRevoked === false, expired: skipExpired === true }
  return {
    caller,
    feedId,
    types,
    all: asksForMore && feedId !== settings.defaultFeedId,
    start,
    limit,
    wants: wanted(unwanted, clock.now()),
    continues: cursor !== undefined,
    signal: request.signal
  }
}

/**
 * Never null, and never the cursor of the request together with objects: clients stop for good at the one, and lose
 * what they were just given at the other.
 */
async function nextCursor(
  { records, clock }: NativeDeps,
  request: LogRequest,
  { seen, next, epoch, count }: LogPage,
  { cursor, modifiedAfter }: FeedQuery
): Promise<string> {
  const last = seen.at(-1)
  if (!last || epoch === undefined) return cursor ?? encodeTime(modifiedAfter ?? beginning)
  const isPlain = isTimeEnough(seen, next) ?? (await isTimeEnoughInLog())
  const plain = isPlain ? timeCursor(last) : undefined
  return plain !== undefined && (plain !== cursor || count === 0) ? plain : placeCursor(last, epoch)

  /** Reads back to the date of the last record's own time. */
  async function isTimeEnoughInLog(): Promise<boolean> {
    const { text, natural } = placeInTime(last!)!
    const start = { addedAfter: natural - 1, position: undefined, time: undefined }
    const limit = seen.length + maxLookBack
    const back = await readLogPage(records, clock, { ...request, start, limit, wants: undefined })
    const at = back.seen.findIndex(({ id, time }) => id === last!.id && time === text)
    const before = back.seen.slice(0, Math.max(0, at))
    return at !== -1 && before.every(({ time }) => time !== undefined && time < text)
  }
}

/** How many records before a page are looked at for its cursor. */
const maxLookBack = 500

function toPage(chunks: readonly Buffer[], next: string, told: Told): Content {
  const end = Buffer.from(`],"next_cursor":${JSON.stringify(next)}}`)
  return toContent([Buffer.from('{"items":['), ...chunks, end], told)
}
