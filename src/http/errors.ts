import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { asGatewayError, GatewayError } from '../kernel/errors.ts'
import { toErrorReply } from '../taxii/errors.ts'

/** What the framework refuses by itself, in the gateway's terms; anything unforeseen is `internal`. */
export function toGatewayError(error: unknown): GatewayError {
  const { code, statusCode = 500 } = (error ?? {}) as Partial<FastifyError>
  if (error instanceof GatewayError) return error
  if (code === 'FST_ERR_HANDLER_TIMEOUT') return new GatewayError('timeout', { cause: error })
  if (statusCode === 414) return new GatewayError('uri-too-long', { cause: error })
  if (statusCode === 404) return new GatewayError('not-found', { cause: error })
  if (statusCode >= 400 && statusCode < 500) return new GatewayError('malformed', { cause: error })
  return asGatewayError(error)
}

/** Answers any failure with a TAXII error resource, and leaves a note for the request's log line. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = toGatewayError(error)
  const { status, headers, body, errorId } = toErrorReply(failure)
  if (request.report) {
    request.report.failure = failure
    request.report.errorId = errorId
  }
  reply.code(status).headers(headers).send(body)
}
