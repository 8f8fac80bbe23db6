import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CompressedAnswers } from './compressed.ts'
import { createTag, isHeld } from './conditional.ts'
import { chooseEncoding, compressing, type Encoding } from './encodings.ts'

/** A 200 that a dialect has found, before it is known whether the client has it already. */
export interface Answer {
  readonly headers: Readonly<Record<string, string>>
  /** Stands for the content, see {@link createTag}. */
  readonly digest: string
  /** The bytes, in pieces; called only when they are to be sent. */
  readonly body: () => readonly Buffer[]
  /** The whole body in a coding that is at hand. */
  readonly encoded?: { readonly encoding: Encoding; readonly bytes: Buffer }
}

/** A 200 that is too large to be held: its pieces are made as they are sent. */
export interface LongAnswer extends Omit<Answer, 'body' | 'encoded'> {
  /** Bytes of all pieces. */
  readonly length: number
  readonly pieces: () => Iterable<Buffer>
}

/** What all answers of a dialect have in common. */
export interface Form {
  readonly mediaType: string
  /** See {@link createTag}. */
  readonly representation: string
}

export interface AnswersOptions {
  /** Bytes of compressed bodies held. Default 16 MiB. */
  readonly compressedMaxBytes?: number
  /** A client that takes nothing of its answer for this long is cut off. Default 30 s. */
  readonly sendTimeoutMs?: number
}

/** A client may keep its answer, and has to ask each time whether it still holds: a poll is never skipped. */
const cacheControl = 'private, no-cache'

/** Bodies of at most this many bytes fit in a packet or two, and go out as they are. */
const minCompressed = 1024

/** Pieces smaller than this on average are joined before they are sent. */
const minPiece = 16 * 1024

/**
 * Sends answers to whom they belong: 304 when the client has it (RFC 9110 §13), else in the coding it asks for.
 * Comes last: the dialect has found that the key may see the content.
 */
export class Answers {
  readonly #compressed: CompressedAnswers
  readonly #sendTimeoutMs: number

  constructor({ compressedMaxBytes = 16 * 1024 * 1024, sendTimeoutMs = 30_000 }: AnswersOptions) {
    this.#compressed = new CompressedAnswers(compressedMaxBytes)
    this.#sendTimeoutMs = sendTimeoutMs
  }

  /** Needs `privateAnswers` on the scope. A HEAD costs no body, and tells none of its length. */
  async send(request: FastifyRequest, reply: FastifyReply, answer: Answer & Form): Promise<void> {
    const tag = tagOf(request, answer)
    const isUnchanged = isHeld(request.headers['if-none-match'], tag)
    const isBodiless = isUnchanged || request.method === 'HEAD'
    const body = isBodiless ? undefined : await this.#bodyFor(request, tag, answer)
    setHead(reply, answer, tag)
    if (isUnchanged) return reply.code(304).send()
    reply.header('content-type', answer.mediaType)
    if (!body) return reply.send()
    if (body.encoding) reply.header('content-encoding', body.encoding)
    reply.raw.setTimeout(this.#sendTimeoutMs, () => reply.raw.destroy())
    write(reply, body.pieces)
  }

  /** As {@link send}; in a coding only as fast as it is made, and then of a length not told. */
  async stream(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: LongAnswer & Form
  ): Promise<void> {
    const tag = tagOf(request, answer)
    setHead(reply, answer, tag)
    if (isHeld(request.headers['if-none-match'], tag)) return reply.code(304).send()
    reply.header('content-type', answer.mediaType)
    if (request.method === 'HEAD') return reply.send()
    const encoding = chooseEncoding(request.headers['accept-encoding'])
    if (encoding) reply.header('content-encoding', encoding)
    else reply.header('content-length', answer.length)
    reply.hijack()
    const { raw } = reply
    raw.setTimeout(this.#sendTimeoutMs, () => raw.destroy())
    raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
    const coding = encoding ? [compressing(encoding)] : []
    // A client that goes away ends it: there is nobody left to be told.
    await pipeline([Readable.from(answer.pieces()), ...coding, raw]).catch(() => {})
  }

  async #bodyFor({ headers }: FastifyRequest, tag: string, answer: Answer) {
    const encoding = chooseEncoding(headers['accept-encoding'])
    const { encoded } = answer
    if (encoded && encoded.encoding === encoding) return { encoding, pieces: [encoded.bytes] }
    const held = encoding && this.#compressed.get(tag, encoding)
    if (held) return { encoding, pieces: [held] }
    const pieces = answer.body()
    if (!encoding || lengthOf(pieces) <= minCompressed) return { encoding: undefined, pieces }
    return { encoding, pieces: [await this.#compressed.make(tag, encoding, pieces)] }
  }
}

const tagOf = (
  { caller, raw }: FastifyRequest,
  {
    mediaType,
    representation,
    digest
  }: Pick<Answer & Form, 'mediaType' | 'representation' | 'digest'>
): string =>
  createTag({
    scope: caller?.scope ?? '',
    url: raw.url ?? '',
    representation: `${mediaType} ${representation}`,
    content: digest
  })

/** A lifetime of 0 keeps the caching plugin from answering 304 by itself. */
const setHead = (reply: FastifyReply, { headers }: Pick<Answer, 'headers'>, tag: string) =>
  reply.headers(headers).header('cache-control', cacheControl).etag(tag, 0)

const lengthOf = (pieces: readonly Buffer[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)

/**
 * One gathered write of the pieces as they lie in memory: joining those of a large page costs four times as much as
 * all the rest. Past the framework, which would join them, or cut a stream off after its handler timeout. Ended only
 * when all is out: Node takes a connection for idle whose answer has ended, and a closing server would cut it off.
 */
function write(reply: FastifyReply, pieces: readonly Buffer[]): void {
  const length = lengthOf(pieces)
  const isScattered = length < pieces.length * minPiece
  reply.header('content-length', length).hijack()
  const { raw } = reply
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
  raw.cork()
  for (const piece of isScattered ? [Buffer.concat(pieces)] : pieces) raw.write(piece)
  raw.write('', () => raw.end())
  raw.uncork()
}
