/**
 * Leaves a server alone that fails call after call: then one call at a time may try it, each after a pause that
 * grows with the time the trouble has lasted. Calls that wait for that trial are not refused: see lane.ts.
 */
export interface BreakerSettings {
  /** Failures in a row after which it opens. */
  readonly failures: number
  /** The longest pause before a trial. */
  readonly resetMs: number
}

export type BreakerState = 'closed' | 'open' | 'half-open'

/** What a call says about the server: nothing when its caller left. */
export type Verdict = 'good' | 'bad' | 'none'

export class Breaker {
  readonly #settings: BreakerSettings
  #inARow = 0
  /** When the first of the failures in a row was noted. */
  #since = 0
  #trialAt = 0
  #isTrying = false

  constructor(settings: BreakerSettings) {
    this.#settings = settings
  }

  get #isClosed(): boolean {
    return this.#inARow < this.#settings.failures
  }

  state(now: number): BreakerState {
    if (this.#isClosed) return 'closed'
    return this.#isTrying || now >= this.#trialAt ? 'half-open' : 'open'
  }

  /** How many calls may start now. */
  room(now: number): number {
    if (this.#isClosed) return Number.POSITIVE_INFINITY
    return this.#isTrying || now < this.#trialAt ? 0 : 1
  }

  /** Milliseconds until {@link room} may grow by itself; undefined when it grows with the end of a call. */
  waitMs(now: number): number | undefined {
    return this.#isClosed || this.#isTrying ? undefined : Math.max(0, this.#trialAt - now)
  }

  /** True when the call that begins is the trial. */
  begin(): boolean {
    if (this.#isClosed) return false
    this.#isTrying = true
    return true
  }

  /** True when this failure opened it. */
  end(verdict: Verdict, now: number, isTrial: boolean): boolean {
    if (isTrial) this.#isTrying = false
    if (verdict === 'good') this.#inARow = 0
    if (verdict !== 'bad') return false
    if (this.#inARow === 0) this.#since = now
    this.#inARow++
    this.#trialAt = now + pauseMs(now - this.#since, this.#settings.resetMs)
    return this.#inARow === this.#settings.failures
  }
}

/** A tenth of the longest pause at first, then an eighth of the time the trouble has lasted. */
export const pauseMs = (troubleMs: number, longestMs: number): number =>
  Math.ceil(Math.min(longestMs, Math.max(longestMs / 10, troubleMs / 8)))
