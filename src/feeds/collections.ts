import type { Feed } from '../kernel/ports.ts'
import type { CatalogFeed } from '../kernel/records.ts'
import { toPlainTitle, toUniqueTitles } from './titles.ts'

const feedIdShape =
  /^(?:[a-z][a-z0-9-]{0,60}--)?([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$/i

const defaultTitle = 'Sekoia default feed'

/** The UUID version 4 in a feed id, lower case; undefined when it holds none. */
export const collectionIdOf = (feedId: string): string | undefined =>
  feedIdShape.exec(feedId)?.[1]?.toLowerCase()

/**
 * The collections of a listing in ascending id. The default feed is always among them. A feed is left out if its id
 * holds no UUID version 4, or the UUID of an earlier feed.
 */
export function toCollections(
  feeds: readonly Feed[],
  { defaultFeedId }: { readonly defaultFeedId: string }
): { collections: CatalogFeed[]; leftOut: number } {
  const byId = new Map<string, Feed>()
  let leftOut = 0
  for (const feed of feeds) {
    const id = collectionIdOf(feed.id)
    if (id === undefined || byId.has(id)) leftOut++
    else byId.set(id, feed)
  }
  const defaultId = collectionIdOf(defaultFeedId)
  if (defaultId !== undefined) byId.set(defaultId, asDefault(defaultFeedId, byId.get(defaultId)))
  const sorted = [...byId].sort(([a], [b]) => (a < b ? -1 : 1))
  const titles = toUniqueTitles(
    sorted.map(([id, { title }]) => ({ id, title: toPlainTitle(title) })),
    defaultId
  )
  const collections = sorted.map(([id, feed], index) => toCollection(id, feed, titles[index]!))
  return { collections, leftOut }
}

function asDefault(id: string, listed: Feed | undefined): Feed {
  const everything = { types: [], observableTypes: [], tlps: [], sources: [], labels: [] }
  const description = 'Everything Sekoia publishes to every community'
  const plain = {
    ...everything,
    description,
    sortOrder: undefined,
    format: 'json',
    givesAll: false
  }
  return { ...plain, ...listed, id, title: defaultTitle }
}

function toCollection(collectionId: string, feed: Feed, title: string): CatalogFeed {
  return {
    feedId: feed.id,
    collectionId,
    alias: aliasOf(feed.id, collectionId),
    title,
    description: feed.description,
    isNewestFirst: feed.sortOrder === 'desc',
    isJson: feed.format.toLowerCase() === 'json'
  }
}

const aliasOf = (feedId: string, collectionId: string): string | undefined =>
  feedId.toLowerCase() === collectionId ? undefined : feedId

/** A feed that the listing lacks, by a well-formed id: Sekoia decides when it is read. */
export function toUnlisted(feedId: string): CatalogFeed | undefined {
  const collectionId = collectionIdOf(feedId)
  if (collectionId === undefined) return undefined
  return {
    feedId,
    collectionId,
    alias: aliasOf(feedId, collectionId),
    title: feedId,
    description: undefined,
    isNewestFirst: false,
    isJson: true
  }
}
