import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
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

/** What a handler of a dialect has found. */
export type Answer = Content | LongContent | Verbatim

/** A 200 in memory, before it is known whether the client has it already. */
export interface Content extends Tagged {
  /** The bytes, in pieces; called only when they are to be sent. */
  readonly body: () => readonly Buffer[]
  /** The whole body in a coding that is at hand. */
  readonly encoded?: { readonly encoding: Encoding; readonly bytes: Buffer }
  /** True while the same request would get the same content: it may be given again without being made again. */
  readonly validity?: Validity | undefined
  /** Called each time the content is given, for what is to be logged and counted of it. */
  readonly note?: (request: FastifyRequest) => void
}

/** A 200 that is too large to be held: its pieces are made as they are sent. */
export interface LongContent extends Tagged {
  /** Bytes of all pieces. */
  readonly length: number
  readonly pieces: () => Iterable<Buffer>
}

/** An answer of any status without an entity tag: the outcome of a write, or what another server said. */
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
  /** A client that takes nothing of its answer for this long is cut off. Default 30 s. */
  readonly sendTimeoutMs?: number
}

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

  /** What {@link send} gave to the same caller for the same URL, if it would be made again as it was. */
  held(request: FastifyRequest): Prepared | undefined {
    const cached = this.#cache.get(keyOf(request))
    return cached && { ...cached.response, body: () => cached.pieces }
  }

  /**
   * Needs `privateAnswers` on the scope. A HEAD costs no body, and tells none of its length. Returns at once unless
   * there is something to compress, or to be made while it is sent.
   *
   * @param representation see `createTag`.
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
      return this.#write(request, reply, head, pieces)
    return this.#compressed
      .make(head.tag, encoding, pieces)
      .then(bytes => this.#write(request, reply, head, [bytes], encoding))
  }

  /** In a coding only as fast as it is made, and then of a length not told. */
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
    raw.setTimeout(this.#sendTimeoutMs, () => raw.destroy())
    raw.writeHead(200, headersOf(reply, head, body))
    const coding = encoding ? [compressing(encoding)] : []
    // A client that goes away ends it: there is nobody left to be told.
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
   * One gathered write of the pieces as they lie in memory: joining those of a large page costs four times as much as
   * all the rest. Past the framework, which would join them, or cut a stream off after its handler timeout. Ended only
   * when all is out: Node takes a connection for idle whose answer has ended, and a closing server would cut it off.
   */
  #write(
    request: FastifyRequest,
    reply: FastifyReply,
    head: ResponseHead,
    pieces: readonly Buffer[],
    encoding?: Encoding
  ): undefined {
    const length = lengthOf(pieces)
    const isScattered = length < pieces.length * minPiece
    if (request.report) request.report.bytes = length
    const { raw } = reply.hijack()
    raw.cork()
    raw.writeHead(200, headersOf(reply, head, { encoding, length }))
    for (const piece of isScattered ? [Buffer.concat(pieces)] : pieces) raw.write(piece)
    raw.uncork()
    if (raw.writableLength === 0) raw.end()
    else {
      raw.setTimeout(this.#sendTimeoutMs, () => raw.destroy())
      raw.write('', () => raw.end())
    }
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

const lengthOf = (pieces: readonly Buffer[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)
