import type { CatalogFeed } from '../kernel/records.ts'
import { modes } from './modes.ts'
import { taxiiType } from './negotiate.ts'
import type { TaxiiSettings } from './settings.ts'

/** How the client reached this server, proxies that are trusted taken into account. */
export interface Origin {
  readonly protocol: string
  /** Host and port as the client named them. */
  readonly host: string
  /** Path that a proxy in front takes off. */
  readonly prefix?: string
}

const toBuffer = (resource: unknown): Buffer => Buffer.from(JSON.stringify(resource))

/** The discovery resource (TAXII 2.1 §4.1.1). */
export function toDiscovery(settings: TaxiiSettings, origin: Origin): Buffer {
  const root = apiRootUrl(settings, origin)
  const { title, description, contact } = settings
  return toBuffer({ title, description, contact, default: root, api_roots: [root] })
}

/**
 * The API root's URL: of the configured public URL, else of the request. Plain http is never published in strict
 * mode (T-4.1.1-4); the relative form is valid too, though some clients fail on it.
 */
export function apiRootUrl(
  settings: TaxiiSettings,
  { protocol, host, prefix = '' }: Origin
): string {
  const { publicUrl, apiRootPath } = settings
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '') + apiRootPath
  const isUsable = protocol === 'https' || modes[settings.mode].absoluteRoots
  return isUsable && /^[\w.:[\]-]+$/.test(host)
    ? `${protocol}://${host}${prefix}${apiRootPath}`
    : prefix + apiRootPath
}

/** The API root resource (TAXII 2.1 §4.2.1). */
export const toApiRoot = ({ title, description, maxContentLength }: TaxiiSettings): Buffer =>
  toBuffer({ title, description, versions: [taxiiType], max_content_length: maxContentLength })

/** The collections resource (TAXII 2.1 §5.1.1), in the order of the catalog. */
export function toCollections(feeds: readonly CatalogFeed[], settings: TaxiiSettings): Buffer {
  if (feeds.length === 0 && !modes[settings.mode].emptyLists) return toBuffer({})
  return toBuffer({ collections: feeds.map(feed => collectionFields(feed, settings)) })
}

/** A collection resource (TAXII 2.1 §5.2.1). */
export const toCollection = (feed: CatalogFeed, settings: TaxiiSettings): Buffer =>
  toBuffer(collectionFields(feed, settings))

function collectionFields(feed: CatalogFeed, { mediaTypes }: TaxiiSettings) {
  const description = [feed.description, feed.unwalkable]
    .filter(text => text !== undefined)
    .join(' ')
  return {
    id: feed.collectionId,
    title: feed.title,
    description: description === '' ? undefined : description,
    alias: feed.alias,
    can_read: true,
    can_write: false,
    media_types: mediaTypes
  }
}
