import fastifyCaching from '@fastify/caching'
import fp from 'fastify-plugin'

/**
 * Keeps shared caches out of answers that belong to one key (H-4), and lends `reply.etag`. The caching plugin's own
 * 304 stays idle: it goes by the tag alone, across URLs and keys, but only for tags with a lifetime, and here none
 * has one (decision 0008).
 */
export const privateAnswers = fp(
  async app => {
    await app.register(fastifyCaching, { privacy: fastifyCaching.privacy.PRIVATE })
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('vary', 'Accept, Accept-Encoding, Authorization')
    })
  },
  { name: 'private-answers', fastify: '5.x' }
)
