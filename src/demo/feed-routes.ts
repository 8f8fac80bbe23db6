/** `/feeds`: the descriptions (SEKOIA-9.25). */
import { type KeyState, permit } from './access.ts'
import { mayRead, openFeed } from './collection-routes.ts'
import type { Reply } from './delivery.ts'
import { defaultFeedId, type FeedDescription, makeFeed } from './feeds/feeds.ts'
import { jsonBody, type Payload } from './feeds/formats.ts'
import { parseWindow } from './object-routes.ts'
import { Problem } from './problem.ts'
import type { World } from './world.ts'

export interface FeedCall {
  readonly method: string
  /** Undefined for the list. */
  readonly id: string | undefined
  readonly query: URLSearchParams
  readonly key: KeyState
  /** The request's body as text. */
  readonly text: string
}

/** @throws Problem */
export function answerFeeds(world: World, call: FeedCall): Reply {
  const { method, id, key } = call
  if (method === 'GET') {
    permit(key, 'viewFeeds')
    return { status: 200, body: id ? wrap(world, openFeed(world, id, key)) : list(world, call) }
  }
  permit(key, 'manageFeeds')
  if (method === 'POST' && !id) return create(world, call)
  if (!id || id === defaultFeedId) throw new Problem(403, 'This feed cannot be changed')
  return change(world, openFeed(world, id, key), call)
}

const wrap = (world: World, feed: FeedDescription): Payload =>
  jsonBody(JSON.stringify({ data: described(world, feed) }))

function described({ switches }: World, feed: FeedDescription): Partial<FeedDescription> {
  const { sort_order, ...others } = feed
  if (switches.describedOrder === 'none') return others
  const other = sort_order === 'asc' ? 'desc' : 'asc'
  return { ...feed, sort_order: switches.describedOrder === 'right' ? sort_order : other }
}

function list(world: World, { query, key }: FeedCall): Payload {
  const { limit, offset } = parseWindow(query)
  const term = query.get('term')?.toLowerCase() ?? ''
  const ids = query.get('match[id]')?.split(',')
  const all = [...world.feeds.values()].filter(
    feed =>
      mayRead(feed, key) &&
      feed.title.toLowerCase().includes(term) &&
      (ids?.includes(feed.id) ?? true)
  )
  const items = all.slice(offset, offset + limit).map(feed => described(world, feed))
  return jsonBody(JSON.stringify({ items, total: all.length }))
}

function create(world: World, { key, text }: FeedCall): Reply {
  const feed = makeFeed(members(text), world.clock.now())
  world.feeds.set(feed.id, feed)
  if (key.feeds !== 'all') key.feeds.push(feed.id)
  return { status: 201, body: wrap(world, feed) }
}

function change(world: World, feed: FeedDescription, call: FeedCall): Reply {
  if (call.method === 'DELETE') {
    world.feeds.delete(feed.id)
    return { status: 204, body: jsonBody('') }
  }
  if (call.method !== 'PUT') throw new Problem(405, 'Method not allowed')
  const modified = new Date(world.clock.now()).toISOString()
  const changed = { ...feed, ...members(call.text), id: feed.id, modified }
  world.feeds.set(feed.id, changed)
  return { status: 200, body: wrap(world, changed) }
}

function members(text: string): Partial<FeedDescription> {
  const data = dataIn(text)
  if (!data || typeof data !== 'object') throw new Problem(400, 'The body has no data')
  for (const [name, usual] of Object.entries(makeFeed({}, 0)))
    if (name in data && !isLike(data[name as keyof typeof data], usual))
      throw new Problem(400, `${name} is not of its type`)
  return data
}

function dataIn(text: string): Partial<FeedDescription> | undefined {
  try {
    return (JSON.parse(text) as { data?: Partial<FeedDescription> } | null)?.data
  } catch {
    throw new Problem(400, 'The body is not JSON')
  }
}

/** A list is like a list, anything else like what has the same type; what has no usual value may be anything. */
const isLike = (given: unknown, usual: unknown): boolean =>
  usual === null || (typeof given === typeof usual && Array.isArray(given) === Array.isArray(usual))
