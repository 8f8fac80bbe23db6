import { Arrivals, heldIds } from './arrivals.ts'
import { walkIds } from './id-sweep.ts'
import type { Round } from './round.ts'
import { startOf } from './state.ts'
import { Batch } from './tables.ts'
import { countOf, judge, mark, type SweepResult } from './vanished.ts'

/** If more objects than this are newly missing, and more than half of all, a walk is not believed the first time. */
const suspicious = 100

/** Until a walk that failed is begun again, ms. */
const walkRetryMs = 3_600_000

/** The second attempt of a walk asks for pages of another size: what was on the edge of a page is then inside one. */
const walkLimits = [2000, 1777] as const

/**
 * If it is time, reads the ids of the whole feed: what vanished is taken back, and what the feed log never showed is
 * taken in. True when there is something to publish.
 */
export async function walk(round: Round): Promise<boolean> {
  const { state } = round.feed
  const { clock, settings } = round.parts
  const begun = clock.now()
  if (!state.isFilled || settings.walkMs === 0 || begun < state.walkedAt + settings.walkMs)
    return false
  const { verdict, arrived } = await compare(round, begun).catch(async error => {
    await putOff(round, begun)
    throw error
  })
  return (await settle(round, verdict, begun)) || arrived > 0
}

/** What one walk misses is looked for by another. */
async function compare(round: Round, begun: number) {
  const { upstream, feedId, settings } = round.parts
  const { documents, state } = round.feed
  const { caller, renew } = round
  const walk = { caller, feedId, since: startOf(state.since) ?? 0 }
  const arrivals = new Arrivals(round, await heldIds(documents), begun)
  const first = await walkIds(upstream, {
    ...walk,
    limit: walkLimits[0],
    async onPage(page) {
      await renew()
      await arrivals.take(page)
    }
  })
  const arrived = arrivals.count
  const verdict = await judge(documents, first, { ...settings, begun })
  if (verdict.missing.size === 0) return { verdict, arrived }
  const second = await walkIds(upstream, { ...walk, limit: walkLimits[1], onPage: renew })
  const either = { has: (id: string) => first.has(id) || second.has(id) }
  return { verdict: await judge(documents, either, { ...settings, begun }), arrived }
}

/** Marks what vanished or is there again. True if anything did. */
async function settle(round: Round, verdict: SweepResult, begun: number): Promise<boolean> {
  const { documents, state, dirty } = round.feed
  const { clock, meter } = round.parts
  const missing = countOf(verdict.missing)
  // That many at once are more likely Sekoia's mistake, or a feed that is being edited: a second walk has to find the same.
  const isBelieved = missing - state.missed < suspicious || missing * 2 <= verdict.present
  Object.assign(state, { walkedAt: begun, missed: isBelieved ? 0 : missing })
  const changes = new Batch()
  const believed = isBelieved ? verdict : { ...verdict, missing: new Map() }
  const dirtied = await mark(documents, believed, clock.now(), changes)
  for (const bucket of dirtied) dirty.add(bucket)
  if (!isBelieved) meter.count('misp_walks_doubted')
  await round.commit(changes)
  return dirtied.length > 0
}

/** A walk costs Sekoia as much as a first build, so a failed one is not repeated at once. */
async function putOff(round: Round, begun: number): Promise<void> {
  const { walkMs } = round.parts.settings
  round.feed.state.walkedAt = begun - walkMs + Math.min(walkMs, walkRetryMs)
  await round.commit()
}
