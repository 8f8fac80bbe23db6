import fastifyCaching from '@fastify/caching'
import fp from 'fastify-plugin'

/**
 * Keeps shared caches out of answers that belong to one key (H-4). The caching plugin's ETag part stays idle: no
 * answer is ever tagged here, so it has nothing to answer 304 from.
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
