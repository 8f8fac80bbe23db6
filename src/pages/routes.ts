import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addVary } from '../http/caching.ts'
import { isHeld } from '../http/conditional.ts'
import { type ListenerFacts, readAssets, readPages, type ServedFile } from './files.ts'

/** Nothing but this gateway's own files and answers; no script or style inside a page; no form is ever sent. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache'
}

/**
 * The pages for people, and the files that they load. They hold no data and need no credential: a page asks
 * `/gateway/v1/` and the dialects with the key that was entered in it. A page goes to whoever names `text/html` in
 * `Accept`; anybody else gets what they get on a path without a page.
 */
export async function registerPages(server: FastifyInstance, facts: ListenerFacts): Promise<void> {
  for (const file of await readAssets())
    server.get(file.url, async (request, reply) => send(file, request, reply))
  for (const page of await readPages(facts))
    server.get(page.url, async (request, reply) => {
      addVary(reply, 'Accept')
      if (!isBrowser(request)) return reply.callNotFound()
      if (hasSlashTooMuch(request)) return reply.redirect(`..${page.url}`, 308)
      return send(page, request, reply)
    })
}

const isBrowser = ({ headers }: FastifyRequest): boolean =>
  /(?:^|[\s,])text\/html\b/i.test(headers.accept ?? '')

/** Addresses in a page are relative, so that it works below any prefix; a slash at its end would move them. */
const hasSlashTooMuch = ({ raw }: FastifyRequest): boolean =>
  /^[^?]*[^?/][^?]*\/(?:\?|$)/.test(raw.url ?? '')

function send({ tag, mediaType, body }: ServedFile, request: FastifyRequest, reply: FastifyReply) {
  reply.headers({ ...headers, etag: tag })
  if (isHeld(request.headers['if-none-match'], tag)) return reply.code(304).send()
  return reply.type(mediaType).send(body)
}
