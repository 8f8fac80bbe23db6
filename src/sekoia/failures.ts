import { errors } from 'undici'
import { GatewayError } from '../kernel/errors.ts'

/**
 * What can go wrong between Sekoia and us, and what it means for the next attempt. Of what Sekoia wrote, the
 * status and the code are kept, and no other text: errors are logged.
 */

/**
 * - `unreachable`: no connection could be opened, which concerns every key
 * - `transient`: a connection broke, or a server failed (500, 502, 503, 504)
 * - `slow`: a deadline passed in silence
 * - `unusable`: a complete answer that makes no sense; worth one more attempt, and smaller pages
 * - `oversized`: an answer beyond `maxBodyBytes`; worth smaller pages
 * - `astray`: what answered is not Sekoia's API
 * - `throttled`: Sekoia limits the rate of the key
 * - `final`: Sekoia's decision, or the caller's; asking again changes nothing
 */
export type Trouble =
  | 'unreachable'
  | 'transient'
  | 'slow'
  | 'unusable'
  | 'oversized'
  | 'astray'
  | 'throttled'
  | 'final'

export interface UpstreamFailureOptions {
  readonly trouble: Trouble
  readonly status?: number
  readonly cause?: unknown
}

/** The cause of every GatewayError that comes of a call to Sekoia. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure'
  readonly trouble: Trouble
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined

  constructor(message: string, { trouble, status, cause }: UpstreamFailureOptions) {
    super(message, cause === undefined ? {} : { cause })
    this.trouble = trouble
    this.status = status
  }
}

/** The failure behind an error of this client; undefined for any other. */
export const failureOf = (error: unknown): UpstreamFailure | undefined =>
  error instanceof GatewayError && error.cause instanceof UpstreamFailure ? error.cause : undefined

/** True when the trouble is one of those given. */
export function isTrouble(error: unknown, ...troubles: Trouble[]): boolean {
  const failure = failureOf(error)
  return failure !== undefined && troubles.includes(failure.trouble)
}

/** An answer that says no, as far as it matters here. */
export interface Refusal {
  readonly status: number
  /** Sekoia's own code of the error, for instance `T301` for an expired key. */
  readonly code: string | undefined
  readonly retryAfterMs: number | undefined
}

const kindOfStatus: Readonly<Record<number, 'unauthorized' | 'forbidden' | 'not-found'>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found'
}

const transientStatuses: ReadonlySet<number> = new Set([500, 502, 503, 504])

/** The error for a status other than 200 (SEKOIA-4). */
export function toStatusError({ status, code, retryAfterMs }: Refusal): GatewayError {
  const cause = new UpstreamFailure(`Sekoia answered ${status}${code ? ` with ${code}` : ''}`, {
    trouble: transientStatuses.has(status) ? 'transient' : 'final',
    status
  })
  const fallback = status >= 500 ? 'unavailable' : 'bad-answer'
  const kind = kindOfStatus[status] ?? fallback
  if (retryAfterMs === undefined) return new GatewayError(kind, { cause })
  return new GatewayError(kind, { cause, retryAfterSeconds: toSeconds(retryAfterMs) })
}

const slowCodes: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** The error for a call that brought no complete answer: whatever undici threw. */
export function toTransportError(thrown: unknown): GatewayError {
  const code = String((thrown as { code?: unknown }).code ?? '')
  const fail = (trouble: Trouble, what: string) =>
    new UpstreamFailure(what, { trouble, cause: thrown })
  if (slowCodes.has(code)) {
    return new GatewayError('timeout', { cause: fail('slow', 'Sekoia fell silent') })
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return tooLarge(thrown)
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') {
    return new GatewayError('unavailable', { cause: fail('final', 'the client is closed') })
  }
  if (thrown instanceof errors.HTTPParserError) return unusable('the answer is not HTTP', thrown)
  if (isUnreachable(code, thrown)) {
    const cause = fail('unreachable', 'no connection could be opened')
    return new GatewayError('unavailable', { cause })
  }
  return new GatewayError('unavailable', { cause: fail('transient', 'the connection failed') })
}

const connectCodes =
  /^(?:ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_[A-Z]+|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|CERT_.*|DEPTH_ZERO_.*|SELF_SIGNED_.*|UNABLE_TO_.*|HOSTNAME_MISMATCH)$/

/** Nothing was sent to Sekoia: the name, the network, the certificate or the proxy in between. */
function isUnreachable(code: string, thrown: unknown): boolean {
  const { syscall, message } = thrown as { syscall?: unknown; message?: unknown }
  const isProxy = /^Proxy response \(/.test(String(message))
  return isProxy || syscall === 'connect' || connectCodes.test(code)
}

/** A complete answer with status 200 that cannot be used. */
export const unusable = (what: string, thrown?: unknown): GatewayError =>
  new GatewayError('bad-answer', {
    cause: new UpstreamFailure(what, { trouble: 'unusable', status: 200, cause: thrown })
  })

/** An answer beyond `maxBodyBytes`, compressed or not: asked again it would be as large. */
export const tooLarge = (thrown: unknown): GatewayError =>
  new GatewayError('bad-answer', {
    cause: new UpstreamFailure('the answer is too large', { trouble: 'oversized', cause: thrown })
  })

/** What answered is not Sekoia's API; `what` says how that shows, in words of our own. */
export const astray = (what: string, status: number): GatewayError =>
  new GatewayError('bad-answer', {
    cause: new UpstreamFailure(what, { trouble: 'astray', status })
  })

/** Whole seconds for `Retry-After`, at least one. */
export const toSeconds = (millis: number): number => Math.max(1, Math.ceil(millis / 1000))
