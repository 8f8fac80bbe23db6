import underPressure from '@fastify/under-pressure'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GatewayError } from '../kernel/errors.ts'
import { Slots } from './slots.ts'

export interface OverloadOptions {
  /** Most heavy requests at a time, from their start until their answer is sent. */
  readonly maxActiveRequests: number
  /** Most heavy requests that wait for a slot. */
  readonly maxQueuedRequests: number
  /** Mean delay of the event loop above which new work is refused; 0 never refuses for it. */
  readonly maxEventLoopDelayMs: number
}

/**
 * Bounds the cost of routes marked `heavy`. If the event loop is late or the queue is full, they are 503 with
 * `Retry-After` at once, except requests that continue a walk: those wait. The utilisation of the event loop is not
 * looked at, because a fully used gateway may still be prompt. Runs after the credentials are read, so that requests
 * without a key get 401.
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
