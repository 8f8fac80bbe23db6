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
  /** True when this very object is given for the same caller and URL again: what is made of it is kept with it. */
  readonly comesAgain?: boolean
}

/** A 200 that is too large to be held: its pieces are made as they are sent. */
export interface LongAnswer extends Pick<Answer, 'headers' | 'digest'> {
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
  readonly #heads = new WeakMap<object, Head>()
  readonly #sendTimeoutMs: number

  constructor({ compressedMaxBytes = 16 * 1024 * 1024, sendTimeoutMs = 30_000 }: AnswersOptions) {
    this.#compressed = new CompressedAnswers(compressedMaxBytes)
    this.#sendTimeoutMs = sendTimeoutMs
  }

  /**
   * Needs `privateAnswers` on the scope. A HEAD costs no body, and tells none of its length. Returns at once unless
   * there is something to compress.
   */
  send(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: Answer & Form
  ): Promise<void> | undefined {
    if (request.report) request.report.foundMs = reply.elapsedTime
    const head = this.#headOf(request, answer)
    if (endsAtHead(request, reply, head)) return undefined
    const encoding = chooseEncoding(request.headers['accept-encoding'])
    const encoded = encoding && this.#held(head.tag, encoding, answer)
    if (encoded) return this.#write(request, reply, { ...head, encoding }, [encoded])
    const pieces = answer.body()
    if (!encoding || lengthOf(pieces) <= minCompressed)
      return this.#write(request, reply, head, pieces)
    return this.#compressed
      .make(head.tag, encoding, pieces)
      .then(bytes => this.#write(request, reply, { ...head, encoding }, [bytes]))
  }

  /** As {@link send}; in a coding only as fast as it is made, and then of a length not told. */
  async stream(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: LongAnswer & Form
  ): Promise<void> {
    if (request.report) request.report.foundMs = reply.elapsedTime
    const head = this.#headOf(request, answer)
    if (endsAtHead(request, reply, head)) return
    const encoding = chooseEncoding(request.headers['accept-encoding'])
    const body = encoding ? { encoding } : { length: answer.length }
    if (!encoding && request.report) request.report.bytes = answer.length
    const { raw } = reply.hijack()
    raw.setTimeout(this.#sendTimeoutMs, () => raw.destroy())
    raw.writeHead(200, headersOf(reply, { ...head, ...body }))
    const coding = encoding ? [compressing(encoding)] : []
    // A client that goes away ends it: there is nobody left to be told.
    await pipeline([Readable.from(answer.pieces()), ...coding, raw]).catch(() => {})
  }

  #held(tag: string, encoding: Encoding, { encoded }: Answer): Buffer | undefined {
    return encoded?.encoding === encoding ? encoded.bytes : this.#compressed.get(tag, encoding)
  }

  #headOf(request: FastifyRequest, answer: (Answer | LongAnswer) & Form): Head {
    const known = this.#heads.get(answer)
    if (known) return known
    const { headers, mediaType, representation, digest } = answer
    const tag = createTag({
      scope: request.caller?.scope ?? '',
      url: request.raw.url ?? '',
      representation: `${mediaType} ${representation}`,
      content: digest
    })
    const head = {
      tag,
      mediaType,
      headers: { ...headers, 'cache-control': cacheControl, etag: tag }
    }
    if ('comesAgain' in answer) this.#heads.set(answer, head)
    return head
  }

  /**
   * One gathered write of the pieces as they lie in memory: joining those of a large page costs four times as much as
   * all the rest. Past the framework, which would join them, or cut a stream off after its handler timeout. Ended only
   * when all is out: Node takes a connection for idle whose answer has ended, and a closing server would cut it off.
   */
  #write(
    request: FastifyRequest,
    reply: FastifyReply,
    head: Head & { readonly encoding?: Encoding },
    pieces: readonly Buffer[]
  ): undefined {
    const length = lengthOf(pieces)
    const isScattered = length < pieces.length * minPiece
    if (request.report) request.report.bytes = length
    const { raw } = reply.hijack()
    raw.cork()
    raw.writeHead(200, headersOf(reply, { ...head, length }))
    for (const piece of isScattered ? [Buffer.concat(pieces)] : pieces) raw.write(piece)
    raw.uncork()
    if (raw.writableLength === 0) raw.end()
    else {
      raw.setTimeout(this.#sendTimeoutMs, () => raw.destroy())
      raw.write('', () => raw.end())
    }
  }
}

interface Head {
  readonly tag: string
  readonly mediaType: string
  readonly headers: Readonly<Record<string, string>>
}

/** True when there was no body to send: the client has it, or wants none. */
function endsAtHead(request: FastifyRequest, reply: FastifyReply, head: Head): boolean {
  const isUnchanged = isHeld(request.headers['if-none-match'], head.tag)
  if (!isUnchanged && request.method !== 'HEAD') return false
  const headers = isUnchanged ? { ...reply.getHeaders(), ...head.headers } : headersOf(reply, head)
  reply
    .hijack()
    .raw.writeHead(isUnchanged ? 304 : 200, headers as OutgoingHttpHeaders)
    .end()
  return true
}

/** What hooks have put on the reply goes out as well. */
const headersOf = (
  reply: FastifyReply,
  body: Head & { readonly encoding?: Encoding | undefined; readonly length?: number }
): OutgoingHttpHeaders =>
  Object.assign(
    {},
    reply.getHeaders(),
    body.headers,
    { 'content-type': body.mediaType },
    body.encoding && { 'content-encoding': body.encoding },
    body.length !== undefined && { 'content-length': body.length }
  )

const lengthOf = (pieces: readonly Buffer[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)
