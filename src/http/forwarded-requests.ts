import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'
import type { IsTrusted } from './origin.ts'

/**
 * A connection of a trusted proxy belongs to a client while its request is under way: no client address may have more
 * of them than of connections of its own. A request beyond that is 503, to be tried again at once.
 */
export function boundForwarded(
  app: FastifyInstance,
  { maxPerAddress, isTrusted }: { readonly maxPerAddress: number; readonly isTrusted: IsTrusted }
): void {
  const underWay = new Map<string, number>()
  app.addHook('onRequest', (request, reply, done) => {
    const { ip, socket } = request
    if (!isTrusted(socket.remoteAddress)) return done()
    const count = underWay.get(ip) ?? 0
    if (count >= maxPerAddress) return done(tooMany)
    underWay.set(ip, count + 1)
    reply.raw.once('close', () => {
      const left = underWay.get(ip)! - 1
      if (left > 0) underWay.set(ip, left)
      else underWay.delete(ip)
    })
    done()
  })
}

const tooMany = new GatewayError('overloaded', {
  detail: 'Too many requests of this address are under way',
  retryAfterSeconds: 1
})
