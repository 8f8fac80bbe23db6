import type { Caller } from '../../kernel/caller.ts'
import type { Repeat } from '../../kernel/records.ts'
import type { Chain } from '../journal/chain.ts'
import type { Segment } from '../journal/segment.ts'
import type { SegmentHead } from '../journal/segment-head.ts'
import type { FeedLog } from '../sync/feed-log.ts'
import { chunksOf, type Run } from './matching.ts'

export interface HeldReadingDeps {
  readonly caller: Caller
  /** True while the caller has access to the log, and the log is the one in use. */
  isOpen(): boolean
  readonly runs: readonly Run[]
  /** Where the reading stopped. */
  readonly chain: Chain
  readonly index: number
  /** True when it reached the end of the log. */
  readonly isEnd: boolean
}

interface HeldRun {
  readonly head: SegmentHead
  /** Weak, so that the bound of the segment cache stays the bound of memory (G9). */
  readonly segment: WeakRef<Segment>
  readonly start: number
  readonly end: number
}

/**
 * A reading that went through memory alone, to be given again. It would go the same way as long as the journal has
 * not changed, its segments are in memory as they were and, at the end of the log, the end may still be answered.
 */
export class HeldReading implements Repeat {
  readonly #log: FeedLog
  readonly #parts: Omit<HeldReadingDeps, 'runs'>
  readonly #runs: readonly HeldRun[]
  readonly #revision: number
  readonly #madeAt: number

  constructor(log: FeedLog, { runs, ...parts }: HeldReadingDeps) {
    this.#log = log
    this.#parts = parts
    this.#runs = runs.map(({ segment, start, end }) => ({
      head: log.journal.head(segment.no)!,
      segment: new WeakRef(segment),
      start,
      end
    }))
    this.#revision = log.journal.revision
    this.#madeAt = log.parts.clock.now()
  }

  holds(): boolean {
    const { journal, parts } = this.#log
    if (journal.revision !== this.#revision || parts.clock.now() < this.#madeAt) return false
    if (!this.#parts.isOpen() || !this.#runs.every(run => this.#isHeld(run))) return false
    return !this.#parts.isEnd || this.#log.declareEndAgain()
  }

  chunks(): readonly Buffer[] {
    const { caller, chain, index, isEnd } = this.#parts
    if (!isEnd) this.#log.readAhead(chain, index, caller)
    return chunksOf(
      this.#runs.map(({ segment, start, end }) => ({ segment: segment.deref()!, start, end }))
    )
  }

  #isHeld({ head, segment }: HeldRun): boolean {
    const held = this.#log.held(head)
    return held !== undefined && held === segment.deref()
  }
}
