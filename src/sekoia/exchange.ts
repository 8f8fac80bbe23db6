import type { Caller } from '../kernel/caller.ts'
import { type ErrorKind, GatewayError } from '../kernel/errors.ts'
import { elapsedOf, type Stopwatch, silentStopwatch } from '../kernel/ports.ts'
import type { ClockEvidence } from '../kernel/proven-clock.ts'
import type { BreakerState } from './breaker.ts'
import { failureOf, toStatusError } from './failures.ts'
import { createResilience, type ResilienceOptions } from './resilience.ts'
import {
  createTransport,
  type SendRequest,
  type TransportOptions,
  type UpstreamAnswer
} from './transport.ts'
import { type Condition, createTroubleWatch } from './trouble-watch.ts'

/** Questions to Sekoia, carried through by the resilience policy, counted, and remembered for health. */
export interface ExchangeOptions extends ResilienceOptions, TransportOptions {
  /** Told what each answer says about the time. */
  readonly onTime?: (evidence: ClockEvidence) => void
  readonly stopwatch?: Stopwatch
}

export interface SekoiaHealth extends Condition {
  /** Of the host. */
  readonly breaker: BreakerState
  /** Keys that are left alone by themselves. */
  readonly keysLeftAlone: number
  /** When Sekoia last answered anything, ms since the epoch. */
  readonly answeredAt: number | undefined
  readonly lastFailure: { readonly at: number; readonly kind: ErrorKind } | undefined
  /** Sekoia's clock less ours (U-10), to the second. */
  readonly clockSkewMs: number | undefined
}

export interface UpstreamQuestion<T> {
  readonly caller: Caller
  /** The label of the counters. */
  readonly endpoint: string
  readonly path: string
  /** The higher, the sooner it has its turn. */
  readonly rank: number
  readonly signal: AbortSignal | undefined
  /** Left out: a GET of JSON. */
  readonly send?: Omit<SendRequest, 'path' | 'key' | 'signal' | 'onProgress'>
  /** True: no failure leads to a second attempt. */
  readonly isSentOnce?: boolean
  /** Turns a 200 into a value; throws `bad-answer` when it cannot. */
  accept(answer: UpstreamAnswer): T | Promise<T>
}

export interface Exchange {
  /** Throws GatewayError and nothing else. */
  ask<T>(question: UpstreamQuestion<T>): Promise<T>
  health(): SekoiaHealth
  close(): Promise<void>
}

export function createExchange(options: ExchangeOptions): Exchange {
  const { clock, meter, stopwatch = silentStopwatch } = options
  const transport = createTransport(options)
  const resilience = createResilience(options)
  const watch = createTroubleWatch(options)
  let answeredAt: number | undefined
  let clockSkewMs: number | undefined
  let lastFailure: SekoiaHealth['lastFailure']

  async function attempt(
    question: UpstreamQuestion<unknown>,
    signal: AbortSignal,
    onProgress: () => void
  ): Promise<UpstreamAnswer> {
    const { caller, path, endpoint, send, isSentOnce = false } = question
    const startedAt = performance.now()
    const from = elapsedOf(clock)
    const time = (outcome: string) => {
      const seconds = (performance.now() - startedAt) / 1000
      stopwatch.observe('upstream_request_duration', { endpoint, outcome }, seconds)
    }
    try {
      const answer = await transport.send({ ...send, path, key: caller.key, signal, onProgress })
      answeredAt = clock.now()
      if (answer.toldAt !== undefined)
        options.onTime?.({ told: answer.toldAt, from, to: elapsedOf(clock) })
      clockSkewMs = answer.clockSkewMs ?? clockSkewMs
      meter.count('upstream_requests', { endpoint, outcome: String(answer.status) })
      time(String(answer.status))
      if (answer.status === 429) watch.throttled(answer.retryAfterMs)
      if (isSentOnce && answer.status === 429) throw throttledOnce(answer)
      return answer
    } catch (error) {
      if (error instanceof GatewayError && !signal.aborted) {
        noteFailure(error, endpoint)
        time(String(statusOf(error) ?? error.kind))
      }
      throw error
    }
  }

  const throttledOnce = ({ status, retryAfterMs = 0 }: UpstreamAnswer): GatewayError =>
    toStatusError({
      status,
      code: undefined,
      retryAfterMs: Math.min(retryAfterMs, options.maxPauseMs) || undefined
    })

  function noteFailure(error: GatewayError, endpoint: string): void {
    const status = statusOf(error)
    if (status !== undefined) answeredAt = clock.now()
    lastFailure = { at: clock.now(), kind: error.kind }
    meter.count('upstream_requests', { endpoint, outcome: String(status ?? error.kind) })
    watch.failed(error)
  }

  async function accepted<T>({ accept }: UpstreamQuestion<T>, answer: UpstreamAnswer): Promise<T> {
    try {
      const value = await accept(answer)
      watch.succeeded()
      return value
    } catch (error) {
      watch.failed(error)
      throw error
    }
  }

  return {
    ask: question =>
      resilience.run({
        scope: question.caller.scope,
        rank: question.rank,
        signal: question.signal,
        isSentOnce: question.isSentOnce ?? false,
        givesUp: question.caller.givesUp ?? false,
        attempt: (signal, onProgress) => attempt(question, signal, onProgress),
        accept: answer => accepted(question, answer)
      }),
    health() {
      const condition = watch.condition()
      const trouble = condition.trouble ?? skewTrouble(clockSkewMs)
      return {
        ...condition,
        trouble,
        breaker: resilience.breaker(),
        keysLeftAlone: resilience.keysLeftAlone(),
        answeredAt,
        lastFailure,
        clockSkewMs
      }
    },
    close: transport.close
  }
}

const maxSkewMs = 30_000

function skewTrouble(clockSkewMs = 0): string | undefined {
  if (Math.abs(clockSkewMs) < maxSkewMs) return undefined
  const seconds = Math.round(Math.abs(clockSkewMs) / 1000)
  return `the clock is ${seconds} seconds ${clockSkewMs > 0 ? 'behind' : 'ahead of'} Sekoia's`
}

/** The HTTP status behind an error, when Sekoia answered. */
export const statusOf = (error: unknown): number | undefined => failureOf(error)?.status
