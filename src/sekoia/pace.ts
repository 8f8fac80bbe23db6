import { type BulkheadPolicy, bulkhead, ExponentialBackoff, halfJitterGenerator } from 'cockatiel'
import { GatewayError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/ports.ts'
import { toSeconds, UpstreamFailure } from './failures.ts'

/** One call on its way: its deadline, and the signal that ends all its waiting. */
export interface Call {
  readonly signal: AbortSignal
  /** Ms since the epoch. */
  readonly deadlineAt: number
}

const maxQueued = 1000

/**
 * The lane of one scope: so many calls at a time, first come first served, and none before the time Sekoia
 * named with a 429. Work is held back, never dropped, unless it could not be done within its deadline.
 */
export class Lane {
  readonly bulkhead: BulkheadPolicy
  readonly #clock: Clock
  readonly #backoffs: ExponentialBackoff<number>
  #backoff: ReturnType<ExponentialBackoff<number>['next']> | undefined
  #pausedUntil = 0

  constructor(options: { maxInFlight: number; backoffMs: number; clock: Clock }) {
    this.bulkhead = bulkhead(options.maxInFlight, maxQueued)
    this.#clock = options.clock
    const initialDelay = options.backoffMs
    this.#backoffs = new ExponentialBackoff({ initialDelay, generator: halfJitterGenerator })
  }

  /** Resolves when the scope may call; who stops waiting leaves by the signal. Throws `unavailable` when that is after the call's deadline. */
  async ready({ signal, deadlineAt }: Call): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const waitMs = this.#pausedUntil - this.#clock.now()
      if (waitMs <= 0) return
      if (this.#pausedUntil > deadlineAt) throw paused(waitMs)
      await this.#clock.sleep(waitMs)
    }
  }

  /** After a 429: the pause Sekoia asks for, at least our own growing one. */
  throttle(retryAfterMs = 0): void {
    this.#backoff = this.#backoff ? this.#backoff.next(undefined) : this.#backoffs.next()
    const pauseMs = Math.max(retryAfterMs, this.#backoff.duration)
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + pauseMs)
  }

  /** After any other answer. */
  recover(): void {
    this.#backoff = undefined
  }
}

const paused = (waitMs: number): GatewayError =>
  new GatewayError('unavailable', {
    retryAfterSeconds: toSeconds(waitMs),
    cause: new UpstreamFailure('Sekoia limits the rate of this key', {
      trouble: 'final',
      status: 429
    })
  })
