import fastifyCaching from '@fastify/caching'
import fp from 'fastify-plugin'

/**
 * Keeps shared caches out of answers that belong to one key (H-4). The caching plugin's own 304 stays idle: it goes by
 * the tag alone, across URLs and keys, but only for tags that it has seen, and it sees none: answers with tags are
 * written past the framework (decision 0008).
 */
export const privateAnswers = fp(
  async app => {
    await app.register(fastifyCaching, { privacy: fastifyCaching.privacy.PRIVATE })
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('vary', 'Accept, Accept-Encoding, Authorization')
      done()
    })
  },
  { name: 'private-answers', fastify: '5.x' }
)
