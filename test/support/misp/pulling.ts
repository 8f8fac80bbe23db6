import type { LocalAttribute } from './database.ts'
import { event, HandMadeFeed, t0, uuid5 } from './hand-made.ts'
import { MispInstance, type PullReport } from './instance.ts'
import type { Json } from './json.ts'

/** A MISP on a feed made by hand, for the tests of the instance itself. */

/** The timestamps of the second and third version of an event. */
export const newer = String(t0 + 100)
export const newest = String(t0 + 200)

/** A MISP whose clock stands an hour before the feed's times, unless it is told otherwise. */
export const pulling = (feed: HandMadeFeed, clock = { now: t0 - 3600 }): MispInstance =>
  new MispInstance({ fetch: feed.fetch, now: () => clock.now })

interface Edited {
  readonly feed: HandMadeFeed
  readonly misp: MispInstance
  /** The second pull. */
  readonly pulled: PullReport
}

/** A MISP that has pulled one version of an event, and then another that is newer. */
export async function edited(before: Json, after: Json, clock?: { now: number }): Promise<Edited> {
  const feed = new HandMadeFeed(event(1, before))
  const misp = pulling(feed, clock)
  await misp.pull()
  feed.put(event(1, { timestamp: newer, ...after }))
  return { feed, misp, pulled: await misp.pull() }
}

export const local = (misp: MispInstance, n: number): LocalAttribute | undefined =>
  misp.attributes().find(({ uuid }) => uuid === uuid5(n))

export const tagsOf = (misp: MispInstance, n: number): string[] => [
  ...(local(misp, n)?.tags ?? ['no attribute'])
]

export const reasons = ({ dropped }: Pick<MispInstance, 'dropped'>): string[] =>
  dropped.map(({ what, reason }) => `${what}: ${reason}`)

export const liveValues = (misp: MispInstance): string[] => [...misp.liveToIds().keys()].sort()
