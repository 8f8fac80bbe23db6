import { LRUCache } from 'lru-cache'
import type { Caller } from '../kernel/caller.ts'
import { CursorRefusedError, type ErrorKind, GatewayError } from '../kernel/errors.ts'
import { inPieces } from '../kernel/give-way.ts'
import type { Feed, Page, PageRequest, Upstream } from '../kernel/ports.ts'
import type { RawUpstream } from '../kernel/raw-upstream.ts'
import { joinPages } from '../stix/page.ts'
import { objectsSlicing, pageSlicing, type SliceOptions } from '../stix/slice.ts'
import { createExchange, type ExchangeOptions, type SekoiaHealth, statusOf } from './exchange.ts'
import { UpstreamFailure, unusable } from './failures.ts'
import { createRawClient } from './raw.ts'
import { createSmallerPages } from './smaller-pages.ts'
import type { UpstreamAnswer } from './transport.ts'
import type { ItemPlace, UnreadableItems } from './unreadable-items.ts'
import {
  feedObjectsPath,
  feedPath,
  feedsPath,
  isStixId,
  maxFeedsPerRequest,
  maxIdsPerRequest,
  type ObjectKind,
  objectKindOf,
  objectsPath,
  parseBaseUrl,
  parseFeed,
  parseFeedList
} from './wire.ts'

/** Sekoia's Intelligence Center as the gateway's {@link Upstream}: each method one question, asked with care. */
export interface SekoiaClientOptions extends Omit<ExchangeOptions, 'origin' | 'maxPauseMs'> {
  /** Longest pause that `Retry-After` can cause, in seconds. */
  readonly retryAfterMax: number
  /** Free text, see wire.ts `parseBaseUrl`. */
  readonly baseUrl: string
  /** False passes invalid STIX on as it is. */
  readonly repair: boolean
  /** Told of every item that is left out of an answer. */
  readonly unreadable?: Pick<UnreadableItems, 'isKnown' | 'note'>
}

export interface SekoiaClient extends Upstream {
  /** For the native dialect. */
  readonly raw: RawUpstream
  health(): SekoiaHealth
  /** Ends at once; calls under way fail with `unavailable`. */
  close(): Promise<void>
}

/** Who goes first while calls have to wait: look-ups, then pages that somebody waits for who cannot ask again. Sweeps go last. */
const ranks = { lookUp: 2, continuing: 1, page: 0, background: -1 } as const

function rankOf({ continues = false, isInBackground = false }: Caller): number {
  if (isInBackground) return ranks.background
  return continues ? ranks.continuing : ranks.page
}

/** Most feeds read of one key; a community has tens. */
const maxFeeds = 10_000

/** Most feeds known to be in another format. */
const maxOtherFormats = 10_000

/** Throws TypeError when the base URL is not usable. */
export function createSekoiaClient(options: SekoiaClientOptions): SekoiaClient {
  const { meter, repair, unreadable } = options
  const base = parseBaseUrl(options.baseUrl)
  const maxPauseMs = options.retryAfterMax * 1000
  const { ask, health, close } = createExchange({ ...options, origin: base.origin, maxPauseMs })

  async function sliced(slicing: typeof pageSlicing, body: Buffer): Promise<Page> {
    const counts = new Map<string, number>()
    const onRepair: SliceOptions['onRepair'] = rule => {
      counts.set(rule, (counts.get(rule) ?? 0) + 1)
    }
    const page = await inPieces(slicing(body, { repair, onRepair, inPlace: true })).catch(
      toUnusable
    )
    for (const [rule, by] of counts) meter.count('stix_repairs', { rule }, by)
    return page
  }

  /**
   * An answer with damaged items, asked for once more: damage on the way is gone then, that of Sekoia is not and is
   * told. Of the two the one that lacks less.
   */
  async function settled(place: ItemPlace, first: Page, again: () => Promise<Page>): Promise<Page> {
    const items = first.unreadable ?? []
    if (items.length === 0 || !unreadable) return first
    const isNew = items.some(item => item.fault !== 'not-stix' && !unreadable.isKnown(place, item))
    const second = isNew ? await again().catch(() => first) : first
    const best = lackOf(second) < lackOf(first) ? second : first
    void unreadable.note(place, best.unreadable ?? [])
    return best
  }

  /** Feeds whose own format is not JSON, and that are asked for JSON. */
  const otherFormats = new LRUCache<string, true>({ max: maxOtherFormats })

  /** A feed of another format gives JSON when it is asked to; `unwalkable` where that does not help. */
  async function readPage(
    caller: Caller,
    request: PageRequest,
    signal?: AbortSignal
  ): Promise<Page> {
    const isKnown = otherFormats.has(request.feedId)
    try {
      return await pageAs(caller, request, isKnown, signal)
    } catch (error) {
      if (isKnown || !isKind(error, 'unwalkable')) throw error
      const converted = await pageAs(caller, request, true, signal).catch(failure => {
        throw statusOf(failure) === 400 ? error : failure
      })
      otherFormats.set(request.feedId, true)
      return converted
    }
  }

  async function pageAs(
    caller: Caller,
    request: PageRequest,
    asJson: boolean,
    signal?: AbortSignal
  ): Promise<Page> {
    const path = feedObjectsPath(base, request, asJson)
    const accept = ({ mediaType, body }: UpstreamAnswer) => {
      refuseOtherFormats(mediaType)
      return sliced(pageSlicing, body)
    }
    const place = { feedId: request.feedId, cursor: request.cursor }
    try {
      const rank = rankOf(caller)
      const get = () => ask({ caller, endpoint: 'page', path, signal, accept, rank })
      return await settled(place, await get(), get)
    } catch (error) {
      if (request.cursor === undefined || !isCursorRefusal(statusOf(error))) throw error
      throw new CursorRefusedError({ cause: (error as GatewayError).cause })
    }
  }

  /** Formats other than JSON have the cursor in a header, whatever is wrong with the objects (SEKOIA-3.3). */
  async function cursorPast(
    caller: Caller,
    request: PageRequest,
    signal?: AbortSignal
  ): Promise<string | null | undefined> {
    const path = `${feedObjectsPath(base, request)}&format=text`
    const accept = ({ mediaType, cursor }: UpstreamAnswer) =>
      mediaType === 'application/json' ? undefined : (cursor ?? null)
    const rank = rankOf(caller)
    return ask({ caller, endpoint: 'page', path, signal, accept, rank }).catch(() => undefined)
  }

  const { logger } = options
  const page = createSmallerPages({ read: readPage, cursorPast, meter, logger })

  async function lookUp(caller: Caller, group: IdGroup, signal?: AbortSignal): Promise<Page> {
    const { kind, ids } = group
    const path = objectsPath(base, kind, ids)
    const accept = ({ body }: UpstreamAnswer) => sliced(objectsSlicing, body)
    try {
      const rank = ranks.lookUp
      const get = () => ask({ caller, endpoint: kind, path, signal, accept, rank })
      return await settled({ feedId: undefined, cursor: undefined }, await get(), get)
    } catch (error) {
      if (!isKind(error, 'not-found')) throw error
      return joinPages(await Promise.all(halves(group).map(half => lookUp(caller, half, signal))))
    }
  }

  async function objects(
    caller: Caller,
    ids: readonly string[],
    signal?: AbortSignal
  ): Promise<Page> {
    const groups = groupIds(ids)
    return joinPages(await Promise.all(groups.map(group => lookUp(caller, group, signal))))
  }

  async function feeds(caller: Caller, signal?: AbortSignal): Promise<Feed[]> {
    const found = new Map<string, Feed>()
    for (let offset = 0; offset < maxFeeds; ) {
      const path = feedsPath(base, maxFeedsPerRequest, offset)
      const accept = ({ body }: UpstreamAnswer) => parseFeedList(body)
      const list = await ask({
        caller,
        endpoint: 'feeds',
        path,
        signal,
        accept,
        rank: ranks.lookUp
      })
      for (const feed of list.feeds) found.set(feed.id, feed)
      offset += list.itemCount
      if (list.itemCount === 0 || offset >= (list.total ?? Number.POSITIVE_INFINITY)) break
    }
    return [...found.values()]
  }

  async function feed(
    caller: Caller,
    feedId: string,
    signal?: AbortSignal
  ): Promise<Feed | undefined> {
    const path = feedPath(base, feedId)
    const accept = ({ body }: UpstreamAnswer) => parseFeed(body)
    try {
      return await ask({ caller, endpoint: 'feed', path, signal, accept, rank: ranks.lookUp })
    } catch (error) {
      if (isKind(error, 'forbidden', 'not-found')) return undefined
      throw error
    }
  }

  async function verifyKey(caller: Caller, signal?: AbortSignal): Promise<void> {
    const path = feedsPath(base, 1, 0)
    try {
      const rank = ranks.lookUp
      await ask({ caller, endpoint: 'feeds', path, signal, accept: () => undefined, rank })
    } catch (error) {
      if (!isKind(error, 'forbidden')) throw error
    }
  }

  const raw = createRawClient(base, ask)
  return { page, objects, feeds, feed, verifyKey, raw, health, close }
}

/** A feed whose format in Sekoia is text, csv or custom comes without cursor and objects. */
function refuseOtherFormats(mediaType: string): void {
  if (mediaType === '' || mediaType === 'application/json') return
  throw new GatewayError('unwalkable', {
    detail: "The feed's format is not JSON: in Sekoia, edit the feed and set its format to JSON",
    cause: new UpstreamFailure('the content type is not JSON', { trouble: 'final' })
  })
}

/** Any no that is about neither rights nor rate: with another place to read from it may be a yes (K4). */
const isCursorRefusal = (status = 0): boolean =>
  status >= 400 && status < 500 && ![401, 403, 404, 408, 429].includes(status)
const lackOf = ({ unreadable = [] }: Page): number => unreadable.length

/** What a parser refuses is an unusable answer, worth one more attempt. */
function toUnusable(error: unknown): never {
  throw unusable('the answer is not what was asked for', (error as Error).cause)
}

interface IdGroup {
  readonly kind: ObjectKind
  readonly ids: readonly string[]
}

function groupIds(ids: readonly string[]): IdGroup[] {
  const wanted = Map.groupBy(new Set(ids.filter(isStixId)), objectKindOf)
  return [...wanted].flatMap(([kind, group]) => {
    const count = Math.ceil(group.length / maxIdsPerRequest)
    return Array.from({ length: count }, (_, no) => ({
      kind,
      ids: group.slice(no * maxIdsPerRequest, (no + 1) * maxIdsPerRequest)
    }))
  })
}

/** What to ask again when Sekoia knows not all of a group: one unknown id must not hide the others. */
function halves({ kind, ids }: IdGroup): IdGroup[] {
  if (ids.length === 1) return []
  const middle = Math.ceil(ids.length / 2)
  return [ids.slice(0, middle), ids.slice(middle)].map(ids => ({ kind, ids }))
}

const isKind = (error: unknown, ...kinds: ErrorKind[]): boolean =>
  error instanceof GatewayError && kinds.includes(error.kind)
