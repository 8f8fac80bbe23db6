import { isRefusal } from '../kernel/errors.ts'
import { type Clock, elapsedOf } from '../kernel/ports.ts'
import { failureOf, type Trouble } from './failures.ts'
import type { SekoiaLogger } from './resilience.ts'

/** What keeps Sekoia from being used at all; what concerns one key among others that work is not it. */
export type UpstreamTrouble =
  | 'unreachable'
  | 'failing'
  | 'slow'
  | 'throttled'
  | 'unusable'
  | 'refusing'
  | 'misconfigured'

export interface Condition {
  /** In a few public words; undefined when all is well. */
  readonly trouble: string | undefined
  readonly troubleKind: UpstreamTrouble | undefined
  /** When Sekoia last gave an answer of use, or its word on a key, ms since the epoch. */
  readonly succeededAt: number | undefined
  /** How long ago that was, whatever became of the clock. */
  readonly successAgeMs: number | undefined
}

export interface TroubleWatch {
  succeeded(): void
  failed(error: unknown): void
  throttled(retryAfterMs: number | undefined): void
  condition(): Condition
}

export interface TroubleWatchOptions {
  /** Failures in a row, over all keys, that are trouble. */
  readonly breakerFailures: number
  readonly clock: Clock
  readonly logger?: SekoiaLogger
}

const words: Readonly<Record<UpstreamTrouble, string>> = {
  unreachable: 'Sekoia cannot be reached',
  failing: 'Sekoia fails call after call',
  slow: 'Sekoia does not answer in time',
  throttled: 'Sekoia limits the rate of calls',
  unusable: "Sekoia's answers cannot be used",
  refusing: 'Sekoia refuses call after call',
  misconfigured: "what answers is not Sekoia's API: see sekoia.url, and the log"
}

const kinds: Readonly<Record<Trouble, UpstreamTrouble>> = {
  unreachable: 'unreachable',
  transient: 'failing',
  slow: 'slow',
  throttled: 'throttled',
  unusable: 'unusable',
  oversized: 'unusable',
  astray: 'misconfigured',
  final: 'refusing'
}

/** A pause this long is trouble by itself. */
const longPauseMs = 60_000

/** Remembers whether calls succeed at all. The log is told once when an answer is none of Sekoia's API. */
export function createTroubleWatch(options: TroubleWatchOptions): TroubleWatch {
  const { clock, logger, breakerFailures } = options
  let succeededAt: number | undefined
  let succeededElapsed = 0
  let inARow = 0
  let kind: UpstreamTrouble | undefined
  let isTold = false

  function succeeded(): void {
    succeededAt = clock.now()
    succeededElapsed = elapsedOf(clock)
    inARow = 0
    isTold = false
  }

  function add(what: UpstreamTrouble, weight = 1): void {
    kind = what
    inARow += weight
  }

  function failed(error: unknown): void {
    const failure = failureOf(error)
    if (!failure) return
    if (isRefusal(error)) {
      succeeded()
      return
    }
    add(kinds[failure.trouble], failure.trouble === 'astray' ? breakerFailures : 1)
    if (failure.trouble !== 'astray' || isTold) return
    isTold = true
    logger?.warn({ err: error }, `not an answer of Sekoia's API: ${failure.message}`)
  }

  return {
    succeeded,
    failed,
    throttled: (retryAfterMs = 0) =>
      add('throttled', retryAfterMs >= longPauseMs ? breakerFailures : 1),
    condition() {
      const troubleKind = inARow >= breakerFailures ? kind : undefined
      return {
        succeededAt,
        successAgeMs: succeededAt && elapsedOf(clock) - succeededElapsed,
        troubleKind,
        trouble: troubleKind && words[troubleKind]
      }
    }
  }
}
