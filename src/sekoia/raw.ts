import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { RawAnswer, RawRefusal, RawRequest, RawUpstream } from '../kernel/raw-upstream.ts'
import type { Exchange } from './exchange.ts'
import { UpstreamFailure, unusable } from './failures.ts'
import type { UpstreamAnswer } from './transport.ts'
import type { BaseUrl } from './wire.ts'

/**
 * Requests of native clients, passed on in their own words, with the manners of all others: the same lane, pauses and
 * retries. Writes are sent once.
 */
export function createRawClient(base: BaseUrl, ask: Exchange['ask']): RawUpstream {
  const prefix = base.path.replace(/\/v2\/inthreat$/, '')

  return {
    async ask<T>(caller: Caller, request: RawRequest, read: (answer: RawAnswer) => T) {
      const { target, endpoint, signal, isWrite = false, method, headers, body } = request
      try {
        return await ask({
          caller,
          endpoint,
          path: `${prefix}${target}`,
          rank: 1,
          signal,
          send: { method, headers: { accept: '*/*', ...headers }, body, isRaw: true },
          isSentOnce: isWrite,
          accept: answer => accepted(toRawAnswer(answer), read, isWrite)
        })
      } catch (error) {
        throw isWrite ? afterWrite(error) : throttledOr(error)
      }
    }
  }
}

const toRawAnswer = ({ status, contentType, cursor, body }: UpstreamAnswer): RawAnswer => ({
  status,
  contentType,
  cursor,
  body
})

function accepted<T>(
  answer: RawAnswer,
  read: (answer: RawAnswer) => T,
  isWrite: boolean
): T | RawRefusal {
  if (answer.status >= 400) return { refused: answer }
  try {
    if (answer.status >= 300) throw new TypeError('a redirect')
    return read(answer)
  } catch (error) {
    if (isWrite) throw new GatewayError('bad-answer', { cause: error })
    throw unusable('the answer is not what was asked for', (error as Error).cause)
  }
}

const failureOf = (error: unknown): UpstreamFailure | undefined =>
  error instanceof GatewayError && error.cause instanceof UpstreamFailure ? error.cause : undefined

function throttledOr(error: unknown): unknown {
  if (failureOf(error)?.status !== 429) return error
  const { retryAfterSeconds = 10 } = error as GatewayError
  return new GatewayError('throttled', { retryAfterSeconds, cause: error })
}

/** Failures of connections that were never opened: Sekoia has heard nothing. */
const unsentCodes =
  /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/

function wasSent(error: unknown): boolean {
  const failure = failureOf(error)
  if (!failure) return error instanceof GatewayError && error.kind === 'bad-answer'
  const code = String((failure.cause as { code?: unknown } | undefined)?.code ?? '')
  return !unsentCodes.test(code)
}

/** Says whether a write that failed may have been done all the same. */
function afterWrite(error: unknown): unknown {
  if (failureOf(error)?.status === 429) return throttledOr(error)
  const { retryAfterSeconds } = error as GatewayError
  const again = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  const detail = wasSent(error)
    ? "Sekoia's answer was lost: the change may have been made. Look before you try again."
    : 'Sekoia cannot be reached for now: nothing was changed.'
  return new GatewayError('unavailable', { detail, ...again, cause: error })
}
