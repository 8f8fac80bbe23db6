import {
  BrokenCircuitError,
  BulkheadRejectedError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  halfJitterGenerator,
  handleWhen,
  retry
} from 'cockatiel'
import { LRUCache } from 'lru-cache'
import type { ScopeId } from '../kernel/caller.ts'
import { asGatewayError, GatewayError } from '../kernel/errors.ts'
import type { Clock, Meter } from '../kernel/ports.ts'
import { isTrouble, toSeconds, UpstreamFailure } from './failures.ts'
import { type Call, Lane } from './pace.ts'
import type { Answer } from './transport.ts'

/**
 * How a call to Sekoia is carried through: it waits its turn in its scope's lane, is tried again
 * where that helps, never longer than its deadline, and not at all while the host is known to be down.
 */
export interface ResilienceOptions {
  /** For a whole call: queue, pauses, attempts and waits between them. */
  readonly totalTimeoutMs: number
  /** Attempts of one request, the first included. */
  readonly maxAttempts: number
  /** First wait between attempts; it doubles, with jitter. */
  readonly backoffMs: number
  readonly maxInFlightPerKey: number
  /** Failures in a row after which the host is left alone. */
  readonly breakerFailures: number
  /** How long it is left alone. */
  readonly breakerResetMs: number
  readonly clock: Clock
  readonly meter: Meter
  readonly logger?: SekoiaLogger
}

/** The one method of a pino logger that is needed here. */
export interface SekoiaLogger {
  warn(fields: object, message: string): void
}

export interface Task<T> {
  readonly scope: ScopeId
  /** Ends the waiting of this call. */
  readonly signal: AbortSignal | undefined
  /** One request. */
  attempt(signal: AbortSignal): Promise<Answer>
  /** SyncLease a 200 into a value; throws `bad-answer` when it cannot. */
  accept(answer: Answer): T
}

export type BreakerState = 'closed' | 'open' | 'half-open'

export interface Resilience {
  /** Throws GatewayError and nothing else. */
  run<T>(task: Task<T>): Promise<T>
  breaker(): BreakerState
}

const maxLanes = 10_000

export function createResilience(options: ResilienceOptions): Resilience {
  const lanes = new LRUCache<ScopeId, Lane>({ max: maxLanes })
  const breaker = createBreaker(options)
  const { transient, unusable } = createRetries(options)

  function laneOf(scope: ScopeId): Lane {
    const { maxInFlightPerKey: maxInFlight, backoffMs, clock } = options
    const lane = lanes.get(scope) ?? new Lane({ maxInFlight, backoffMs, clock })
    lanes.set(scope, lane)
    return lane
  }

  async function pacedAnswer(lane: Lane, call: Call, task: Task<unknown>): Promise<Answer> {
    for (;;) {
      await lane.ready(call)
      const answer = await breaker.execute(() => task.attempt(call.signal))
      if (answer.status !== 429) {
        lane.recover()
        return answer
      }
      options.meter.count('upstream_throttled')
      lane.throttle(answer.retryAfterMs)
    }
  }

  async function run<T>(task: Task<T>): Promise<T> {
    const call = openCall(options, task.signal)
    const lane = laneOf(task.scope)
    const once = async () => {
      try {
        return task.accept(await pacedAnswer(lane, call, task))
      } catch (error) {
        call.lastFailure = error
        throw error
      }
    }
    const value = () => {
      const work = unusable.execute(() => transient.execute(once, call.signal), call.signal)
      return untilAborted(work, call.signal)
    }
    try {
      return await untilAborted(lane.bulkhead.execute(value), call.signal)
    } catch (error) {
      throw toCallError(call.signal.aborted ? call.signal.reason : error, options)
    } finally {
      call.close()
    }
  }

  return { run, breaker: () => breakerStates[breaker.state] }
}

const breakerStates = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open'
} as const

function createBreaker({ breakerFailures, breakerResetMs, meter, logger }: ResilienceOptions) {
  const breaker = circuitBreaker(
    handleWhen(error => isTrouble(error, 'transient', 'slow')),
    { breaker: new ConsecutiveBreaker(breakerFailures), halfOpenAfter: breakerResetMs }
  )
  breaker.onBreak(reason => {
    meter.count('upstream_breaker_opened')
    logger?.warn({ err: 'error' in reason ? reason.error : undefined }, 'Sekoia is left alone')
  })
  return breaker
}

/** Their timers may outlast a call that was given up, and hold no process. */
function createRetries({ maxAttempts, backoffMs, meter }: ResilienceOptions) {
  const initialDelay = backoffMs
  const backoff = new ExponentialBackoff({ initialDelay, generator: halfJitterGenerator })
  const transient = retry(
    handleWhen(error => isTrouble(error, 'transient')),
    { maxAttempts: maxAttempts - 1, backoff }
  ).dangerouslyUnref()
  const unusable = retry(
    handleWhen(error => isTrouble(error, 'unusable')),
    { maxAttempts: 1, backoff }
  ).dangerouslyUnref()
  transient.onRetry(() => meter.count('upstream_retries', { reason: 'transient' }))
  unusable.onRetry(() => meter.count('upstream_retries', { reason: 'unusable' }))
  return { transient, unusable }
}

interface OpenCall extends Call {
  /** Told in place of the deadline, since it is the better reason. */
  lastFailure: unknown
  close(): void
}

function openCall({ clock, totalTimeoutMs }: ResilienceOptions, outer?: AbortSignal): OpenCall {
  const controller = new AbortController()
  const leave = () => controller.abort(ended('final', 'the caller left', outer?.reason))
  const timer = setTimeout(
    () => controller.abort(call.lastFailure ?? ended('slow', 'the deadline of the call passed')),
    totalTimeoutMs
  )
  const call: OpenCall = {
    signal: controller.signal,
    deadlineAt: clock.now() + totalTimeoutMs,
    lastFailure: undefined,
    close() {
      clearTimeout(timer)
      outer?.removeEventListener('abort', leave)
    }
  }
  if (outer?.aborted) leave()
  else outer?.addEventListener('abort', leave, { once: true })
  return call
}

const ended = (trouble: 'final' | 'slow', what: string, cause?: unknown): GatewayError =>
  new GatewayError('timeout', { cause: new UpstreamFailure(what, { trouble, cause }) })

/** The work's outcome, or the signal's reason should that come first; the work itself is not waited for. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function toCallError(error: unknown, { breakerResetMs }: ResilienceOptions): GatewayError {
  if (error instanceof BrokenCircuitError) {
    const retryAfterSeconds = toSeconds(breakerResetMs)
    return new GatewayError('unavailable', { retryAfterSeconds, cause: error })
  }
  if (error instanceof BulkheadRejectedError) {
    return new GatewayError('unavailable', { retryAfterSeconds: 1, cause: error })
  }
  return asGatewayError(error)
}
