import fastifyCaching from '@fastify/caching'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

/** Says of one more header, or some, that the answer depends on it. */
export function addVary(reply: FastifyReply, names: string): void {
  const before = reply.getHeader('vary')
  reply.header('vary', before === undefined ? names : `${names}, ${before}`)
}

/**
 * Keeps shared caches out of answers that belong to one key (H-4). The caching plugin's own 304 stays idle: it goes by
 * the tag alone, across URLs and keys, but only for tags that it has seen, and it sees none: answers with tags are
 * written past the framework (decision 0008).
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
