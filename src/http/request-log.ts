import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { GatewayError } from '../kernel/errors.ts'
import { type Meter, silentMeter } from '../kernel/ports.ts'

/** What the parts of a request leave for its one log line. Never a key, never client text unchecked. */
export interface RequestReport {
  /** Where the data came from. */
  outcome?: string
  /** Objects, manifest records or versions in the answer. */
  items?: number
  /** Of the body, where it goes past the framework. */
  bytes?: number
  failure?: GatewayError
  errorId?: string
  /** Dialect-specific fields. */
  fields?: Readonly<Record<string, string | number | undefined>>
}

export interface RequestLogOptions {
  readonly meter?: Meter
}

/** One log line and one count per request, when its answer is out or its client is gone. */
export const requestLog = fp<RequestLogOptions>(
  async (app, { meter = silentMeter }) => {
    app.decorateRequest('report')
    app.addHook('onRequest', (request, reply, done) => {
      watchRequest(request, reply, meter)
      done()
    })
  },
  { name: 'request-log', fastify: '5.x' }
)

/**
 * Starts the report of a request and logs it once. Not an onResponse hook: that is not called for a client that
 * went away, nor where the framework answers before any hook runs.
 */
export function watchRequest(request: FastifyRequest, reply: FastifyReply, meter: Meter): void {
  request.report = {}
  let isFinished = false
  reply.raw.once('finish', () => {
    isFinished = true
  })
  reply.raw.once('close', () => {
    const status = isFinished ? reply.statusCode : clientGone
    const route = request.routeOptions.url ?? 'unknown'
    meter.count('http_requests', { method: request.method, route, status: String(status) })
    logRequest(request, reply, status, route)
  })
}

/** The status that proxies log for a client that did not wait for its answer. */
const clientGone = 499

function logRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  route: string
): void {
  const { failure, errorId, outcome, items, fields, bytes } = request.report ?? {}
  const line = {
    ...fields,
    dialect: request.routeOptions.config?.dialect,
    method: request.method,
    route,
    path: pathOf(request.raw.url ?? ''),
    status,
    outcome: status === clientGone ? 'client-gone' : (failure?.kind ?? outcome),
    items,
    bytes: bytes ?? Number(reply.getHeader('content-length') ?? 0),
    ms: Math.round(reply.elapsedTime),
    scope: request.caller?.scope.slice(0, 8),
    errorId,
    ...(status >= 500 && { err: failure })
  }
  request.log[status === clientGone ? 'info' : levelOf(failure)](line, 'request')
}

/** Without the query, and without the authority of an absolute target: either may hold a key. */
const pathOf = (target: string): string =>
  target.replace(/^[a-z]+:\/\/[^/?]*/i, '').split('?', 1)[0]!

/** error: the gateway is wrong; warn: upstream trouble, the operator may act. */
function levelOf(failure: GatewayError | undefined): 'info' | 'warn' | 'error' {
  if (failure?.kind === 'internal') return 'error'
  return failure !== undefined && failure.status >= 500 ? 'warn' : 'info'
}

declare module 'fastify' {
  interface FastifyRequest {
    report?: RequestReport | undefined
  }
}
