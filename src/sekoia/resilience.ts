import { LRUCache } from 'lru-cache'
import type { ScopeId } from '../kernel/caller.ts'
import { asGatewayError } from '../kernel/errors.ts'
import { type Clock, elapsedOf, type Meter } from '../kernel/ports.ts'
import { Breaker, type BreakerState, type Verdict } from './breaker.ts'
import { type Call, openCall, untilAborted } from './call.ts'
import { failureOf, isTrouble } from './failures.ts'
import { Lane, type Turn } from './lane.ts'
import { withSecondTry } from './second-try.ts'
import type { UpstreamAnswer } from './transport.ts'

/**
 * How a call to Sekoia is carried through: it waits its turn in its scope's lane, and is tried again
 * where that helps, for as long as its caller can wait. What fails again and again is left alone for a while: a
 * key by itself, the host when no connection can be opened. That spares Sekoia calls, and refuses nobody sooner.
 */
export interface ResilienceOptions {
  /** For a whole call: queue, pauses, attempts and waits between them. */
  readonly totalTimeoutMs: number
  /** How long a call waits for trouble to pass, whatever the number of attempts. */
  readonly patienceMs: number
  /** Attempts of one request, the first included, that are made however short its patience. */
  readonly maxAttempts: number
  /** First wait between attempts; it doubles up to a tenth of the patience, with jitter. */
  readonly backoffMs: number
  /** Silence after which a question is put once more, beside the first. */
  readonly secondTryMs: number
  /** The longest pause that `Retry-After` can cause. */
  readonly maxPauseMs: number
  readonly maxInFlightPerKey: number
  /** Failures in a row after which a key, or the host, is left alone. */
  readonly breakerFailures: number
  /** The longest time it is left alone. */
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
  /** The higher, the sooner it has its turn among those of its scope. */
  readonly rank: number
  /** Ends the waiting of this call. */
  readonly signal: AbortSignal | undefined
  /** True for what must not reach Sekoia twice: nothing is tried again, or beside. */
  readonly isSentOnce: boolean
  /** True for what nobody waits for: it neither waits for trouble to pass nor counts as a failure of the key. */
  readonly givesUp: boolean
  /** One request; calls `onProgress` with each piece of the answer. */
  attempt(signal: AbortSignal, onProgress: () => void): Promise<UpstreamAnswer>
  /** Turns a 200 into a value; throws GatewayError when it cannot. */
  accept(answer: UpstreamAnswer): T | Promise<T>
}

export interface Resilience {
  /** Throws GatewayError and nothing else. */
  run<T>(task: Task<T>): Promise<T>
  /** Of the host. */
  breaker(): BreakerState
  /** Keys that are left alone by themselves. */
  keysLeftAlone(): number
}

const maxLanes = 10_000

export function createResilience(options: ResilienceOptions): Resilience {
  const { clock, meter, logger, maxPauseMs } = options
  const { breakerFailures, breakerResetMs } = options
  const longestBackoffMs = Math.max(options.backoffMs, options.patienceMs / 10)
  const lanes = new LRUCache<ScopeId, Lane>({ max: maxLanes })
  const host = new Breaker({ failures: breakerFailures, resetMs: breakerResetMs })

  function laneOf(scope: ScopeId): Lane {
    const known = lanes.get(scope)
    if (known) return known
    const { maxInFlightPerKey: maxInFlight, backoffMs } = options
    const onHostTried = () => {
      for (const each of lanes.values()) each.pump()
    }
    const settings = {
      maxInFlight,
      backoffMs,
      longestBackoffMs,
      maxPauseMs,
      breakerFailures,
      breakerResetMs
    }
    const lane = new Lane({ ...settings, clock, host, onHostTried })
    lanes.set(scope, lane)
    return lane
  }

  function endTurn(turn: Turn, verdicts: Verdicts, error: unknown): void {
    if (!turn.end(verdicts)) return
    meter.count('upstream_breaker_opened')
    logger?.warn({ err: error }, 'Sekoia is left alone')
  }

  async function oneAnswer(lane: Lane, call: Call, task: Task<unknown>): Promise<UpstreamAnswer> {
    const turn = await lane.enter(call)
    call.isAsking = true
    try {
      const answer = await (task.isSentOnce
        ? task.attempt(call.signal, () => {})
        : withSecondTry((signal, tell) => task.attempt(signal, tell), {
            afterMs: options.secondTryMs,
            signal: call.signal,
            onSecondTry: () => meter.count('upstream_retries', { reason: 'silence' })
          }))
      if (answer.status === 429) throttle(lane, answer)
      endTurn(turn, { host: 'good', key: answer.status === 429 ? 'none' : 'good' }, undefined)
      return answer
    } catch (error) {
      const isSilent = call.signal.aborted || task.givesUp
      endTurn(turn, isSilent ? noVerdicts : verdictsOf(error), error)
      throw error
    } finally {
      call.isAsking = false
    }
  }

  function throttle(lane: Lane, { retryAfterMs = 0 }: UpstreamAnswer): void {
    meter.count('upstream_throttled')
    if (retryAfterMs > maxPauseMs && lane.isFirstThrottle)
      logger?.warn(
        { asked: Math.round(retryAfterMs / 1000), kept: Math.round(maxPauseMs / 1000) },
        'Sekoia asks for a pause that is longer than upstream.retryAfterMax: the key is tried sooner'
      )
    lane.throttle(retryAfterMs)
  }

  async function acceptedAnswer<T>(lane: Lane, call: Call, task: Task<T>): Promise<T> {
    for (;;) {
      const answer = await oneAnswer(lane, call, task)
      if (answer.status !== 429) return await task.accept(answer)
      if (task.givesUp) throw lane.impatience()
    }
  }

  async function patiently<T>(lane: Lane, call: Call, task: Task<T>): Promise<T> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await acceptedAnswer(lane, call, task)
      } catch (error) {
        call.lastFailure = error
        call.hasAttemptsLeft = attempts < options.maxAttempts
        const reason = reasonToTryAgain(error, attempts, elapsedOf(clock) < call.patientUntil)
        if (reason === undefined || task.isSentOnce || task.givesUp) throw error
        meter.count('upstream_retries', { reason })
        await backOff(attempts, call)
      }
    }
  }

  function reasonToTryAgain(error: unknown, attempts: number, isPatient: boolean) {
    if (isTrouble(error, 'unusable')) return attempts === 1 ? 'unusable' : undefined
    if (isTrouble(error, 'slow')) return isPatient ? 'slow' : undefined
    if (!isTrouble(error, 'transient', 'unreachable', 'astray')) return undefined
    const mayPass = !isTrouble(error, 'astray') || failureOf(error)?.status === 200
    return mayPass && (isPatient || attempts < options.maxAttempts) ? 'transient' : undefined
  }

  async function backOff(attempts: number, { waiting }: Call): Promise<void> {
    const longest = Math.min(longestBackoffMs, options.backoffMs * 2 ** (attempts - 1))
    const pause = Math.ceil(longest * (0.5 + Math.random() / 2))
    await untilAborted(clock.sleep(pause), waiting.signal)
  }

  async function run<T>(task: Task<T>): Promise<T> {
    const lane = laneOf(task.scope)
    if (task.givesUp && lane.heldBackMs > 0) throw lane.impatience()
    const { rank, signal } = task
    const call = openCall(options, {
      rank,
      signal,
      isHeldBack: () => lane.heldBackMs > 0,
      impatience: () => lane.impatience()
    })
    try {
      return await untilAborted(patiently(lane, call, task), call.signal)
    } catch (error) {
      throw asGatewayError(call.signal.aborted ? call.signal.reason : error)
    } finally {
      call.close()
    }
  }

  return {
    run,
    breaker: () => host.state(elapsedOf(clock)),
    keysLeftAlone: () => [...lanes.values()].filter(lane => lane.state !== 'closed').length
  }
}

interface Verdicts {
  readonly key: Verdict
  readonly host: Verdict
}

const noVerdicts: Verdicts = { key: 'none', host: 'none' }

/** Only that no connection can be opened is no key's doing. */
function verdictsOf(error: unknown): Verdicts {
  if (isTrouble(error, 'unreachable')) return { host: 'bad', key: 'none' }
  if (isTrouble(error, 'transient', 'slow', 'astray')) {
    const hasAnswered = failureOf(error)?.status !== undefined
    return { host: hasAnswered ? 'good' : 'none', key: 'bad' }
  }
  return failureOf(error)?.status === undefined ? noVerdicts : { host: 'good', key: 'good' }
}
