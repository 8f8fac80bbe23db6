import type { Caller } from '../../kernel/caller.ts'
import { asGatewayError, type GatewayError, isRefusal } from '../../kernel/errors.ts'
import type { Clock } from '../../kernel/ports.ts'
import type { Builder } from './builder.ts'

export interface ScheduleSettings {
  /** Between rounds, ms. */
  readonly publishMs: number
  /** How long a feed is kept up to date after it was last asked for, ms. */
  readonly idleMs: number
}

/** When a round is tried again that failed, or for which another gateway held the lease. */
const retryMs = 15_000

interface ScheduledFeedDeps {
  readonly feedId: string
  readonly builder: Builder
  readonly clock: Clock
  readonly settings: ScheduleSettings
  readonly caller: Caller
  readonly inTurn: (work: () => Promise<void>) => Promise<void>
  readonly onFailure: (error: GatewayError) => void
  readonly onRetired: () => void
}

/** A feed that is kept up to date. */
export class ScheduledFeed {
  readonly #parts: ScheduledFeedDeps
  #caller: Caller
  #wantedAt: number
  #timer: NodeJS.Timeout | undefined
  #isRetired = false
  /** Settled by the next publication or failure. */
  #next = Promise.withResolvers<void>()
  readonly feedId: string
  /** When the last round that succeeded here ended, ms since the epoch: until then all of the feed is in its events. */
  currentAt: number | undefined
  /** Why the last round failed; undefined when it did not. */
  failure: GatewayError | undefined
  /** True if the last round did nothing because another gateway held the lease. */
  #isOvertaken = false

  constructor(parts: ScheduledFeedDeps) {
    this.#parts = parts
    this.feedId = parts.feedId
    this.#caller = parts.caller
    this.#wantedAt = parts.clock.now()
    this.#next.promise.catch(() => {})
  }

  want(caller: Caller): void {
    this.#caller = caller
    this.#wantedAt = this.#parts.clock.now()
  }

  start(): void {
    this.#parts
      .inTurn(() => this.#round())
      .catch(() => {})
      .finally(() => this.#schedule())
  }

  published(): void {
    this.#settle(undefined)
  }

  /**
   * Resolves at the next publication, after `ms` milliseconds, or when `signal` aborts. Throws the GatewayError of a
   * round that failed.
   */
  async nextPublication(ms: number, signal: AbortSignal): Promise<void> {
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, ms)
    const stop = () => late.resolve()
    signal.addEventListener('abort', stop)
    try {
      await Promise.race([this.#next.promise, late.promise])
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }

  /** Ends the feed: those who wait get this failure. */
  end(failure: GatewayError): void {
    this.failure = failure
    this.#settle(failure)
    this.retire()
  }

  retire(): void {
    this.#isRetired = true
    clearTimeout(this.#timer)
    this.#parts.onRetired()
  }

  async #round(): Promise<void> {
    if (this.#isRetired) return
    try {
      this.#isOvertaken = !(await this.#parts.builder.round(this.#caller))
      if (!this.#isOvertaken) this.currentAt = this.#parts.clock.now()
      this.failure = undefined
    } catch (error) {
      const failure = asGatewayError(error)
      this.failure = failure
      this.#settle(failure)
      this.#parts.onFailure(failure)
    }
  }

  #settle(failure: GatewayError | undefined): void {
    if (failure) this.#next.reject(failure)
    else this.#next.resolve()
    this.#next = Promise.withResolvers()
    this.#next.promise.catch(() => {})
  }

  /** Schedules the next round. A feed that nobody asks for, or that Sekoia refuses to the key, is dropped. */
  #schedule(): void {
    const { clock, settings } = this.#parts
    if (this.#isRetired) return
    const isIdle = clock.now() - this.#wantedAt >= settings.idleMs
    if (isIdle || (this.failure && isRefusal(this.failure))) {
      this.retire()
      return
    }
    const pause =
      this.failure || this.#isOvertaken ? Math.min(retryMs, settings.publishMs) : settings.publishMs
    this.#timer = setTimeout(() => this.start(), pause).unref()
  }
}
