import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'

export interface NewcomersOptions {
  /** Requests in a minute from one address with keys that Sekoia never accepted; 0: any number. */
  readonly maxPerMinute: number
  /** True when Sekoia accepted the key at some time. At once where it is known without the store. */
  readonly wasAccepted: (caller: Caller) => boolean | Promise<boolean>
}

/**
 * Bounds what made-up keys may cost: each of them is a call to Sekoia. Requests beyond the bound are 429. A walk that
 * goes on is never refused. Comes after the credentials; the address is that of the client where the proxy is trusted.
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
