import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { ScopeId } from '../kernel/caller.ts'
import type { GatewayError } from '../kernel/errors.ts'
import type { Identity, Progress } from '../kernel/identity.ts'
import { memoize } from '../kernel/memoize.ts'
import { type Meter, type Stopwatch, silentMeter, silentStopwatch } from '../kernel/ports.ts'
import { addressOf, identityOf } from './identity.ts'

/** What handlers tell of a request, for its one log line. Never a key, never unchecked text of a client. */
export interface RequestReport {
  /** The feed it is for, by the id that goes upstream. */
  feedId?: string
  progress?: Progress
  /** Where the data came from. */
  outcome?: string
  /** Objects, manifest records or versions in the answer. */
  items?: number
  /** Of the body, where it goes past the framework. */
  bytes?: number
  /** Milliseconds from the request's arrival until its answer was found. */
  foundMs?: number
  failure?: GatewayError
  errorId?: string
  /** Dialect-specific fields. */
  fields?: Readonly<Record<string, string | number | undefined>>
}

/** A request whose answer is out, or whose client is gone. */
export interface Answered {
  readonly identity: Identity
  /** Of the caller; undefined without a usable key. */
  readonly scope: ScopeId | undefined
  readonly isOperator: boolean
  /** Undefined for paths of no dialect. */
  readonly dialect: string | undefined
  readonly route: string
  /** Path and query as received: it may hold a key. */
  readonly target: string
  readonly status: number
  readonly bytes: number
  readonly report: RequestReport
}

export interface RequestLogOptions {
  readonly meter?: Meter
  /** Told of every request, after its log line. */
  readonly onAnswered?: ((answered: Answered) => void) | undefined
  /** Told the times of the answers of dialects. */
  readonly stopwatch?: Stopwatch
}

/** One log line and one count per request, when its answer is out or its client is gone. */
export const requestLog = fp<RequestLogOptions>(
  async (app, options) => {
    app.decorateRequest('report')
    app.addHook('onRequest', (request, reply, done) => {
      watchRequest(request, reply, options)
      done()
    })
    app.addHook('onSend', ({ report }, reply, _payload, done) => {
      if (report) report.foundMs ??= reply.elapsedTime
      done()
    })
    app.addHook('onRoute', ({ method, url }) => {
      if ([method].flat().includes('GET')) countFrom0(options.meter ?? silentMeter, url)
    })
  },
  { name: 'request-log', fastify: '5.x' }
)

/**
 * Starts the report of a request and logs it once. Not an onResponse hook: that is not called for a client that
 * went away, nor where the framework answers before any hook runs.
 */
export function watchRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { meter = silentMeter, stopwatch = silentStopwatch, onAnswered }: RequestLogOptions
): void {
  request.report = {}
  const address = addressOf(request)
  let isFinished = false
  // Both come once: to listen for one time only would cost a wrapper more.
  reply.raw.on('finish', () => {
    isFinished = true
  })
  reply.raw.on('close', () => {
    const status = isFinished ? reply.statusCode : clientGone
    // The framework makes an object of them each time.
    const { url: route = 'unknown', config } = request.routeOptions
    meter.count('http_requests', { method: request.method, route, status: String(status) })
    const dialect = config?.dialect
    if (dialect) timeAnswer(stopwatch, dialect, request.report, reply, status)
    const answered = toAnswered(request, reply, { status, route, dialect, address })
    logRequest(request, reply, answered)
    onAnswered?.(answered)
  })
}

/** Statuses that alerts look for. They start at 0, because a counter that first appears at 1 shows no increase. */
function countFrom0(meter: Meter, route: string): void {
  for (const status of ['200', '500', '502', '503', '504'])
    meter.count('http_requests', { method: 'GET', route, status }, 0)
}

function timeAnswer(
  stopwatch: Stopwatch,
  dialect: string,
  report: RequestReport = {},
  { elapsedTime }: FastifyReply,
  status: number
): void {
  const { foundMs = elapsedTime } = report
  const labels = { dialect, outcome: outcomeOf(report, status) ?? 'answered' }
  stopwatch.observe('request_read_duration', labels, foundMs / 1000)
  if (report.foundMs !== undefined)
    stopwatch.observe('request_send_duration', labels, (elapsedTime - foundMs) / 1000)
}

const outcomeOf = ({ failure, outcome }: RequestReport, status: number): string | undefined =>
  status === clientGone ? 'client-gone' : (failure?.kind ?? outcome)

/** The status that proxies log for a client that did not wait for its answer. */
const clientGone = 499

function toAnswered(
  request: FastifyRequest,
  reply: FastifyReply,
  told: Pick<Answered, 'status' | 'route' | 'dialect'> & { readonly address: string }
): Answered {
  const { report = {}, caller, isOperator, raw } = request
  return {
    identity: identityOf(request, told.address),
    scope: caller?.scope,
    isOperator: isOperator === true,
    dialect: told.dialect,
    route: told.route,
    target: raw.url ?? '',
    status: told.status,
    bytes: report.bytes ?? Number(reply.getHeader('content-length') ?? 0),
    report
  }
}

function logRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { identity, scope, isOperator, dialect, route, target, status, bytes, report }: Answered
): void {
  const { failure, errorId, items, fields } = report
  const line = {
    dialect,
    method: request.method,
    route,
    path: pathOf(target),
    status,
    outcome: outcomeOf(report, status),
    items,
    bytes,
    ms: Math.round(reply.elapsedTime),
    address: identity.address,
    userAgent: identity.userAgent,
    user: identity.user,
    scope: scope?.slice(0, 8),
    operator: isOperator || undefined,
    errorId,
    err: status >= 500 ? failure : undefined
  }
  const level = status === clientGone ? 'info' : levelOf(failure)
  request.log[level](fields ? { ...hideOdd(fields), ...line } : line, 'request')
}

/**
 * The path without the query and without scheme and host, which may hold a key. So may a segment of the path: it is
 * logged only if it is a short word or an id.
 */
const pathOf = memoize((target: string): string =>
  target
    .replace(/^[a-z]+:\/\/[^/?]*/i, '')
    .split('?', 1)[0]!
    .split('/')
    .map(segment => (isPlain(segment) ? segment : '[hidden]'))
    .join('/')
)

/** A short word, or a UUID behind a type, with the ending of a file. */
const isPlain = memoize((segment: string): boolean =>
  /^(?:[\w.~%-]{0,8}|[a-z][a-z_.-]{0,15}|(?:[a-z0-9_-]{1,40}--)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.json)?)$/i.test(
    segment
  )
)

const hideOdd = (fields: NonNullable<RequestReport['fields']>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value !== 'string' || isPlain(value) ? value : '[hidden]'
    ])
  )

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
