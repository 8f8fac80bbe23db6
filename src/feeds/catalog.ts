import { LRUCache } from 'lru-cache'
import type { Caller, ScopeId } from '../kernel/caller.ts'
import { GatewayError, isRefusal } from '../kernel/errors.ts'
import type { Clock, Feed, Upstream } from '../kernel/ports.ts'
import type { Catalog, CatalogFeed, InspectedFeed } from '../kernel/records.ts'
import { SingleFlight } from '../kernel/single-flight.ts'
import type { Validity } from '../kernel/validity.ts'
import { collectionIdOf, toCollections, toUnlisted } from './collections.ts'
import { type Obstacles, Survey, type SurveyOptions } from './survey.ts'

/**
 * The collections of a caller: Sekoia's feeds as their key sees them, held per scope (G5). A listing that is
 * due is renewed behind the answer, so that a slow Sekoia delays nobody (G7); one that nobody asked for in a
 * while is renewed before it. A refusal ends it at once (G6).
 */
export interface CatalogOptions extends SurveyOptions {
  readonly upstream: Pick<Upstream, 'feeds' | 'page'>
  readonly clock: Clock
  /** The feed every community has. */
  readonly defaultFeedId: string
  /** Age at which a listing is renewed; at twice that it is no longer shown unrenewed. */
  readonly cacheSeconds: number
}

interface Listing {
  readonly collections: CatalogFeed[]
  /** By id and alias, lower case. */
  readonly byName: ReadonlyMap<string, CatalogFeed>
  /** What keeps the caller from reading them; undefined until somebody asks. */
  obstacles: Promise<Obstacles> | undefined
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
export function createCatalog(options: CatalogOptions): Catalog {
  if (collectionIdOf(options.defaultFeedId) === undefined) {
    throw new TypeError('The default feed id must hold a UUID version 4')
  }
  const { upstream, clock, meter, cacheSeconds } = options
  const listings = new LRUCache<ScopeId, Listing>({ max: maxScopes })
  const renewals = new SingleFlight<ScopeId, Listing>()
  const survey = new Survey(options)

  function hold(
    scope: ScopeId,
    collections: CatalogFeed[],
    obstacles?: Promise<Obstacles>
  ): Listing {
    const now = clock.now()
    const renewAt = now + cacheSeconds * 1000
    const byName = toNames(collections)
    const showUntil = renewAt + cacheSeconds * 1000
    const listing = { collections, byName, obstacles, renewAt, showUntil }
    listings.set(scope, listing)
    return listing
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
      const { collections, leftOut } = toCollections(await fetchFeeds(caller), options)
      if (leftOut > 0) meter.count('catalog_feeds_left_out', { reason: 'id' }, leftOut)
      const before = await listings.get(caller.scope)?.obstacles
      const obstacles = before && (await survey.obstacles(caller, collections, before))
      return hold(caller.scope, collections, obstacles && Promise.resolve(obstacles))
    } catch (error) {
      const held = listings.get(caller.scope)
      if (isRefusal(error)) listings.delete(caller.scope)
      if (isRefusal(error) || !held) throw error
      meter.count('catalog_listings', { outcome: 'stale' })
      return hold(caller.scope, held.collections, held.obstacles)
    }
  }

  const renewOnce = (caller: Caller): Promise<Listing> =>
    renewals.run(caller.scope, () => renew(caller))

  async function listing(caller: Caller): Promise<Listing> {
    const held = listings.get(caller.scope)
    const now = clock.now()
    if (!held || now >= held.showUntil) return renewOnce(caller)
    if (now >= held.renewAt) renewOnce(caller).catch(() => {})
    return held
  }

  /** A refusal of the key ends the listing; nothing of it is held then. */
  function obstaclesOf(caller: Caller, held: Listing): Promise<Obstacles> {
    held.obstacles ??= survey.obstacles(caller, held.collections).catch(error => {
      listings.delete(caller.scope)
      throw error
    })
    return held.obstacles
  }

  async function list(caller: Caller): Promise<CatalogFeed[]> {
    const held = await listing(caller)
    const obstacles = await obstaclesOf(caller, held)
    return held.collections.filter(({ collectionId }) => !obstacles.has(collectionId))
  }

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
    return held && (now => now < held.renewAt && listings.peek(scope) === held)
  }

  const forget = ({ scope }: Caller): void => {
    listings.delete(scope)
  }

  return { list, resolve, inspect, validity, forget }
}
