import { GatewayError } from '../kernel/errors.ts'
import { type Clock, elapsedOf } from '../kernel/ports.ts'
import { Breaker, type BreakerState, type Verdict } from './breaker.ts'
import type { Call } from './call.ts'
import { toSeconds, UpstreamFailure } from './failures.ts'

export interface LaneOptions {
  readonly maxInFlight: number
  readonly backoffMs: number
  readonly longestBackoffMs: number
  /** The longest pause that a 429 can cause. */
  readonly maxPauseMs: number
  readonly breakerFailures: number
  readonly breakerResetMs: number
  readonly clock: Clock
  /** Shared by the lanes of a host: only what no key can be blamed for opens it. */
  readonly host: Breaker
  /** Called when a call has said something about a host that was left alone. */
  onHostTried(): void
}

/** Leave to make one call; given back with what it said about the key's calls and about the host. */
export interface Turn {
  /** True when this failure opened a breaker. */
  end(verdicts: { readonly key: Verdict; readonly host: Verdict }): boolean
}

interface Waiting {
  readonly call: Call
  resolve(turn: Turn): void
  reject(error: unknown): void
}

const maxWaiting = 1000

/** Own pauses after 429s without `Retry-After` grow to this with the time the limit has lasted. */
const longestOwnPauseMs = 30_000

/**
 * The lane of one scope: so many calls at a time, and none before the time Sekoia named with a 429, or while the
 * key or the host is left alone. Who waits goes in the order of importance, then of arrival. Work is held back,
 * never dropped, unless it could not be done within its patience.
 */
export class Lane {
  readonly #options: LaneOptions
  readonly #breaker: Breaker
  readonly #waiting: Waiting[] = []
  #running = 0
  #pausedUntil = 0
  /** When the 429s began that no other answer has interrupted. */
  #throttledSince: number | undefined
  #throttles = 0
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(options: LaneOptions) {
    this.#options = options
    this.#breaker = new Breaker({
      failures: options.breakerFailures,
      resetMs: options.breakerResetMs
    })
  }

  get state(): BreakerState {
    return this.#breaker.state(elapsedOf(this.#options.clock))
  }

  /** Milliseconds for which calls are held back at least; 0 when only others that are under way hold them back. */
  get heldBackMs(): number {
    const { clock, host } = this.#options
    const now = elapsedOf(clock)
    const isShut = now < this.#pausedUntil || this.#breaker.room(now) === 0 || host.room(now) === 0
    return isShut ? Math.max(1, this.#waitMs(now)) : 0
  }

  /**
   * Resolves when the call may be made. Throws the signal's reason when that comes first, and `unavailable` when
   * the pause Sekoia named ends after the call's patience, or that has ended before.
   */
  enter(call: Call): Promise<Turn> {
    if (this.#waiting.length >= maxWaiting)
      return Promise.reject(new GatewayError('unavailable', { retryAfterSeconds: 1 }))
    if (this.heldBackMs > 0 && call.patientUntil <= elapsedOf(this.#options.clock))
      return Promise.reject(this.impatience())
    const { promise, resolve, reject } = Promise.withResolvers<Turn>()
    const { signal } = call.waiting
    const leave = () => {
      const at = this.#waiting.indexOf(entry)
      if (at >= 0) this.#waiting.splice(at, 1)
      reject(signal.reason)
    }
    const entry: Waiting = { call, resolve, reject }
    if (signal.aborted) leave()
    else {
      signal.addEventListener('abort', leave, { once: true })
      const before = this.#waiting.findIndex(({ call: other }) => other.rank < call.rank)
      this.#waiting.splice(before < 0 ? this.#waiting.length : before, 0, entry)
      this.pump()
    }
    return promise.finally(() => signal.removeEventListener('abort', leave))
  }

  /** What to tell who does not wait any longer. */
  impatience(): GatewayError {
    const { clock } = this.#options
    const waitMs = Math.max(this.heldBackMs, 1)
    if (elapsedOf(clock) < this.#pausedUntil) return paused(waitMs)
    return new GatewayError('unavailable', {
      retryAfterSeconds: toSeconds(waitMs),
      cause: new UpstreamFailure('Sekoia is left alone for a while', { trouble: 'final' })
    })
  }

  /** Lets in whom there is room for. To be called when the host's breaker has changed. */
  pump(): void {
    const { clock, host } = this.#options
    const waitMs = this.#pausedUntil - elapsedOf(clock)
    if (waitMs > 0) this.#refuseImpatient(waitMs)
    while (this.#waiting.length > 0 && this.#running < this.#room()) {
      const { resolve } = this.#waiting.shift()!
      this.#running++
      const isTrial = { key: this.#breaker.begin(), host: host.begin() }
      resolve({ end: verdicts => this.#end(verdicts, isTrial) })
    }
    if (this.#waiting.length > 0) this.#wakeUp()
  }

  /** True until a 429, and again once Sekoia has given another answer. */
  get isFirstThrottle(): boolean {
    return this.#throttles === 0
  }

  /** After a 429: the pause Sekoia asks for, at least our own growing one. Undefined: it names none. */
  throttle(retryAfterMs = 0): void {
    const { clock, backoffMs, longestBackoffMs, maxPauseMs } = this.#options
    const now = elapsedOf(clock)
    this.#throttledSince ??= now
    const doubled = Math.min(longestBackoffMs, backoffMs * 2 ** this.#throttles++)
    const grown = (now - this.#throttledSince) / 8
    const own = Math.min(longestOwnPauseMs, Math.max(doubled, grown)) * (0.5 + Math.random() / 2)
    const pause = Math.ceil(Math.min(maxPauseMs, Math.max(retryAfterMs, own)))
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pause)
  }

  #end(
    { key, host }: { key: Verdict; host: Verdict },
    isTrial: { key: boolean; host: boolean }
  ): boolean {
    const { clock, host: breaker, onHostTried } = this.#options
    const now = elapsedOf(clock)
    this.#running--
    if (key === 'good') {
      this.#throttledSince = undefined
      this.#throttles = 0
    }
    const opened = [this.#breaker.end(key, now, isTrial.key), breaker.end(host, now, isTrial.host)]
    if (isTrial.host) onHostTried()
    else this.pump()
    return opened.includes(true)
  }

  #room(): number {
    const { clock, host, maxInFlight } = this.#options
    const now = elapsedOf(clock)
    if (now < this.#pausedUntil) return 0
    return Math.min(maxInFlight, this.#breaker.room(now), host.room(now))
  }

  #refuseImpatient(waitMs: number): void {
    const isPatient = ({ call }: Waiting) => this.#pausedUntil <= call.patientUntil
    for (const { reject } of this.#waiting.filter(entry => !isPatient(entry)))
      reject(paused(waitMs))
    const patient = this.#waiting.filter(isPatient)
    this.#waiting.splice(0, this.#waiting.length, ...patient)
  }

  /** Until the last of what holds calls back may end by itself. */
  #waitMs(now: number): number {
    const { host } = this.#options
    const trialMs = Math.max(this.#breaker.waitMs(now) ?? 0, host.waitMs(now) ?? 0)
    return Math.max(0, this.#pausedUntil - now, trialMs)
  }

  #wakeUp(): void {
    const { clock } = this.#options
    const now = elapsedOf(clock)
    const at = now + this.#waitMs(now)
    if (at <= now || at >= this.#wakeAt) return
    this.#wakeAt = at
    clock.sleep(at - now).then(() => {
      if (this.#wakeAt === at) this.#wakeAt = Number.POSITIVE_INFINITY
      this.pump()
    })
  }
}

const paused = (waitMs: number): GatewayError =>
  new GatewayError('unavailable', {
    retryAfterSeconds: toSeconds(waitMs),
    cause: new UpstreamFailure('Sekoia limits the rate of this key', {
      trouble: 'throttled',
      status: 429
    })
  })
