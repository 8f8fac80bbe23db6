import { baseUrlOf, type Origin } from '../http/origin.ts'
import type { CatalogFeed, InspectedFeed } from '../kernel/records.ts'
import { modes } from './modes.ts'
import { taxiiType } from './negotiate.ts'
import type { TaxiiSettings } from './settings.ts'

const toBuffer = (resource: unknown): Buffer => Buffer.from(JSON.stringify(resource))

/** The discovery resource (TAXII 2.1 §4.1.1). */
export function toDiscovery(settings: TaxiiSettings, origin: Origin): Buffer {
  const root = apiRootUrl(settings, origin)
  const { title, description, contact } = settings
  return toBuffer({ title, description, contact, default: root, api_roots: [root] })
}

/**
 * The URL of the API root: from the configured public URL, else from the request. In strict mode plain http is never
 * published (T-4.1.1-4): then it is the path alone, which is valid too, though some clients fail on it.
 */
export function apiRootUrl(settings: TaxiiSettings, origin: Origin): string {
  const { publicUrl, apiRootPath } = settings
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '') + apiRootPath
  const isUsable = origin.protocol === 'https' || modes[settings.mode].absoluteRoots
  return (isUsable ? baseUrlOf(origin) : origin.prefix) + apiRootPath
}

/** The API root resource (TAXII 2.1 §4.2.1). */
export const toApiRoot = ({ title, description, maxContentLength }: TaxiiSettings): Buffer =>
  toBuffer({ title, description, versions: [taxiiType], max_content_length: maxContentLength })

/** The collections resource (TAXII 2.1 §5.1.1) of feeds that can be read, in the order of the catalog. */
export function toCollections(feeds: readonly CatalogFeed[], settings: TaxiiSettings): Buffer {
  if (feeds.length === 0 && !modes[settings.mode].emptyLists) return toBuffer({})
  return toBuffer({
    collections: feeds.map(feed => collectionFields({ ...feed, obstacle: undefined }, settings))
  })
}

/** A collection resource (TAXII 2.1 §5.2.1). */
export const toCollection = (feed: InspectedFeed, settings: TaxiiSettings): Buffer =>
  toBuffer(collectionFields(feed, settings))

function collectionFields(feed: InspectedFeed, { mediaTypes }: TaxiiSettings) {
  const description = [feed.description, feed.obstacle?.advice]
    .filter(text => text !== undefined)
    .join(' ')
  return {
    id: feed.collectionId,
    title: feed.title,
    description: description === '' ? undefined : description,
    alias: feed.alias,
    can_read: feed.obstacle === undefined,
    can_write: false,
    media_types: mediaTypes
  }
}
