import cors from '@fastify/cors'
import fp from 'fastify-plugin'

export interface CorsOptions {
  /** Origins of web pages that may read answers; `*` for all, empty for none. */
  readonly origins: readonly string[]
  /** Header that may carry a key; '' for none. */
  readonly keyHeader: string
}

/** Lets web pages of some origins read answers. Keys come in headers, so cookies are not allowed. */
export const corsPlugin = fp<CorsOptions>(
  async (app, { origins, keyHeader }) => {
    if (origins.length === 0) return
    await app.register(cors, {
      origin: origins.includes('*') ? '*' : [...origins],
      methods: ['GET', 'HEAD', 'OPTIONS', 'POST'],
      allowedHeaders: [
        'Accept',
        'Authorization',
        'Content-Type',
        ...(keyHeader ? [keyHeader] : [])
      ],
      exposedHeaders: [
        'ETag',
        'Retry-After',
        'X-TAXII-Date-Added-First',
        'X-TAXII-Date-Added-Last'
      ],
      maxAge: 3600
    })
  },
  { name: 'cors-by-option', fastify: '5.x' }
)
