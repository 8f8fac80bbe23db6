import type { Work } from '../../kernel/give-way.ts'
import type { Bucket } from './bucket.ts'
import type { DerivedRow } from './derive.ts'
import { isLive, nextChange, type Span, spanOf } from './source-row.ts'

/**
 * What becomes of the indicators that are live at Sekoia: neither revoked nor vanished, and not past `valid_until`.
 * Each is counted once.
 */
export interface Coverage {
  /** All of them. */
  readonly live: number
  /** With a value that has `to_ids`. */
  readonly toIds: number
  /** With values that have none. */
  readonly context: number
  /** Those whose pattern goes out whole, by reason, and nothing with `to_ids` beside it. */
  readonly fallback: Counts
  /** Of which nothing goes out, by reason. */
  readonly skipped: Counts
  /** Left out by the window. */
  readonly outsideWindow: number
  /** Of {@link toIds}: those of which a part goes out as a pattern alone, by reason. */
  readonly partly: Counts
}

/** By reason. */
export type Counts = Readonly<Record<string, number>>

/** The {@link Coverage} of one bucket. */
export interface Tally extends Coverage {
  /** The next instant at which time alone changes it, ms since the epoch; null when none does. */
  readonly changesAt: number | null
}

/** Why nothing goes out of an indicator, beside what the mapping says. */
export const skippedByTime = 'pattern-over'

const none: Coverage = {
  live: 0,
  toIds: 0,
  context: 0,
  fallback: {},
  skipped: {},
  outsideWindow: 0,
  partly: {}
}

/** Undefined when there is nothing to count, now or later. Copies in reports are not counted. Yields now and then. */
export function* tallyOf(
  bucket: Pick<Bucket, 'rows' | 'outside'>,
  derived: readonly DerivedRow[],
  now: number
): Work<Tally | undefined> {
  const counter = new Counter(now)
  for (const row of derived) {
    counter.add(row, spanOf(bucket.rows.get(row.id)!))
    yield
  }
  for (const outsider of bucket.outside.values()) counter.addOutside(outsider)
  return counter.tally()
}

/** The sum of tallies. Yields now and then: there is one for each bucket. */
export function* coverageOf(tallies: Iterable<Coverage>): Work<Coverage> {
  const sum = emptySum()
  for (const tally of tallies) {
    for (const count of ['live', 'toIds', 'context', 'outsideWindow'] as const)
      sum[count] += tally[count]
    for (const counts of ['fallback', 'skipped', 'partly'] as const)
      for (const [reason, by] of Object.entries(tally[counts])) raise(sum[counts], reason, by)
    yield
  }
  return sum
}

const emptySum = () => ({ ...none, fallback: {}, skipped: {}, partly: {} })

function raise(counts: Record<string, number>, reason: string, by: number): void {
  counts[reason] = (counts[reason] ?? 0) + by
}

class Counter {
  readonly #now: number
  readonly #counts = emptySum()
  #changesAt = Number.POSITIVE_INFINITY

  constructor(now: number) {
    this.#now = now
  }

  tally(): Tally | undefined {
    if (this.#counts.live === 0) return undefined
    const isStill = this.#changesAt === Number.POSITIVE_INFINITY
    return { ...this.#counts, changesAt: isStill ? null : this.#changesAt }
  }

  /** @param span the time that Sekoia gives it; its pattern may give less */
  add(row: DerivedRow, span: Span): void {
    if (!this.#addLive(span)) return
    const { attributes, objects, fallback, until, startsAt = 0 } = row
    const isOver = until !== undefined && until <= this.#now
    if (isOver) raise(this.#counts.skipped, skippedByTime, 1)
    else if (attributes.length + objects.length === 0)
      raise(this.#counts.skipped, fallback ?? 'no-pattern', 1)
    else if (startsAt <= this.#now && hasToIds(row)) {
      this.#counts.toIds++
      if (fallback) raise(this.#counts.partly, fallback, 1)
    } else if (fallback) raise(this.#counts.fallback, fallback, 1)
    else this.#counts.context++
    for (const at of [until, startsAt]) if (at !== undefined && at > this.#now) this.#wake(at)
  }

  addOutside(span: Span): void {
    if (this.#addLive(span)) this.#counts.outsideWindow++
  }

  #addLive(span: Span): boolean {
    if (!isLive(span, this.#now)) return false
    this.#counts.live++
    this.#wake(nextChange(span, this.#now, 0))
    return true
  }

  #wake(at: number): void {
    this.#changesAt = Math.min(this.#changesAt, at)
  }
}

const hasToIds = ({ attributes, objects }: DerivedRow): boolean =>
  attributes.some(({ toIds }) => toIds) ||
  objects.some(({ values }) => values.some(({ toIds }) => toIds))
