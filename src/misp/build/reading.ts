import { giveWayIfDue } from '../../kernel/give-way.ts'
import { newestVersions } from '../../kernel/records.ts'
import type { StixObject } from '../../stix/object.ts'
import type { Intake } from './intake.ts'
import type { Round } from './round.ts'
import { retireOldLayouts } from './settings.ts'
import { type FeedState, startOf } from './state.ts'
import { Batch } from './tables.ts'

/** Objects parsed at once: some three milliseconds of work. */
const parsedAtOnce = 250
const readLimit = 2000
/** During a first build reading takes at least so many times as long as the publications on the way. */
const readingShare = 4
const readBytes = 8 * 1024 * 1024

/**
 * Reads the feed log to its end. During a first build it publishes on the way, and a thread makes events of what is
 * read already.
 */
export async function readOn(round: Round): Promise<void> {
  const ahead: Ahead = { done: Promise.resolve() }
  try {
    await readToEnd(round, ahead)
  } finally {
    await ahead.done.catch(() => {})
  }
}

/** Events that are made while reading goes on: over before anything else is committed. */
interface Ahead {
  done: Promise<void>
}

async function readToEnd(round: Round, ahead: Ahead): Promise<void> {
  const { clock, settings } = round.parts
  const { maxChanges = 10_000 } = settings
  const { state } = round.feed
  let partialAt = clock.now() + settings.partialMs
  let changes = new Batch()
  let intake = round.newIntake()
  const reached: Reached = placeOf(state)
  for (;;) {
    const { isEmpty, more } = await readPage(round, reached, intake, changes)
    const isLast = !more || isEmpty
    if (isLast || intake.size >= maxChanges || clock.now() >= partialAt) {
      await ahead.done
      const dirtied = await round.flush(intake, changes)
      Object.assign(state, placeOf(reached))
      if (!more) Object.assign(state, { isFilled: true, isRefilling: false })
      if (!more && state.hasOldLayout) await retireOldLayouts(round, changes)
      await round.commit(changes)
      if (isLast) return
      changes = new Batch()
      intake = round.newIntake()
      ahead.done = round.prepare(dirtied)
      // What fails is thrown where it is waited for.
      ahead.done.catch(() => {})
    }
    if (!state.isFilled && clock.now() >= partialAt) {
      await ahead.done
      const begun = clock.now()
      await round.publish()
      const pause = (clock.now() - begun) * readingShare
      partialAt = clock.now() + Math.max(settings.partialMs, pause)
    }
  }
}

/** How far reading has come: in the state once what was read is committed with it. */
type Reached = Pick<FeedState, 'position' | 'addedAfter' | 'objectsRead' | 'readFrom'>

const placeOf = ({ position, addedAfter, objectsRead, readFrom }: Reached): Reached => ({
  position,
  addedAfter,
  objectsRead,
  ...(readFrom !== undefined && { readFrom })
})

async function readPage(
  { parts, feed, caller }: Round,
  reached: Reached,
  intake: Intake,
  changes: Batch
): Promise<{ readonly isEmpty: boolean; readonly more: boolean }> {
  const { records, dates, more, position } = await parts.records.read({
    caller,
    feedId: parts.feedId,
    types: [],
    all: true,
    addedAfter: reached.addedAfter ?? startOf(feed.state.since),
    position: reached.position,
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
  reached.objectsRead += records.length
  if (dates[0] !== undefined) reached.readFrom ??= dates[0]
  reached.position = more ? position : undefined
  if (!more) reached.addedAfter = dates.at(-1) ?? reached.addedAfter
  return { isEmpty: records.length === 0, more }
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
