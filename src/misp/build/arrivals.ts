import { IdSet } from '../../kernel/id-set.ts'
import type { Page } from '../../kernel/ports.ts'
import { type StixObject, timeOf } from '../../stix/object.ts'
import { decodeBucket } from '../events/bucket.ts'
import { isLive, spanOf, toRow } from '../events/source-row.ts'
import type { Round } from './round.ts'
import { Batch, type FeedTables } from './tables.ts'
import { heldIn } from './vanished.ts'

/** What was changed a short while before a walk comes with the feed log, without haste, ms. */
const recentMs = 600_000

/**
 * Indicators and reports that a walk finds and the builder does not hold, because the feed log never showed them: they
 * came into the feed with a time that is long past (M4). They are taken in as what the feed log shows is.
 */
export class Arrivals {
  readonly #round: Round
  readonly #held: Pick<IdSet, 'has'>
  readonly #begun: number
  /** How many have been taken in. */
  count = 0

  /** @param begun when the walk began, ms since the epoch */
  constructor(round: Round, held: Pick<IdSet, 'has'>, begun: number) {
    this.#round = round
    this.#held = held
    this.#begun = begun
  }

  /** Throws as {@link Intake.take} does, and whatever the store throws. */
  async take({ bytes, entries }: Pick<Page, 'bytes' | 'entries'>): Promise<void> {
    const found = entries
      .filter(({ id }) => !this.#held.has(id))
      .map(({ offset, length }) => JSON.parse(bytes.toString('utf8', offset, offset + length)))
      .filter(object => this.#isMissed(object))
    if (found.length === 0) return
    const changes = new Batch()
    const intake = this.#round.newIntake()
    await intake.take(found, changes)
    await this.#round.flush(intake, changes)
    await this.#round.commit(changes)
    this.count += found.length
    this.#round.parts.meter.count('misp_late_arrivals', {}, found.length)
  }

  /** What ended before anybody read it is not held either. */
  #isMissed(object: StixObject): boolean {
    const begun = this.#begun
    const changedAt = timeOf(object, 'modified') ?? timeOf(object, 'created') ?? 0
    return (
      changedAt < begun - recentMs &&
      isLive(spanOf(toRow(object, { now: begun, publication: 0 })), begun)
    )
  }
}

/** The ids of everything that a walk can find and that is held, as present or as vanished. */
export async function heldIds(documents: FeedTables): Promise<IdSet> {
  const ids = new IdSet()
  for await (const batch of documents.scan('bucket'))
    for (const { key, value } of batch)
      for (const { id } of heldIn(await decodeBucket(key, value))) ids.add(id)
  return ids
}
