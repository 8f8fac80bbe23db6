import type { CheckView } from '../gateway/schemas.ts'
import type { Caller } from '../kernel/caller.ts'
import { asGatewayError } from '../kernel/errors.ts'
import type { Feed, Upstream } from '../kernel/ports.ts'

/** How many feeds are asked for at once. */
const maxParallel = 4

/** Asks Sekoia for one object of each feed that the key lists. Throws GatewayError when they cannot be listed. */
export async function checkFeeds(
  sekoia: Pick<Upstream, 'feeds' | 'page'>,
  caller: Caller
): Promise<CheckView> {
  const feeds = await sekoia.feeds(caller)
  const unread: string[] = []
  const left = feeds.values()
  const work = async () => {
    for (const feed of left) {
      const trouble = await troubleOf(sekoia, caller, feed)
      if (trouble) unread.push(`${feed.id} (${feed.title}): ${trouble}.`)
    }
  }
  await Promise.all(Array.from({ length: maxParallel }, work))
  const newestFirst = feeds.filter(({ sortOrder }) => sortOrder === 'desc').length
  const order = newestFirst > 0 ? ` ${newestFirst} come newest first, which starts slower.` : ''
  if (unread.length === 0)
    return { name: 'feeds', outcome: 'ok', detail: `${feeds.length} can be read.${order}` }
  const detail = `${unread.length} of ${feeds.length} cannot be read. ${unread.join(' ')}`
  return { name: 'feeds', outcome: 'warning', detail }
}

async function troubleOf(
  sekoia: Pick<Upstream, 'page'>,
  caller: Caller,
  { id }: Feed
): Promise<string | undefined> {
  try {
    await sekoia.page(caller, { feedId: id, types: [], limit: 1 })
    return undefined
  } catch (error) {
    const { detail, title } = asGatewayError(error)
    return detail ?? title
  }
}
