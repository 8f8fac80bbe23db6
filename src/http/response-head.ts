import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../kernel/caller.ts'
import { atEndOfTurn } from '../kernel/give-way.ts'
import { createTag, isHeld } from './conditional.ts'
import type { Encoding } from './encodings.ts'

/** Status line and headers of a 200 in any coding, or of the 304 in its place. */
export interface ResponseHead {
  readonly tag: string
  readonly mediaType: string
  readonly headers: Readonly<Record<string, string>>
  /** Names and values of `headers` in turn: of an answer that is held they are listed once. */
  readonly list: readonly string[]
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
  const all = { ...headers, 'cache-control': cacheControl, etag: tag }
  return { tag, mediaType, headers: all, list: Object.entries(all).flat() }
}

/** Answers without a body, if the client has the content (304) or asked by HEAD. True if it did. */
export function endsAtHead(
  request: FastifyRequest,
  reply: FastifyReply,
  head: ResponseHead
): boolean {
  const isUnchanged = isHeld(request.headers['if-none-match'], head.tag)
  if (!isUnchanged && request.method !== 'HEAD') return false
  const headers = isUnchanged ? listOf(reply, head) : headersOf(reply, head)
  const { raw } = reply.hijack()
  raw.writeHead(isUnchanged ? 304 : 200, headers)
  atEndOfTurn(() => raw.end())
  return true
}

/** All headers of the answer, those set by hooks included: names and values in turn, which Node takes fastest. */
export function headersOf(
  reply: FastifyReply,
  head: ResponseHead,
  { encoding, length }: { readonly encoding?: Encoding | undefined; readonly length?: number } = {}
): string[] {
  const list = listOf(reply, head)
  list.push('content-type', head.mediaType)
  if (encoding) list.push('content-encoding', encoding)
  if (length !== undefined) list.push('content-length', String(length))
  return list
}

/** Those of the head, and of the hooks where the head does not name them. */
function listOf(reply: FastifyReply, { headers, list }: ResponseHead): string[] {
  const all = [...list]
  const set = reply.getHeaders()
  for (const name in set)
    if (!(name in headers) && set[name] !== undefined) all.push(name, String(set[name]))
  return all
}
