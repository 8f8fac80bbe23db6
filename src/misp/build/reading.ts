import { giveWayIfDue } from '../../kernel/give-way.ts'
import { type FeedRecord, newestVersions } from '../../kernel/records.ts'
import type { StixObject } from '../../stix/object.ts'
import type { Intake } from './intake.ts'
import type { Round } from './round.ts'
import { retireOldLayouts } from './settings.ts'
import { startOf } from './state.ts'
import { Batch } from './tables.ts'

/** Most changes committed at a time. */
const maxChanges = 10_000
/** Objects parsed at once: some three milliseconds of work. */
const parsedAtOnce = 250
const readLimit = 2000
/** During a first build reading takes at least so many times as long as the publications on the way. */
const readingShare = 4
const readBytes = 8 * 1024 * 1024

/** Reads the feed log to its end. During a first build it publishes on the way. */
export async function readOn(round: Round): Promise<void> {
  const { clock, settings } = round.parts
  const { state } = round.feed
  let partialAt = clock.now() + settings.partialMs
  let changes = new Batch()
  let intake = round.newIntake()
  for (;;) {
    const { records, more } = await readPage(round, intake, changes)
    const isLast = !more || records.length === 0
    if (isLast || intake.size >= maxChanges || clock.now() >= partialAt) {
      await round.flush(intake, changes)
      if (!more) Object.assign(state, { isFilled: true, isRefilling: false })
      if (!more && state.hasOldLayout) await retireOldLayouts(round, changes)
      await round.commit(changes)
      if (isLast) return
      changes = new Batch()
      intake = round.newIntake()
    }
    if (!state.isFilled && clock.now() >= partialAt) {
      const begun = clock.now()
      await round.publish()
      const pause = (clock.now() - begun) * readingShare
      partialAt = clock.now() + Math.max(settings.partialMs, pause)
    }
  }
}

async function readPage(
  { parts, feed, caller }: Round,
  intake: Intake,
  changes: Batch
): Promise<{ readonly records: readonly FeedRecord[]; readonly more: boolean }> {
  const { state } = feed
  const { records, dates, more, position } = await parts.records.read({
    caller,
    feedId: parts.feedId,
    types: [],
    all: true,
    addedAfter: state.addedAfter ?? startOf(state.since),
    position: state.position,
    filter: newestVersions,
    limit: readLimit,
    maxBytes: readBytes,
    continues: true
  })
  await takeAll(
    intake,
    records.map(({ bytes }) => bytes),
    changes
  )
  state.objectsRead += records.length
  if (dates[0] !== undefined) state.readFrom ??= dates[0]
  state.position = more ? position : undefined
  if (!more) state.addedAfter = dates.at(-1) ?? state.addedAfter
  return { records, more }
}

/** @param texts objects as JSON */
async function takeAll(intake: Intake, texts: readonly Buffer[], changes: Batch): Promise<void> {
  for (let at = 0; at < texts.length; at += parsedAtOnce) {
    await giveWayIfDue()
    const some = texts.slice(at, at + parsedAtOnce)
    await intake.take(some.map(toObject), changes, some)
  }
}

const toObject = (text: Buffer): StixObject => JSON.parse(text.toString())

/** Asks again for names that Sekoia could not be asked for before. */
export async function nameWanted(round: Round): Promise<void> {
  const { names, wanted } = round.feed
  if (wanted.size === 0) return
  const changes = new Batch()
  const unresolved = new Set(await names.resolve(round.caller, wanted.keys(), changes))
  for (const [id, buckets] of wanted) {
    if (unresolved.has(id)) continue
    for (const bucket of buckets) changes.delete('wanted', `${id} ${bucket}`)
    round.soil(buckets, changes)
    wanted.delete(id)
  }
  await round.commit(changes)
}
