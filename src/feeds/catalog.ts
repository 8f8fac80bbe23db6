import { LRUCache } from 'lru-cache'
import type { Caller, ScopeId } from '../kernel/caller.ts'
import { withDeadline } from '../kernel/deadline.ts'
import { GatewayError, isRefusal } from '../kernel/errors.ts'
import { type Clock, elapsedOf, type Feed, type Upstream } from '../kernel/ports.ts'
import type {
  Catalog,
  CatalogFeed,
  FeedOverview,
  InspectedFeed,
  KnownFeeds
} from '../kernel/records.ts'
import { SingleFlight } from '../kernel/single-flight.ts'
import type { Validity } from '../kernel/validity.ts'
import { collectionIdOf, toCollections, toUnlisted } from './collections.ts'
import type { KeptLists } from './kept-lists.ts'
import { type Obstacles, Survey, type SurveyOptions } from './survey.ts'

/**
 * The collections of a caller: the feeds that Sekoia lists for their key, held per scope (G5). A listing that is due
 * is renewed after the answer, so that a slow Sekoia delays nobody (G7). If nobody asked for a while it is renewed
 * before the answer, as long as that does not take long. A list outlives the process: while Sekoia is down it is shown
 * to keys that Sekoia accepted last. A refusal ends it at once (G6).
 */
export interface CatalogOptions extends SurveyOptions {
  readonly upstream: Pick<Upstream, 'feeds' | 'page'>
  readonly clock: Clock
  /** The feed every community has. */
  readonly defaultFeedId: string
  /** Age at which a listing is renewed. At twice that age it is not shown without a renewal. */
  readonly cacheSeconds: number
  /** How long Sekoia is waited for where a list is held. */
  readonly waitMs: number
  /** Where lists outlive the process; undefined: nowhere. */
  readonly kept?: KeptLists
  /** Resolves if Sekoia accepts the key, or cannot be asked and accepted it last. Throws if it does not. */
  verify?(caller: Caller): Promise<void>
}

interface Listing {
  readonly collections: CatalogFeed[]
  /** By id and alias, lower case. */
  readonly byName: ReadonlyMap<string, CatalogFeed>
  /** What keeps the caller from reading them; undefined until somebody asks. */
  obstacles: Promise<Obstacles> | undefined
  /** The same, once they were found. */
  found: Obstacles
  renewAt: number
  showUntil: number
}

const maxScopes = 1000

const toNames = (collections: readonly CatalogFeed[]): Map<string, CatalogFeed> => {
  const ids = collections.map(feed => [feed.collectionId, feed] as const)
  const aliases = collections.flatMap(feed =>
    feed.alias === undefined ? [] : [[feed.alias.toLowerCase(), feed] as const]
  )
  return new Map([...aliases, ...ids])
}

/** Throws TypeError when the default feed's id holds no UUID version 4. */
export function createCatalog(options: CatalogOptions): Catalog & FeedOverview {
  if (collectionIdOf(options.defaultFeedId) === undefined) {
    throw new TypeError('The default feed id must hold a UUID version 4')
  }
  const { upstream, clock, meter, cacheSeconds, waitMs, kept } = options
  const listings = new LRUCache<ScopeId, Listing>({ max: maxScopes })
  const renewals = new SingleFlight<ScopeId, Listing>()
  const survey = new Survey(options)

  function hold(
    scope: ScopeId,
    collections: CatalogFeed[],
    obstacles?: Promise<Obstacles>
  ): Listing {
    const now = elapsedOf(clock)
    const renewAt = now + cacheSeconds * 1000
    const byName = toNames(collections)
    const showUntil = renewAt + cacheSeconds * 1000
    const found: Obstacles = listings.peek(scope)?.found ?? new Map()
    const listing = { collections, byName, obstacles, found, renewAt, showUntil }
    listings.set(scope, listing)
    noteFound(listing)
    return listing
  }

  function noteFound(listing: Listing): void {
    const note = (found: Obstacles) => {
      listing.found = found
    }
    listing.obstacles?.then(note, () => {})
  }

  async function fetchFeeds(caller: Caller): Promise<readonly Feed[]> {
    try {
      return await upstream.feeds(caller)
    } catch (error) {
      const isUnlistable = isRefusal(error) && error.kind !== 'unauthorized'
      if (!isUnlistable) throw error
      meter.count('catalog_listings', { outcome: 'forbidden' })
      return []
    }
  }

  async function renew(caller: Caller): Promise<Listing> {
    try {
      const feeds = await fetchFeeds(caller)
      const { collections, leftOut } = toCollections(feeds, options)
      void kept?.keep(caller.scope, feeds)
      if (leftOut > 0) meter.count('catalog_feeds_left_out', { reason: 'id' }, leftOut)
      const before = await listings.get(caller.scope)?.obstacles
      const obstacles = before && (await survey.obstacles(caller, collections, before))
      return hold(caller.scope, collections, obstacles && Promise.resolve(obstacles))
    } catch (error) {
      const held = listings.get(caller.scope)
      if (isRefusal(error)) {
        listings.delete(caller.scope)
        void kept?.forget(caller.scope)
      }
      if (isRefusal(error) || !held) throw error
      meter.count('catalog_listings', { outcome: 'stale' })
      return hold(caller.scope, held.collections, held.obstacles)
    }
  }

  const renewOnce = (caller: Caller): Promise<Listing> =>
    renewals.run(caller.scope, () => renew(caller))

  async function listing(caller: Caller): Promise<Listing> {
    const held = listings.get(caller.scope)
    const now = elapsedOf(clock)
    if (held && now < held.renewAt) return held
    if (!held || now >= held.showUntil) return held ? renewSoon(caller, held) : begin(caller)
    renewOnce(caller).catch(() => {})
    return held
  }

  /** Who asks first since the start of the process. */
  async function begin(caller: Caller): Promise<Listing> {
    const feeds = await kept?.recall(caller.scope)
    const held = listings.get(caller.scope)
    if (held || !feeds) return held ?? renewOnce(caller)
    const { collections } = toCollections(feeds, options)
    return renewSoon(caller, { collections }, () => options.verify?.(caller))
  }

  /** The new list, or the held one if Sekoia is slow or fails: then nothing more is asked of it. */
  async function renewSoon(
    caller: Caller,
    { collections, obstacles }: Pick<Listing, 'collections'> & Partial<Listing>,
    admit?: () => Promise<void> | undefined
  ): Promise<Listing> {
    try {
      return await withDeadline(renewOnce(caller), waitMs)
    } catch (error) {
      if (isRefusal(error)) throw error
      await admit?.()
      meter.count('catalog_listings', { outcome: 'stale' })
      return hold(caller.scope, collections, obstacles ?? Promise.resolve(new Map()))
    }
  }

  /** A refusal of the key ends the listing, and nothing of it stays in memory. */
  function obstaclesOf(caller: Caller, held: Listing): Promise<Obstacles> {
    if (held.obstacles) return held.obstacles
    held.obstacles = survey.obstacles(caller, held.collections).catch(error => {
      listings.delete(caller.scope)
      throw error
    })
    noteFound(held)
    return held.obstacles
  }

  async function list(caller: Caller): Promise<CatalogFeed[]> {
    const held = await listing(caller)
    const obstacles = await obstaclesOf(caller, held)
    return held.collections.filter(({ collectionId }) => !obstacles.has(collectionId))
  }

  async function overview(caller: Caller): Promise<InspectedFeed[]> {
    const held = await listing(caller)
    return withObstacles(held.collections, await obstaclesOf(caller, held))
  }

  const known = (): KnownFeeds[] =>
    [...listings.entries()].map(([scope, { collections, found }]) => ({
      scope,
      feeds: withObstacles(collections, found)
    }))

  async function listedOrNothing(caller: Caller): Promise<Listing['byName']> {
    try {
      return (await listing(caller)).byName
    } catch (error) {
      if (isRefusal(error)) throw error
      return toNames(toCollections([], options).collections)
    }
  }

  async function resolve(caller: Caller, idOrAlias: string): Promise<CatalogFeed> {
    const wanted = idOrAlias.toLowerCase()
    const found = (await listedOrNothing(caller)).get(wanted) ?? toUnlisted(wanted)
    if (!found) throw new GatewayError('not-found')
    return found
  }

  async function inspect(caller: Caller, idOrAlias: string): Promise<InspectedFeed> {
    const feed = await resolve(caller, idOrAlias)
    const obstacle = await survey.obstacle(caller, feed)
    const isListed = listings.get(caller.scope)?.byName.has(feed.collectionId) === true
    if (obstacle?.kind === 'not-found' && !isListed) throw new GatewayError('not-found')
    return { ...feed, obstacle }
  }

  function validity({ scope }: Caller): Validity | undefined {
    const held = listings.get(scope)
    return held && (() => elapsedOf(clock) < held.renewAt && listings.peek(scope) === held)
  }

  const forget = ({ scope }: Pick<Caller, 'scope'>): void => {
    listings.delete(scope)
  }

  return { list, overview, known, resolve, inspect, validity, forget }
}

const withObstacles = (
  collections: readonly CatalogFeed[],
  obstacles: Obstacles
): InspectedFeed[] =>
  collections.map(feed => ({ ...feed, obstacle: obstacles.get(feed.collectionId) }))
