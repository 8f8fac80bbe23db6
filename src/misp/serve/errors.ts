import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { toGatewayError } from '../../http/errors.ts'

const challenge =
  'Basic realm="sekoia-feed-gateway", charset="UTF-8", Bearer realm="sekoia-feed-gateway"'
const defaultRetrySeconds = 10

/** Answers any failure with a short plain reason: the first 100 characters land in MISP's log (MISP-1.5). */
export function sendPlainError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = toGatewayError(error)
  const { status, title, detail, retryAfterSeconds } = failure
  const errorId = randomUUID()
  if (request.report) Object.assign(request.report, { failure, errorId })
  const waits = status === 429 || status === 503
  const retryAfter = retryAfterSeconds ?? (waits ? defaultRetrySeconds : undefined)
  if (status === 401) reply.header('www-authenticate', challenge)
  if (retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(retryAfter)))
  reply
    .code(status)
    .headers({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    .send(`${detail ?? title}\n`)
}
