import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Config } from './config/load.ts'
import { type AuthOptions, authPlugin } from './http/auth.ts'
import { connectionsPlugin } from './http/connections.ts'
import { type RequestLogOptions, requestLog } from './http/request-log.ts'
import { buildServer, type TlsOptions } from './http/server.ts'
import type { Meter } from './kernel/ports.ts'

export interface OpsServerOptions {
  readonly config: Config
  readonly logger: FastifyBaseLogger
  readonly meter: Meter
  readonly tls?: TlsOptions
  readonly auth: AuthOptions
  readonly onAnswered: RequestLogOptions['onAnswered']
}

/**
 * The listener for the operator, without a route yet. It has the certificate of the public one, and is open to probes,
 * which have no certificate of a client.
 */
export async function buildOpsServer(options: OpsServerOptions): Promise<FastifyInstance> {
  const { config, logger, meter, tls, auth, onAnswered } = options
  const { requestTimeoutMs, keepAliveTimeoutMs, maxConnections } = config.server
  const server = buildServer({
    logger,
    meter,
    requestTimeoutMs,
    keepAliveTimeoutMs,
    ...(tls && { tls: { cert: tls.cert, key: tls.key } })
  })
  await server.register(connectionsPlugin, { maxConnections })
  await server.register(requestLog, { meter, onAnswered })
  await server.register(authPlugin, auth)
  return server
}
