import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Described } from '../http/described.ts'
import { baseUrlOf } from '../http/origin.ts'
import { memoize } from '../kernel/memoize.ts'
import { documentFor } from './document.ts'

export interface OpenapiRoutesOptions {
  /** '' when it is taken from the request. */
  readonly publicUrl: string
  /** Also the page that shows it. */
  readonly hasPage: boolean
}

/** No script but those of the gateway, and none that stands in a page; nothing of another origin. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const json = 'application/json; charset=utf-8'

/** Clients reach a gateway under few addresses; made-up ones may not fill its memory. */
const keptTexts = 4

const described: Described = {
  operationId: 'openapi',
  summary: 'This document',
  tags: ['Gateway'],
  response: {
    '200': {
      description: 'OpenAPI 3.1',
      content: { 'application/json': { schema: Type.Object({}, { additionalProperties: true }) } }
    }
  }
}

/** `/openapi.json`, and a page at `/docs/` that shows it. Neither needs a key. After `openapiDocument`. */
export async function registerOpenapi(
  app: FastifyInstance,
  { publicUrl, hasPage }: OpenapiRoutesOptions
): Promise<void> {
  const textFor = memoize(base => JSON.stringify(documentFor(app, base)), keptTexts)
  const documentOf = (request: FastifyRequest) =>
    textFor((publicUrl || baseUrlOf(request.origin)).replace(/\/+$/, ''))
  app.get('/openapi.json', { config: { openapi: described } }, async (request, reply) =>
    reply.header('cache-control', 'no-cache').type(json).send(documentOf(request))
  )
  if (!hasPage) return
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy,
    theme: { title: 'sekoia-feed-gateway' },
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', deepLinking: true },
    uiHooks: { onRequest: toSlash },
    transformSpecification: (_document, request, reply) => {
      reply.type(json)
      return documentOf(request) as unknown as Record<string, unknown>
    },
    transformSpecificationClone: false
  })
}

/** Addresses in the page are relative to `/docs/`, so that it works behind a proxy that adds a prefix. */
function toSlash(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const [path = ''] = request.url.split('?', 1)
  if (/\/docs$/i.test(path)) reply.redirect('docs/')
  else done()
}
