import type { FastifyRequest } from 'fastify'
import type { Answer, Content, Verbatim } from '../../http/answers.ts'
import { type CacheNote, type CacheUse, cacheHeaders } from '../../http/cache-use.ts'
import { digestOf } from '../../http/content-digest.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { RawAnswer } from '../../kernel/raw-upstream.ts'
import type { Validity } from '../../kernel/validity.ts'

export const json = 'application/json'

export interface Told extends CacheNote {
  /** While the same request would get the same answer. */
  readonly validity?: Validity | undefined
}

/** A success with an entity tag. */
export const toContent = (
  pieces: readonly Buffer[],
  told: Told,
  { mediaType = json, headers = {} }: { mediaType?: string; headers?: Record<string, string> } = {}
): Content => ({
  validity: told.validity,
  note: notes[told.use],
  mediaType,
  headers: { ...cacheHeaders(told), ...headers },
  digest: digestOf(pieces),
  body: () => pieces
})

/** For the request's line in the log. */
const notes: Readonly<Record<CacheUse, (request: FastifyRequest) => void>> = {
  hit: request => report(request, 'hit'),
  miss: request => report(request, 'miss'),
  stale: request => report(request, 'stale'),
  pass: request => report(request, 'passed')
}

function report(request: FastifyRequest, outcome: string): void {
  request.report = { outcome, ...request.report }
}

/** Sekoia's success as it came: 200 with an entity tag, anything else as it is. */
export function toAnswer(answer: RawAnswer, told: Told): Answer {
  const { status, contentType, cursor, body } = answer
  const headers = cursor === undefined ? {} : { cursor }
  if (status === 200) return toContent([body], told, { mediaType: contentType || json, headers })
  return toVerbatim(answer, { ...cacheHeaders(told), ...headers })
}

/**
 * Sekoia's no, its body unchanged: clients look for its codes.
 * @throws GatewayError of the same status where the body is not Sekoia's
 */
export function toRefusal(answer: RawAnswer): Verbatim {
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(answer.contentType)) throw refusalOf(answer)
  return toVerbatim(answer, cacheHeaders({ use: 'pass' }))
}

function toVerbatim(
  { status, contentType, body }: RawAnswer,
  headers: Record<string, string>
): Verbatim {
  const type: Record<string, string> = contentType ? { 'content-type': contentType } : {}
  return { status, headers: { ...headers, ...type }, bytes: body }
}

const kinds = { 401: 'unauthorized', 403: 'forbidden', 404: 'not-found' } as const

/** What Sekoia's no means to the gateway. */
export function refusalOf({ status }: RawAnswer): GatewayError {
  return new GatewayError(kinds[status as keyof typeof kinds] ?? 'malformed')
}
