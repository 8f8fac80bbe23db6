import { GatewayError } from '../kernel/errors.ts'
import { type Clock, elapsedOf } from '../kernel/ports.ts'
import { UpstreamFailure } from './failures.ts'

/** One call on its way: how long it may wait and last, and the signals that end it. */
export interface Call {
  /** The higher, the sooner it has its turn. */
  readonly rank: number
  /** Ends an attempt: the deadline of the call, or the caller left. */
  readonly signal: AbortSignal
  /** Ends all waiting. */
  readonly waiting: AbortController
  /** Until when trouble is waited out, by the elapsed time of the clock. */
  readonly patientUntil: number
  /** True while Sekoia is being asked. */
  isAsking: boolean
  /** True while attempts are made however short the patience is. */
  hasAttemptsLeft: boolean
  /** What went wrong last: told in place of a deadline, since it is the better reason. */
  lastFailure: unknown
  close(): void
}

export interface CallOptions {
  readonly clock: Clock
  /** For a whole call: queue, pauses, attempts and waits between them. */
  readonly totalTimeoutMs: number
  /** How long a call waits for trouble to pass. */
  readonly patienceMs: number
}

export interface CallTerms {
  readonly rank: number
  /** The caller's own. */
  readonly signal: AbortSignal | undefined
  /** True while calls are held back because of trouble. */
  isHeldBack(): boolean
  /** What to tell when patience ends before there was any failure. */
  impatience(): GatewayError
}

export function openCall(options: CallOptions, terms: CallTerms): Call {
  const { clock, totalTimeoutMs, patienceMs } = options
  const { signal: outer, rank, isHeldBack, impatience } = terms
  const ending = new AbortController()
  const waiting = new AbortController()
  const end = (reason: unknown) => {
    ending.abort(reason)
    waiting.abort(reason)
  }
  const leave = () => end(ended('final', 'the caller left', outer?.reason))
  const deadline = setTimeout(() => {
    const late = () => ended(call.isAsking ? 'slow' : 'final', 'the deadline of the call passed')
    end(call.lastFailure ?? late())
  }, totalTimeoutMs)
  const patience = setTimeout(() => {
    if (!isHeldBack() && (call.lastFailure === undefined || call.hasAttemptsLeft)) return
    waiting.abort(call.lastFailure ?? impatience())
  }, patienceMs)
  const call: Call = {
    rank,
    signal: ending.signal,
    waiting,
    patientUntil: elapsedOf(clock) + patienceMs,
    isAsking: false,
    hasAttemptsLeft: true,
    lastFailure: undefined,
    close() {
      clearTimeout(deadline)
      clearTimeout(patience)
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
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
