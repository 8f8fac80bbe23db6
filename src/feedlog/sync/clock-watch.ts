import { elapsedOf } from '../../kernel/ports.ts'
import { aheadBy } from '../journal/date-anew.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'

/** What a clock that was wrong has dated: records later than `since`, by so many ms. */
export interface Misdating {
  readonly since: number
  /** Of history, which has its own times for dates, what is later than this was withheld when the end was told. */
  readonly withheldSince: number
  /** Positive: the clock was ahead. */
  readonly skewMs: number
}

/** Smaller corrections of the clock are left alone. */
const noticedMs = 5000

/**
 * Notices that now() was put right, and what of a journal the wrong clock had dated: what lies in the future, whoever
 * wrote it; and, where the clock was behind, what came in since it was last known to be right.
 */
export class ClockWatch {
  readonly #journal: Journal
  readonly #parts: FeedLogDeps
  /** The latest date of the log when the clock was known to be right, and when it was last looked at. */
  #soundUpTo: number
  #seen: { readonly at: number; readonly date: number }
  #offset: number
  #noticedAt: number | undefined
  #behindBy = 0
  /** The earliest instant at which the end was told although later dates were there. */
  #withheldSince = Number.POSITIVE_INFINITY

  constructor(journal: Journal, parts: FeedLogDeps) {
    this.#journal = journal
    this.#parts = parts
    this.#soundUpTo = journal.lastDate
    this.#seen = { at: elapsedOf(parts.clock), date: journal.lastDate }
    this.#offset = this.#clockOffset()
  }

  /** Undefined when all is well, and while now() is not proven. */
  misdating(): Misdating | undefined {
    this.#look()
    const { clock, settings } = this.#parts
    const now = clock.now()
    const ahead = aheadBy(this.#journal, now, settings.tipSeconds * 1000)
    if (ahead > 0 && this.#isProvenSinceNoticed()) return { ...this.#withheld(now), skewMs: ahead }
    if (ahead === 0) this.#noticedAt = undefined
    if (this.#behindBy === 0 || this.#journal.lastDate <= this.#soundUpTo) return undefined
    return { ...this.#withheld(now), skewMs: -this.#behindBy }
  }

  /** A journal whose clock was ahead may have been read by one that was behind. */
  #withheld(now: number): Omit<Misdating, 'skewMs'> {
    if (this.#behindBy === 0) return { since: now, withheldSince: now }
    return {
      since: Math.min(this.#soundUpTo, now),
      withheldSince: Math.min(this.#withheldSince, now)
    }
  }

  /** True while what the journal says lies in the future of a clock that nothing has proven since that was noticed. */
  get isInDoubt(): boolean {
    return this.#noticedAt !== undefined && !this.#isProvenSinceNoticed()
  }

  /** The end is told to a client, who does not see what is dated later than now: should the clock be behind, it is owed. */
  endTold(now: number): void {
    this.#soundUpTo = Math.min(this.#soundUpTo, now)
    if (this.#journal.lastDate > now) this.#withheldSince = Math.min(this.#withheldSince, now)
  }

  /** A clock that is itself behind takes for the future what is not: what says so has to be newer than the doubt. */
  #isProvenSinceNoticed(): boolean {
    const { clock } = this.#parts
    this.#noticedAt ??= elapsedOf(clock)
    return clock.provenAt === undefined || clock.provenAt() >= this.#noticedAt
  }

  #look(): void {
    const { clock } = this.#parts
    const offset = this.#clockOffset()
    if (offset > this.#offset + noticedMs) this.#behindBy += offset - this.#offset
    if (Math.abs(offset - this.#offset) > noticedMs) this.#offset = offset
    else if (
      this.#behindBy === 0 &&
      (clock.provenAt?.() ?? Number.NEGATIVE_INFINITY) >= this.#seen.at
    ) {
      this.#soundUpTo = this.#seen.date
      this.#withheldSince = Number.POSITIVE_INFINITY
      this.#seen = { at: elapsedOf(clock), date: this.#journal.lastDate }
    }
  }

  #clockOffset(): number {
    const { clock } = this.#parts
    return clock.now() - elapsedOf(clock)
  }
}
