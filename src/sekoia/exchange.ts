import type { Caller } from '../kernel/caller.ts'
import { type ErrorKind, GatewayError } from '../kernel/errors.ts'
import { type Stopwatch, silentStopwatch } from '../kernel/ports.ts'
import { sentOnce, toStatusError, UpstreamFailure } from './failures.ts'
import { type BreakerState, createResilience, type ResilienceOptions } from './resilience.ts'
import {
  type Answer,
  createTransport,
  type SendRequest,
  type TransportOptions
} from './transport.ts'

/** Questions to Sekoia, carried through by the resilience policy, counted, and remembered for health. */
export interface ExchangeOptions extends ResilienceOptions, TransportOptions {
  readonly stopwatch?: Stopwatch
}

export interface SekoiaHealth {
  /** What keeps Sekoia from being used well, in a few public words; undefined when all is well. */
  readonly trouble: string | undefined
  readonly breaker: BreakerState
  /** When Sekoia last answered anything, ms since the epoch. */
  readonly answeredAt: number | undefined
  readonly lastFailure: { readonly at: number; readonly kind: ErrorKind } | undefined
  /** Sekoia's clock less ours (U-10), to the second. */
  readonly clockSkewMs: number | undefined
}

export interface Question<T> {
  readonly caller: Caller
  /** The label of the counters. */
  readonly endpoint: string
  readonly path: string
  readonly signal: AbortSignal | undefined
  /** Left out: a GET of JSON. */
  readonly send?: Omit<SendRequest, 'path' | 'key' | 'signal'>
  /** True: no failure leads to a second attempt. */
  readonly isSentOnce?: boolean
  /** SyncLease a 200 into a value; throws `bad-answer` when it cannot. */
  accept(answer: Answer): T
}

export interface Exchange {
  /** Throws GatewayError and nothing else. */
  ask<T>(question: Question<T>): Promise<T>
  health(): SekoiaHealth
  close(): Promise<void>
}

export function createExchange(options: ExchangeOptions): Exchange {
  const { clock, meter, stopwatch = silentStopwatch } = options
  const transport = createTransport(options)
  const resilience = createResilience(options)
  let answeredAt: number | undefined
  let clockSkewMs: number | undefined
  let lastFailure: SekoiaHealth['lastFailure']

  async function attempt(question: Question<unknown>, signal: AbortSignal) {
    const { caller, path, endpoint, send, isSentOnce = false } = question
    const startedAt = performance.now()
    const time = (outcome: string) => {
      const seconds = (performance.now() - startedAt) / 1000
      stopwatch.observe('upstream_request_duration', { endpoint, outcome }, seconds)
    }
    try {
      const answer = await transport.send({ ...send, path, key: caller.key, signal })
      answeredAt = clock.now()
      clockSkewMs = answer.clockSkewMs ?? clockSkewMs
      meter.count('upstream_requests', { endpoint, outcome: String(answer.status) })
      time(String(answer.status))
      if (isSentOnce && answer.status === 429) throw toStatusError({ ...answer, code: undefined })
      return answer
    } catch (error) {
      if (error instanceof GatewayError) {
        noteFailure(error, endpoint)
        time(String(statusOf(error) ?? error.kind))
      }
      throw isSentOnce ? sentOnce(error) : error
    }
  }

  function noteFailure(error: GatewayError, endpoint: string): void {
    const status = statusOf(error)
    if (status !== undefined) answeredAt = clock.now()
    lastFailure = { at: clock.now(), kind: error.kind }
    meter.count('upstream_requests', { endpoint, outcome: String(status ?? error.kind) })
  }

  return {
    ask: question =>
      resilience.run({
        scope: question.caller.scope,
        signal: question.signal,
        attempt: signal => attempt(question, signal),
        accept: question.accept
      }),
    health() {
      const breaker = resilience.breaker()
      const trouble = troubleOf(breaker, clockSkewMs)
      return { trouble, breaker, answeredAt, lastFailure, clockSkewMs }
    },
    close: transport.close
  }
}

const maxSkewMs = 30_000

function troubleOf(breaker: BreakerState, clockSkewMs = 0): string | undefined {
  if (breaker !== 'closed') return 'Sekoia fails call after call and is left alone for a while'
  if (Math.abs(clockSkewMs) < maxSkewMs) return undefined
  const seconds = Math.round(Math.abs(clockSkewMs) / 1000)
  return `the clock is ${seconds} seconds ${clockSkewMs > 0 ? 'behind' : 'ahead of'} Sekoia's`
}

/** The HTTP status behind an error, when Sekoia answered. */
export const statusOf = (error: unknown): number | undefined =>
  error instanceof GatewayError && error.cause instanceof UpstreamFailure
    ? error.cause.status
    : undefined
