import { LRUCache } from 'lru-cache'
import type { Caller, ScopeId } from '../kernel/caller.ts'
import { withDeadline } from '../kernel/deadline.ts'
import { GatewayError, isRefusal } from '../kernel/errors.ts'
import { type Clock, elapsedOf, type Feed, type Meter, type Upstream } from '../kernel/ports.ts'
import type { Catalog, CatalogFeed } from '../kernel/records.ts'
import { SingleFlight } from '../kernel/single-flight.ts'
import type { Validity } from '../kernel/validity.ts'
import { collectionIdOf, toCollections, toUnlisted } from './collections.ts'
import type { KeptLists } from './kept-lists.ts'

/**
 * The collections of a caller: Sekoia's feeds as their key sees them, held per scope (G5). A listing that is
 * due is renewed behind the answer, so that a slow Sekoia delays nobody (G7); one that nobody asked for in a
 * while is renewed before it, as far as that does not take long. A list outlives the process: while Sekoia is down
 * it is shown to keys that Sekoia accepted last. A refusal ends it at once (G6).
 */
export interface CatalogOptions {
  readonly upstream: Pick<Upstream, 'feeds'>
  readonly clock: Clock
  readonly meter: Meter
  /** The feed every community has; listed always. */
  readonly defaultFeedId: string
  /** Age at which a listing is renewed; at twice that it is no longer shown unrenewed. */
  readonly cacheSeconds: number
  /** How long Sekoia is waited for where a list is held. */
  readonly waitMs: number
  /** Where lists outlive the process; undefined: nowhere. */
  readonly kept?: KeptLists
  /** Resolves when Sekoia accepts the key, or did so last and cannot be asked. Throws when it does not. */
  verify?(caller: Caller): Promise<void>
  /** Put before every title. */
  readonly titlePrefix?: string
}

interface Listing {
  readonly collections: CatalogFeed[]
  /** By id and alias, lower case. */
  readonly byName: ReadonlyMap<string, CatalogFeed>
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
  const { upstream, clock, meter, cacheSeconds, waitMs, kept } = options
  const listings = new LRUCache<ScopeId, Listing>({ max: maxScopes })
  const renewals = new SingleFlight<ScopeId, Listing>()

  function hold(scope: ScopeId, collections: CatalogFeed[]): Listing {
    const now = elapsedOf(clock)
    const renewAt = now + cacheSeconds * 1000
    const byName = toNames(collections)
    const listing = { collections, byName, renewAt, showUntil: renewAt + cacheSeconds * 1000 }
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
      const feeds = await fetchFeeds(caller)
      const { collections, leftOut } = toCollections(feeds, options)
      void kept?.keep(caller.scope, feeds)
      if (leftOut > 0) meter.count('catalog_feeds_left_out', {}, leftOut)
      return hold(caller.scope, collections)
    } catch (error) {
      const held = listings.get(caller.scope)
      if (isRefusal(error)) {
        listings.delete(caller.scope)
        void kept?.forget(caller.scope)
      }
      if (isRefusal(error) || !held) throw error
      meter.count('catalog_listings', { outcome: 'stale' })
      return hold(caller.scope, held.collections)
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
    const recalled = { collections, byName: toNames(collections), renewAt: 0, showUntil: 0 }
    return renewSoon(caller, recalled, () => options.verify?.(caller))
  }

  /** The new list, or that which is held when Sekoia is slow or in trouble. */
  async function renewSoon(
    caller: Caller,
    held: Listing,
    admit?: () => Promise<void> | undefined
  ): Promise<Listing> {
    try {
      return await withDeadline(renewOnce(caller), waitMs)
    } catch (error) {
      if (isRefusal(error)) throw error
      await admit?.()
      meter.count('catalog_listings', { outcome: 'stale' })
      return hold(caller.scope, held.collections)
    }
  }

  const list = async (caller: Caller): Promise<CatalogFeed[]> => (await listing(caller)).collections

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

  function validity({ scope }: Caller): Validity | undefined {
    const held = listings.get(scope)
    return held && (() => elapsedOf(clock) < held.renewAt && listings.peek(scope) === held)
  }

  const forget = ({ scope }: Caller): void => {
    listings.delete(scope)
  }

  return { list, resolve, validity, forget }
}
