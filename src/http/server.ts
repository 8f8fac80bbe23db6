import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController
} from 'fastify'
import { GatewayError } from '../kernel/errors.ts'
import type { Meter } from '../kernel/ports.ts'
import { createClientErrorHandler } from './client-error.ts'
import { type ErrorForm, plainText, sendError } from './errors.ts'
import { compileTrust, decorateOrigin } from './origin.ts'
import { watchRequest } from './request-log.ts'

export interface TlsOptions {
  readonly key: string | Buffer
  readonly cert: string | Buffer
  /** When set, clients have to show a certificate of this authority (TAXII 2.1 §8.3.1). */
  readonly clientCa?: string | Buffer
}

export interface ServerOptions {
  readonly logger: FastifyBaseLogger
  /** Counts requests that are answered before any hook runs. */
  readonly meter?: Meter
  /** Without it the listener speaks plain HTTP, for use behind a proxy with TLS. */
  readonly tls?: TlsOptions
  /** Which proxies' `X-Forwarded-*` are believed; as in Fastify. */
  readonly trustProxy?: boolean | string | string[]
  /** A whole request has to arrive within this time. */
  readonly requestTimeoutMs?: number
  /** A whole answer has to be ready within this time; 504 after it (H-10). */
  readonly handlerTimeoutMs?: number
  readonly keepAliveTimeoutMs?: number
  /**
   * The error form for a request target, for errors outside all dialects and requests that reach no route. Default:
   * text.
   */
  readonly errorFormOf?: (target: string) => ErrorForm
  /** Text for a 404: which path may be meant. */
  readonly hintOf?: (request: FastifyRequest) => string | undefined
}

/** Forward-secret AEAD suites alone: nothing of the deny list of RFC 7540, Appendix A (TAXII 2.1 §8.2.2). */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256'
].join(':')

const defaultRequestTimeoutMs = 30_000

/** Room for a URL with 200 ids and the usual headers (H-8). */
const maxHeaderSize = 32 * 1024

/** The listener that every dialect is registered on. */
export function buildServer(options: ServerOptions): FastifyInstance {
  const { errorFormOf = () => plainText, hintOf = () => undefined } = options
  const notFound = (request: FastifyRequest) => {
    const detail = hintOf(request)
    return new GatewayError('not-found', detail === undefined ? {} : { detail })
  }
  const sendFailure = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendError(error, request, reply, errorFormOf(request.url))
  const settings: FastifyServerOptions = {
    loggerInstance: options.logger,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'requestId'
    }),
    trustProxy: options.trustProxy ?? false,
    bodyLimit: 1024 * 1024,
    requestTimeout: options.requestTimeoutMs ?? defaultRequestTimeoutMs,
    handlerTimeout: options.handlerTimeoutMs ?? 60_000,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 72_000,
    // A client that pages while the process shuts down still gets its next page.
    return503OnClosing: false,
    requestIdHeader: false,
    genReqId: createRequestIds(),
    routerOptions: {
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      caseSensitive: false,
      // STIX ids reach 288 characters.
      maxParamLength: 512
    },
    frameworkErrors: (error, request, reply) => {
      watchRequest(request, reply, options)
      sendFailure(error, request, reply)
    },
    clientErrorHandler: createClientErrorHandler(options.logger, errorFormOf('/'))
  }
  const app = fastify({ ...settings, ...listener(options) }) as unknown as FastifyInstance
  decorateOrigin(app, compileTrust(options.trustProxy ?? false))
  app.setErrorHandler(sendFailure)
  const hasAnotherMethod = ({ raw }: FastifyRequest) =>
    app.hasRoute({ method: 'GET', url: (raw.url ?? '').split('?', 1)[0]! })
  // Before any body is parsed, and after the credentials of the path's dialect were asked for.
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (request.is404 && hasAnotherMethod(request)) {
      reply.header('allow', 'GET, HEAD')
      throw new GatewayError('method-not-allowed')
    }
    if (request.is404) throw notFound(request)
    done(null, payload)
  })
  app.setNotFoundHandler(request => {
    throw notFound(request)
  })
  return app
}

function listener({ tls, requestTimeoutMs = defaultRequestTimeoutMs }: ServerOptions): object {
  // Ten checks within the timeout: Node's own interval would double it.
  const connectionsCheckingInterval = Math.ceil(requestTimeoutMs / 10)
  const http = { maxHeaderSize, connectionsCheckingInterval }
  if (!tls) return { http }
  const { key, cert, clientCa } = tls
  const client = clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: true }
  const handshakeTimeout = requestTimeoutMs
  return {
    https: { key, cert, ...client, ciphers, minVersion: 'TLSv1.2', handshakeTimeout, ...http }
  }
}

/**
 * Request ids: the proxy's if it is a plain word, else one in the form of a UUID, random for the process and counted on
 * from there.
 */
function createRequestIds(): (request: IncomingMessage) => string {
  const ofProcess = randomUUID().slice(0, -12)
  let count = 0
  return ({ headers }) => {
    const given = headers['x-request-id']
    if (typeof given === 'string' && /^[\w.-]{1,64}$/.test(given)) return given
    return ofProcess + (count++).toString(16).padStart(12, '0')
  }
}
