import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../kernel/caller.ts'
import { createTag, isHeld } from './conditional.ts'
import type { Encoding } from './encodings.ts'

/** Status line and headers of a 200 in any coding, or of the 304 in its place. */
export interface ResponseHead {
  readonly tag: string
  readonly mediaType: string
  readonly headers: Readonly<Record<string, string>>
}

/** What a tag is made of, besides the caller and the URL. */
export interface Tagged {
  readonly mediaType: string
  readonly headers: Readonly<Record<string, string>>
  /** Digest of the content, see {@link createTag}. */
  readonly digest: string
}

/** A client may keep its answer but has to ask each time whether it still holds, so that no poll is skipped. */
export const cacheControl = 'private, no-cache'

/** @param representation see {@link createTag}. */
export function toHead(
  { caller, raw }: { readonly caller?: Caller | undefined; readonly raw: FastifyRequest['raw'] },
  { mediaType, headers, digest }: Tagged,
  representation: string
): ResponseHead {
  const tag = createTag({
    scope: caller?.scope ?? '',
    url: raw.url ?? '',
    representation: `${mediaType} ${representation}`,
    content: digest
  })
  return { tag, mediaType, headers: { ...headers, 'cache-control': cacheControl, etag: tag } }
}

/** Answers without a body, if the client has the content (304) or asked by HEAD. True if it did. */
export function endsAtHead(
  request: FastifyRequest,
  reply: FastifyReply,
  head: ResponseHead
): boolean {
  const isUnchanged = isHeld(request.headers['if-none-match'], head.tag)
  if (!isUnchanged && request.method !== 'HEAD') return false
  const headers = isUnchanged ? { ...reply.getHeaders(), ...head.headers } : headersOf(reply, head)
  reply
    .hijack()
    .raw.writeHead(isUnchanged ? 304 : 200, headers as OutgoingHttpHeaders)
    .end()
  return true
}

/** All headers of the answer, those set by hooks included. */
export const headersOf = (
  reply: FastifyReply,
  head: ResponseHead,
  body: { readonly encoding?: Encoding | undefined; readonly length?: number } = {}
): OutgoingHttpHeaders =>
  Object.assign(
    {},
    reply.getHeaders(),
    head.headers,
    { 'content-type': head.mediaType },
    body.encoding && { 'content-encoding': body.encoding },
    body.length !== undefined && { 'content-length': body.length }
  )
