import type { ServerResponse } from 'node:http'
import fp from 'fastify-plugin'

export interface ConnectionsOptions {
  /** Open at a time. One more is closed at once, and idle ones are closed to make room. */
  readonly maxConnections: number
}

/**
 * Bounds connections, and ends them in an orderly way: when the server closes, idle ones end at once (the framework
 * sees to that), the others right after the answer they are waiting for.
 */
export const connectionsPlugin = fp<ConnectionsOptions>(
  async (app, { maxConnections }) => {
    const { server } = app
    const underWay = new Set<ServerResponse>()
    server.maxConnections = maxConnections
    server.on('drop', () => server.closeIdleConnections())
    app.addHook('onRequest', (_request, { raw }, done) => {
      underWay.add(raw)
      raw.once('close', () => underWay.delete(raw))
      done()
    })
    app.addHook('preClose', async () => {
      for (const response of underWay) {
        if (!response.headersSent) response.setHeader('connection', 'close')
        response.once('close', () => setImmediate(() => server.closeIdleConnections()))
      }
    })
  },
  { name: 'connections', fastify: '5.x' }
)
