import type { SweptIds } from '../../kernel/records.ts'
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
  if (!state.isFilled || settings.walkMs === 0) return false
  const swept = await sweptIds(round)
  const now = clock.now()
  if (!swept && now < state.walkedAt + pauseMs(round)) return false
  const { verdict, arrived } = await compare(round, swept).catch(async error => {
    await putOff(round, now, swept)
    throw error
  })
  return (await settle(round, verdict, swept?.endedAt ?? now)) || arrived > 0
}

/** A reading of the whole feed by its log, newer than the last walk: it takes the place of one. */
async function sweptIds({ parts, feed, caller }: Round): Promise<SweptIds | undefined> {
  const { sweeps, feedId, settings } = parts
  const { walkedAt, since } = feed.state
  const swept = settings.sweepMs ? await sweeps?.swept(caller, feedId) : undefined
  const isNew = swept && swept.begunAt >= walkedAt && swept.endedAt > walkedAt
  return isNew && swept.since <= (startOf(since) ?? 0) ? swept : undefined
}

/** Where the log reads the whole feed as often as walks would, a walk is made only when that does not work. */
function pauseMs({ parts }: Round): number {
  const { walkMs, sweepMs = 0 } = parts.settings
  return sweepMs > 0 && sweepMs <= walkMs ? walkMs + 1.5 * sweepMs : walkMs
}

/** What one walk misses is looked for by another. */
async function compare(round: Round, swept: SweptIds | undefined) {
  const { upstream, feedId, settings, clock } = round.parts
  const { documents, state } = round.feed
  const { caller, renew } = round
  const walk = { caller, feedId, since: startOf(state.since) ?? 0 }
  const begun = swept?.begunAt ?? clock.now()
  // What a sweep found is in the log.
  const { ids: first, arrived } = swept
    ? { ids: swept.ids, arrived: 0 }
    : await walkAndTake(round, begun)
  const verdict = await judge(documents, first, { ...settings, begun })
  if (verdict.missing.size === 0) return { verdict, arrived }
  // Any object whose id cannot be made out may be one that is missing.
  if (first.unnamed > 0) return { verdict: doubted(round, verdict), arrived }
  const second = await walkIds(upstream, { ...walk, limit: walkLimits[1], onPage: renew })
  const either = { has: (id: string) => first.has(id) || second.has(id) }
  const again = await judge(documents, either, { ...settings, begun })
  const isDoubted = second.unnamed > 0 && again.missing.size > 0
  return { verdict: isDoubted ? doubted(round, again) : again, arrived }
}

/** A walk that takes in what the feed log never showed. */
async function walkAndTake(round: Round, begun: number) {
  const { upstream, feedId } = round.parts
  const { documents, state } = round.feed
  const { caller, renew } = round
  const arrivals = new Arrivals(round, await heldIds(documents), begun)
  const ids = await walkIds(upstream, {
    caller,
    feedId,
    since: startOf(state.since) ?? 0,
    limit: walkLimits[0],
    async onPage(page) {
      await renew()
      await arrivals.take(page)
    }
  })
  return { ids, arrived: arrivals.count }
}

function doubted({ parts }: Round, verdict: SweepResult): SweepResult {
  parts.meter.count('misp_walks_doubted')
  return { ...verdict, missing: new Map() }
}

/** Marks what vanished or is there again. True if anything did. */
async function settle(round: Round, verdict: SweepResult, walkedAt: number): Promise<boolean> {
  const { documents, state, dirty } = round.feed
  const { clock, meter } = round.parts
  const missing = countOf(verdict.missing)
  // That many at once are more likely Sekoia's mistake, or a feed that is being edited: a second walk has to find the same.
  const isBelieved = missing - state.missed < suspicious || missing * 2 <= verdict.present
  Object.assign(state, { walkedAt, missed: isBelieved ? 0 : missing })
  const changes = new Batch()
  const believed = isBelieved ? verdict : { ...verdict, missing: new Map() }
  const dirtied = await mark(documents, believed, clock.now(), changes)
  for (const bucket of dirtied) dirty.add(bucket)
  if (!isBelieved) meter.count('misp_walks_doubted')
  await round.commit(changes)
  return dirtied.length > 0
}

/** A walk costs Sekoia as much as a first build, so a failed one is not repeated at once. */
async function putOff(round: Round, now: number, swept: SweptIds | undefined): Promise<void> {
  const { walkMs } = round.parts.settings
  const isAgainAt = now - pauseMs(round) + Math.min(walkMs, walkRetryMs)
  round.feed.state.walkedAt = swept?.endedAt ?? isAgainAt
  await round.commit()
}
