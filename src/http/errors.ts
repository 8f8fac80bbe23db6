import { randomUUID } from 'node:crypto'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { asGatewayError, GatewayError } from '../kernel/errors.ts'

/** The body of an error answer. It may hold only the public text of the error. */
export interface ErrorContent {
  readonly mediaType: string
  readonly text: string
}

/** @param errorId identifies this occurrence in the answer and in the log */
export type ErrorForm = (failure: GatewayError, errorId: string) => ErrorContent

/** One line of text with the reason. */
export const plainText: ErrorForm = ({ title, detail }) => ({
  mediaType: 'text/plain; charset=utf-8',
  text: `${detail ?? title}\n`
})

/** An error as it goes out. */
export interface ErrorReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly errorId: string
}

const challenge =
  'Basic realm="sekoia-feed-gateway", charset="UTF-8", Bearer realm="sekoia-feed-gateway"'
const defaultRetrySeconds = 10

/** An error answer in the form of a dialect, with the headers that all dialects share. */
export function toErrorReply(failure: GatewayError, form: ErrorForm): ErrorReply {
  const { status, retryAfterSeconds } = failure
  const errorId = randomUUID()
  const { mediaType, text } = form(failure, errorId)
  const waits = status === 429 || status === 503
  const retryAfter = retryAfterSeconds ?? (waits ? defaultRetrySeconds : undefined)
  const headers = {
    'content-type': mediaType,
    'cache-control': 'no-store',
    ...(status === 401 && { 'www-authenticate': challenge }),
    ...(retryAfter !== undefined && { 'retry-after': String(Math.ceil(retryAfter)) })
  }
  return { status, headers, body: Buffer.from(text), errorId }
}

/** Turns the framework's own errors into GatewayErrors; anything unforeseen is `internal`. */
function toGatewayError(error: unknown): GatewayError {
  const { code, statusCode = 500 } = (error ?? {}) as Partial<FastifyError>
  if (error instanceof GatewayError) return error
  if (code === 'FST_ERR_HANDLER_TIMEOUT') return new GatewayError('timeout', { cause: error })
  if (statusCode === 413) return new GatewayError('content-too-large', { cause: error })
  if (statusCode === 414) return new GatewayError('uri-too-long', { cause: error })
  if (statusCode === 404) return new GatewayError('not-found', { cause: error })
  if (statusCode >= 400 && statusCode < 500) return new GatewayError('malformed', { cause: error })
  return asGatewayError(error)
}

/** Sends an error answer in the form of a dialect, and notes the failure for the request's log line. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  form: ErrorForm
): void {
  const failure = toGatewayError(error)
  const { status, headers, body, errorId } = toErrorReply(failure, form)
  if (request.report) Object.assign(request.report, { failure, errorId })
  reply.code(status).headers(headers).send(body)
}
