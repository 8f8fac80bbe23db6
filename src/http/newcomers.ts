import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'

export interface NewcomersOptions {
  /** Most requests per minute from one address with keys that Sekoia never accepted; 0 means no bound. */
  readonly maxPerMinute: number
  /** True if Sekoia ever accepted the key. Returns no promise if memory knows it. */
  readonly wasAccepted: (caller: Caller) => boolean | Promise<boolean>
}

/**
 * Bounds the cost of made-up keys: each of them is a call to Sekoia. Requests beyond the bound are 429, but never one
 * that continues a walk. Runs after the credentials are read. Behind a trusted proxy the address is the client's.
 */
export const newcomersPlugin = fp<NewcomersOptions>(
  async (app, { maxPerMinute, wasAccepted }) => {
    if (maxPerMinute === 0) return
    await app.register(rateLimit, { global: false })
    const take = app.createRateLimit({
      max: maxPerMinute,
      timeWindow: 60_000,
      keyGenerator: ({ ip }) => ip
    })
    app.addHook('onRequest', (request, _reply, done) => {
      const { caller, routeOptions } = request
      const { dialect, continues } = routeOptions.config
      if (!caller || dialect === undefined || continues?.(request)) return done()
      const wasOne = wasAccepted(caller)
      if (wasOne === true) return done()
      const pass = async () => {
        if (await wasOne) return
        const limit = await take(request)
        if (!limit.isAllowed && limit.isExceeded)
          throw new GatewayError('throttled', {
            detail: 'Too many requests from this address with keys that were never accepted',
            retryAfterSeconds: limit.ttlInSeconds
          })
      }
      pass().then(() => done(), done)
    })
  },
  { name: 'newcomers', fastify: '5.x' }
)
