import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { bytesOf, type Chunk } from '../kernel/chunk.ts'
import { type Clock, systemClock } from '../kernel/ports.ts'
import type { Validity } from '../kernel/validity.ts'
import { CompressedAnswers } from './compressed.ts'
import { chooseEncoding, compressing, type Encoding } from './encodings.ts'
import { ResponseCache } from './response-cache.ts'
import {
  cacheControl,
  endsAtHead,
  headersOf,
  type ResponseHead,
  type Tagged,
  toHead
} from './response-head.ts'
import { sendBody } from './send-body.ts'

/** What a handler returns. */
export type Answer = Content | LongContent | Verbatim

/** A 200 in memory; whether the client already has it is decided later. */
export interface Content extends Tagged {
  /** The bytes, in pieces. Called only if they are sent. */
  readonly body: () => readonly Chunk[]
  /** The whole body in a coding, if it is already there. */
  readonly encoded?: { readonly encoding: Encoding; readonly bytes: Buffer }
  /** True while the same request would get the same content: then the answer is sent again without the handler. */
  readonly validity?: Validity | undefined
  /** Called each time the content is sent, to log and count it. */
  readonly note?: (request: FastifyRequest) => void
}

/** A 200 too large for memory: its pieces are made while it is sent. */
export interface LongContent extends Tagged {
  /** Bytes of all pieces. */
  readonly length: number
  readonly pieces: () => Iterable<Buffer>
}

/** An answer of any status without an entity tag, such as the result of a write or another server's answer. */
export interface Verbatim {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
}

export interface AnswersOptions {
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>
  /** Bytes of compressed bodies held. Default 16 MiB. */
  readonly compressedMaxBytes?: number
  /** A client that reads nothing of its answer for this long is disconnected. Default 30 s. */
  readonly sendTimeoutMs?: number
}

/** Bodies up to this size fit into a packet or two and are not compressed. */
const minCompressed = 1024

/** Pieces smaller than this on average are joined before they are sent. */
const minPiece = 16 * 1024

/**
 * Sends answers: 304 if the client has the content (RFC 9110 §13), else the content in the coding it asks for. By
 * then the dialect has checked that the key may see it.
 */
export class Answers {
  readonly #compressed: CompressedAnswers
  readonly #cache: ResponseCache<Omit<Prepared, 'body'>>
  readonly #sendTimeoutMs: number

  constructor({
    clock = systemClock,
    compressedMaxBytes = 16 * 1024 * 1024,
    sendTimeoutMs = 30_000
  }: AnswersOptions) {
    this.#cache = new ResponseCache(clock)
    this.#compressed = new CompressedAnswers(compressedMaxBytes)
    this.#sendTimeoutMs = sendTimeoutMs
  }

  /** The answer that {@link send} gave to the same caller for the same URL, while it is still valid. */
  held(request: FastifyRequest): Prepared | undefined {
    const cached = this.#cache.get(keyOf(request))
    return cached && { ...cached.response, body: () => cached.pieces }
  }

  /**
   * Needs `privateAnswers` on the scope. For HEAD the body is not made, so no length is sent. Returns no promise
   * unless something is compressed or made while it is sent.
   *
   * @param representation see `createTag`
   */
  send(
    request: FastifyRequest,
    reply: FastifyReply,
    answer: Answer | Prepared,
    representation: string
  ): Promise<void> | undefined {
    if (request.report) request.report.foundMs = reply.elapsedTime
    if ('status' in answer) return sendVerbatim(reply, answer)
    const head = 'head' in answer ? answer.head : toHead(request, answer, representation)
    if ('body' in answer) this.#keep(request, answer, head)
    if (endsAtHead(request, reply, head)) return undefined
    const encoding = chooseEncoding(request.headers['accept-encoding'])
    return 'pieces' in answer
      ? this.#stream(request, reply, answer, head, encoding)
      : this.#sendContent(request, reply, answer, head, encoding)
  }

  #sendContent(
    request: FastifyRequest,
    reply: FastifyReply,
    content: Content,
    head: ResponseHead,
    encoding: Encoding | undefined
  ): Promise<void> | undefined {
    const encoded = encoding && this.#held(head.tag, encoding, content)
    if (encoded) return this.#write(request, reply, head, [encoded], encoding)
    const pieces = content.body()
    if (!encoding || lengthOf(pieces) <= minCompressed)
      return this.#write(request, reply, head, pieces.map(bytesOf))
    return this.#compressed
      .make(head.tag, encoding, pieces)
      .then(bytes => this.#write(request, reply, head, [bytes], encoding))
  }

  /** Sends pieces as they are made; in a coding the length is not known. */
  async #stream(
    request: FastifyRequest,
    reply: FastifyReply,
    content: LongContent,
    head: ResponseHead,
    encoding: Encoding | undefined
  ): Promise<void> {
    const body = encoding ? { encoding } : { length: content.length }
    if (!encoding && request.report) request.report.bytes = content.length
    const { raw } = reply.hijack()
    // A pipeline adds several listeners to those of the log, the bounds and the queue: together more than ten.
    raw.setMaxListeners(20)
    raw.setTimeout(this.#sendTimeoutMs, () => raw.destroy())
    raw.writeHead(200, headersOf(reply, head, body))
    const coding = encoding ? [compressing(encoding)] : []
    // A client that disconnects ends it: there is nobody to report to.
    await pipeline([Readable.from(content.pieces()), ...coding, raw]).catch(() => {})
  }

  #keep(request: FastifyRequest, content: Content | Prepared, head: ResponseHead): void {
    if (!content.validity || 'head' in content) return
    const { body, ...rest } = content
    this.#cache.set(keyOf(request), { ...rest, head }, body(), content.validity)
  }

  #held(tag: string, encoding: Encoding, { encoded }: Content): Buffer | undefined {
    return encoded?.encoding === encoding ? encoded.bytes : this.#compressed.get(tag, encoding)
  }

  /**
   * Sends the pieces as they lie in memory: joining those of a large page costs four times as much as all the rest. It
   * bypasses the framework, which would join them, or cut a stream off after its handler timeout.
   */
  #write(
    request: FastifyRequest,
    reply: FastifyReply,
    head: ResponseHead,
    pieces: readonly Buffer[],
    encoding?: Encoding
  ): undefined {
    const length = lengthOf(pieces)
    const isScattered = pieces.length > 1 && length < pieces.length * minPiece
    if (request.report) request.report.bytes = length
    const { raw } = reply.hijack()
    raw.writeHead(200, headersOf(reply, head, { encoding, length }))
    sendBody(raw, isScattered ? [Buffer.concat(pieces)] : pieces, this.#sendTimeoutMs)
  }
}

/** Content for one caller and one URL. */
interface Prepared extends Content {
  readonly head: ResponseHead
}

const keyOf = ({ caller, raw }: FastifyRequest): string => `${caller?.scope} ${raw.url}`

function sendVerbatim(reply: FastifyReply, { status, headers, bytes }: Verbatim): undefined {
  reply
    .code(status)
    .headers({ 'cache-control': cacheControl, ...headers })
    .send(bytes)
}

const lengthOf = (pieces: readonly Chunk[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)
