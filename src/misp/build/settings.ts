import { isOfLayout, layoutOf } from '../events/bucket.ts'
import { derivationOf, underived } from './derivation.ts'
import { windowStart } from './feed.ts'
import { narrow } from './narrowing.ts'
import { putRight } from './put-right.ts'
import type { Round } from './round.ts'
import { Batch } from './tables.ts'

/** Compares the settings that a feed was built with to the present ones, and does what the difference needs. */
export async function applySettings(round: Round): Promise<void> {
  putRight(round.feed.state, round.parts.clock.now())
  await narrowWindow(round)
  await startAgain(round)
  await deriveAgain(round)
}

async function narrowWindow(round: Round): Promise<void> {
  const { state, documents, dirty } = round.feed
  const { settings, clock } = round.parts
  const { windowDays = null } = settings
  const since = windowStart(settings, clock.now())
  if (state.windowDays === windowDays) return
  const isNarrower = (windowDays ?? Infinity) < (state.windowDays ?? Infinity)
  if (isNarrower && since > state.since) {
    for (const name of await narrow(documents, since, changes => round.spill(changes)))
      dirty.add(name)
    state.since = since
  }
  state.windowDays = windowDays
  await round.commit()
}

/**
 * If events are cut in another way, or the window goes back further, the feed is read from its start. It is walked
 * too, because the feed log also returns objects that vanished.
 */
async function startAgain(round: Round): Promise<void> {
  const { state } = round.feed
  const { settings, clock } = round.parts
  const layout = layoutOf(settings.shardBits)
  const since = windowStart(settings, clock.now())
  const isCutAnew = state.layout !== layout
  const isWider = since < state.since
  if (!isCutAnew && !isWider) return
  const start = { position: undefined, addedAfter: undefined, isFilled: false, walkedAt: 0 }
  Object.assign(state, { ...start, layout })
  if (isCutAnew) state.hasOldLayout = true
  if (isWider) state.since = since
  await round.commit()
}

/** If code or settings that decide have changed, all events are made again from the stored rows. */
async function deriveAgain(round: Round): Promise<void> {
  const { feed, caller } = round
  const { mapping, settings } = round.parts
  const derivation = derivationOf(mapping, settings)
  if (feed.state.derivation === derivation) return
  const changes = new Batch()
  const { buckets, wanted } = await underived({ ...feed, mapping, caller }, changes)
  const published = [...feed.heads.values()].map(({ bucket }) => bucket)
  round.soil(new Set([...buckets, ...published, ...feed.tallies.keys()]), changes)
  round.want(wanted, changes)
  feed.state.derivation = derivation
  await round.commit(changes)
}

/** Takes back events of older layouts once everything in them is in the new one. */
export async function retireOldLayouts(round: Round, changes: Batch): Promise<void> {
  const { documents, state, heads, tallies } = round.feed
  const isOld = (name: string) => !isOfLayout(name, state.layout)
  const old = (await documents.keys('bucket')).filter(isOld)
  for (const name of old) changes.delete('bucket', name)
  const published = [...heads.values()].map(({ bucket }) => bucket)
  round.soil(new Set([...published, ...tallies.keys()].filter(isOld)), changes)
  state.hasOldLayout = false
}
