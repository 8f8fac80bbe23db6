import underPressure from '@fastify/under-pressure'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError } from '../kernel/errors.ts'
import { Slots } from './slots.ts'

export interface OverloadOptions {
  /** Heavy requests at a time, from their start until their answer is out. */
  readonly maxActiveRequests: number
  /** Heavy requests that wait for others to be done. */
  readonly maxQueuedRequests: number
  /** Mean lateness of the event loop from which on new work is refused; 0 never refuses for it. */
  readonly maxEventLoopDelayMs: number
}

/**
 * Bounds what routes marked `heavy` may cost together. When the process falls behind, and when too many wait, they are
 * 503 with `Retry-After` at once, unless they continue a walk: those wait. The load of the event loop alone says
 * nothing, since a gateway that is fully used and prompt is well; so only its delay counts. Comes after the
 * credentials, so that the anonymous get their 401.
 */
export const overloadPlugin = fp<OverloadOptions>(
  async (app, { maxActiveRequests, maxQueuedRequests, maxEventLoopDelayMs }) => {
    const slots = new Slots({ maxActive: maxActiveRequests, maxQueued: maxQueuedRequests })
    await app.register(underPressure, {
      maxEventLoopDelay: maxEventLoopDelayMs,
      pressureHandler: request => {
        if (isHeavy(request) && request.caller && !continues(request))
          throw new GatewayError('overloaded')
      }
    })
    app.addHook('preHandler', (request, reply, done) => {
      if (!isHeavy(request)) return done()
      const enter = (giveBack: () => void) => {
        if (reply.raw.destroyed) giveBack()
        reply.raw.once('close', giveBack)
        done()
      }
      slots.take(continues(request), request).then(enter, done)
    })
  },
  { name: 'overload', fastify: '5.x' }
)

const isHeavy = ({ routeOptions }: FastifyRequest): boolean => routeOptions.config.heavy === true

const continues = (request: FastifyRequest): boolean =>
  request.routeOptions.config.continues?.(request) ?? false

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for routes whose answers may be large or long in coming. */
    heavy?: boolean
    /** True for a request that goes on where an earlier answer ended. */
    continues?: (request: FastifyRequest) => boolean
  }
}
