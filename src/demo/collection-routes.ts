/** `GET /collections/{feed_id}/objects`. */
import type { KeyState } from './access.ts'
import type { Fault } from './faults.ts'
import { decodeCursor } from './feeds/cursor.ts'
import { defaultFeedId, type FeedDescription } from './feeds/feeds.ts'
import { formatPage, type Payload } from './feeds/formats.ts'
import { type FeedPage, readPage } from './feeds/page.ts'
import { type PageQuery, parsePageQuery } from './feeds/page-query.ts'
import { Problem } from './problem.ts'
import type { Given, World } from './world.ts'

export interface PageCall {
  readonly feedId: string
  readonly query: URLSearchParams
  readonly key: KeyState
  readonly fault: Fault | undefined
}

/** The feed, when the key's community has it. @throws Problem 404 (or 403, see Switches.foreignFeed) */
export function openFeed(world: World, id: string, key: KeyState): FeedDescription {
  const feed = world.feeds.get(id)
  if (!feed) throw new Problem(404, 'Feed not found')
  if (mayRead(feed, key)) return feed
  throw new Problem(world.switches.foreignFeed, 'Feed not found')
}

export const mayRead = ({ id }: FeedDescription, { feeds }: KeyState): boolean =>
  id === defaultFeedId || feeds === 'all' || feeds.includes(id)

/** @throws Problem */
export function answerPage(world: World, { feedId, query, key, fault }: PageCall): Payload {
  const feed = openFeed(world, feedId, key)
  const pageQuery = parsePageQuery(query, feed, world.switches)
  refuseExpired(world, pageQuery)
  const given = world.given.get(feedId)
  if (fault?.kind === 'duplicate-page' && given) return given.lastPage
  const read = readPage({ ...world, feed, now: world.clock.now() }, pageQuery)
  const page = {
    ...read,
    nextCursor: faulty(world, { fault, given, page: read, query: pageQuery })
  }
  return remember(world, feed, page, pageQuery)
}

interface Answered {
  readonly fault: Fault | undefined
  readonly given: Given | undefined
  readonly page: FeedPage
  readonly query: PageQuery
}

function faulty({ switches }: World, { fault, given, page, query }: Answered): string | null {
  if (fault?.kind === 'null-cursor') return null
  if (fault?.kind !== 'loop-cursor' || !given) return page.nextCursor
  const [first, own] = [given.firstCursor, page.nextCursor].map(
    cursor => cursor && decodeCursor(cursor, switches)?.text
  )
  // A page shorter than the first may end before the first cursor, which then leads on.
  const leadsOn = first && own && (query.descending ? first < own : first > own)
  return leadsOn ? page.nextCursor : given.firstCursor
}

function remember(world: World, feed: FeedDescription, page: FeedPage, query: PageQuery): Payload {
  const { state, switches } = world
  const body = formatPage(page, { state, feed, query, complete: switches.pageSpecVersion })
  const firstCursor = world.given.get(feed.id)?.firstCursor ?? page.nextCursor
  world.given.set(feed.id, { firstCursor, lastPage: body })
  if (switches.cursorLifetimeMs > 0 && page.nextCursor !== null) {
    world.issued.set(page.nextCursor, world.clock.now())
  }
  return body
}

function refuseExpired({ issued, switches, clock }: World, { cursor }: PageQuery): void {
  if (cursor === undefined || switches.cursorLifetimeMs === 0) return
  const at = issued.get(cursor)
  if (at !== undefined && clock.now() - at > switches.cursorLifetimeMs) {
    throw new Problem(400, 'The cursor has expired')
  }
}
