import fastifyCaching from '@fastify/caching'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

/** Adds header names to `Vary`. */
export function addVary(reply: FastifyReply, names: string): void {
  const before = reply.getHeader('vary')
  reply.header('vary', before === undefined ? names : `${names}, ${before}`)
}

/**
 * Keeps answers that belong to one key out of shared caches (H-4). The caching plugin would also answer 304 by the
 * tag alone, across URLs and keys, but only for tags it has seen. It sees none: answers with tags are written past
 * the framework (decision 0008).
 */
export const privateAnswers = fp(
  async app => {
    await app.register(fastifyCaching, { privacy: fastifyCaching.privacy.PRIVATE })
    app.addHook('onRequest', (_request, reply, done) => {
      addVary(reply, 'Accept, Accept-Encoding, Authorization')
      done()
    })
  },
  { name: 'private-answers', fastify: '5.x' }
)
