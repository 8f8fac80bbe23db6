import { type SeenFeed, toObstacleView } from './feeds-view.ts'
import type { SetupView } from './schemas.ts'
import { labelOf } from './viewer.ts'

/** What clients are configured with. */
export interface SetupSettings {
  readonly apiRoot: string
  readonly mediaType: string
  readonly defaultLimit: number
  readonly maxLimit: number
  readonly hasMisp: boolean
  /** '' when there is none. */
  readonly keyHeader: string
  readonly queryParameter: string
}

/** @param baseUrl of the gateway as the client reaches it, without a slash at its end. */
export function toSetupView(
  baseUrl: string,
  feeds: readonly SeenFeed[],
  settings: SetupSettings
): SetupView {
  const { apiRoot, mediaType, defaultLimit, maxLimit, hasMisp } = settings
  return {
    baseUrl,
    credentials: {
      basic: 'Any user name that is not empty, the Sekoia API key as password',
      bearer: 'Authorization: Bearer and the Sekoia API key',
      header: settings.keyHeader || null,
      queryParameter: settings.queryParameter || null
    },
    taxii: {
      discovery: `${baseUrl}/taxii2/`,
      apiRoot: `${baseUrl}/${apiRoot}/`,
      mediaType,
      defaultLimit,
      maxLimit
    },
    misp: hasMisp ? { list: `${baseUrl}/misp/` } : null,
    native: { baseUrl },
    feeds: feeds.flatMap(seen => toSetupFeed(baseUrl, seen, settings))
  }
}

function toSetupFeed(
  baseUrl: string,
  { scope, feed }: SeenFeed,
  { apiRoot, hasMisp }: SetupSettings
): SetupView['feeds'] {
  if (!feed) return []
  const collection = `${baseUrl}/${apiRoot}/collections/${feed.collectionId}/`
  return [
    {
      feedId: feed.feedId,
      collectionId: feed.collectionId,
      title: feed.title,
      description: feed.description ?? null,
      scope: labelOf(scope),
      obstacle: toObstacleView(feed.obstacle),
      taxiiCollection: collection,
      taxiiObjects: `${collection}objects/`,
      misp: hasMisp ? `${baseUrl}/misp/${feed.feedId}` : null,
      native: `${baseUrl}/v2/inthreat/collections/${feed.feedId}/objects`
    }
  ]
}
