import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import type { ApiKey } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/ports.ts'
import { toAstray } from './address.ts'
import { createDispatcher, type DispatcherOptions } from './dispatcher.ts'
import { tooLarge, toStatusError, toTransportError, unusable } from './failures.ts'
import { parseError, parseRetryAfter, type SekoiaError } from './wire.ts'

/** One request, one complete answer: the only place that speaks HTTP to Sekoia. */
export interface TransportOptions extends DispatcherOptions {
  readonly origin: string
  /** The longest pause that is handed on from `Retry-After`. */
  readonly maxPauseMs: number
  readonly clock: Clock
}

/** A complete answer: 200, or 429, which is pacing and no failure; to raw requests any status below 500. */
export interface UpstreamAnswer {
  readonly status: number
  /** As Sekoia wrote it. */
  readonly contentType: string
  /** Without parameters, lower case; '' when Sekoia named none. */
  readonly mediaType: string
  /** The header `Cursor`, which pages other than JSON have. */
  readonly cursor: string | undefined
  /** Decompressed. */
  readonly body: Buffer
  /** Of a 429, as Sekoia named it. */
  readonly retryAfterMs: number | undefined
  /** Sekoia's clock less ours, by the `Date` header; to the second. */
  readonly clockSkewMs: number | undefined
  /** The `Date` header, ms since the epoch; undefined for what a cache on the way may have kept (`Age`). */
  readonly toldAt: number | undefined
}

export interface SendRequest {
  readonly path: string
  readonly key: ApiKey
  readonly signal: AbortSignal
  /** Called with each piece of the answer. */
  onProgress(): void
  /** Default GET. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
  /** True: an answer of any status below 500 is no failure. */
  readonly isRaw?: boolean
}

export interface Transport {
  /** Throws GatewayError, or the signal's reason once it is aborted. */
  send(request: SendRequest): Promise<UpstreamAnswer>
  /** Ends at once; calls under way fail. */
  close(): Promise<void>
}

const inflate = promisify(gunzip)

/** Repair makes pages longer: with a thirty-second more they can be repaired where they lie. */
const withRoom = (size: number): number => size + (size >> 5)

/** The size that the end of a gzip body claims (RFC 1952 §2.3.1): what comes out fits one buffer of it. */
const plainSizeOf = (raw: Buffer, most: number): number =>
  raw.length < 4
    ? 1024
    : withRoom(Math.min(Math.max(1024, raw.readUInt32LE(raw.length - 4) + 1), most))

export function createTransport(options: TransportOptions): Transport {
  const { origin, clock, maxBodyBytes } = options
  const dispatcher = createDispatcher(options)

  async function exchange(request: SendRequest, authorization: string) {
    const { path, signal, onProgress, method = 'GET', headers = {}, body = null } = request
    try {
      const response = await dispatcher.request({
        origin,
        path,
        method: method as Dispatcher.HttpMethod,
        headers: {
          accept: 'application/json',
          ...headers,
          authorization,
          'accept-encoding': 'gzip'
        },
        body,
        signal
      })
      onProgress()
      const pieces: Buffer[] = []
      for await (const piece of response.body) {
        pieces.push(piece)
        onProgress()
      }
      return { response, raw: Buffer.concat(pieces) }
    } catch (error) {
      throw signal.aborted ? signal.reason : toTransportError(error)
    }
  }

  async function send(request: SendRequest): Promise<UpstreamAnswer> {
    const authorization = `Bearer ${request.key.reveal()}`
    if (!/^Bearer [\x21-\x7e]+$/.test(authorization)) throw new GatewayError('unauthorized')
    const { response, raw } = await exchange(request, authorization)
    const { statusCode: status, headers } = response
    const named = parseRetryAfter(header(headers, 'retry-after'), clock.now())
    const contentType = header(headers, 'content-type') ?? ''
    const mediaType = mediaTypeOf(contentType)
    const isAnswer = status === 200 || status === 429 || (request.isRaw && status < 500)
    const encoding = header(headers, 'content-encoding')
    const error = isAnswer ? undefined : await errorOf(raw, encoding)
    const astray = toAstray({
      status,
      mediaType,
      location: header(headers, 'location'),
      url: new URL(request.path, origin),
      isSekoiaError: error?.isSekoiaError ?? true
    })
    if (astray && !request.isRaw) throw astray
    if (!isAnswer) {
      const retryAfterMs = named === undefined ? undefined : Math.min(named, options.maxPauseMs)
      throw toStatusError({ status, code: error?.code, retryAfterMs })
    }
    return {
      status,
      contentType,
      mediaType,
      body: status === 429 ? raw : await decode(raw, encoding),
      retryAfterMs: named,
      cursor: header(headers, 'cursor'),
      clockSkewMs: skewOf(header(headers, 'date')),
      toldAt: header(headers, 'age') === undefined ? timeOf(header(headers, 'date')) : undefined
    }
  }

  async function decode(raw: Buffer, encoding = 'identity'): Promise<Buffer> {
    if (encoding === 'identity' || raw.length === 0) return raw
    if (!/^(?:x-)?gzip$/i.test(encoding)) throw unusable('unknown content encoding')
    try {
      return await inflate(raw, {
        maxOutputLength: maxBodyBytes,
        chunkSize: plainSizeOf(raw, maxBodyBytes)
      })
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(error)
      throw unusable('the answer is not gzip', error)
    }
  }

  async function errorOf(raw: Buffer, encoding: string | undefined): Promise<SekoiaError> {
    const body = await decode(raw, encoding).catch(() => Buffer.alloc(0))
    return parseError(body.toString('utf8', 0, 4096))
  }

  function skewOf(date: string | undefined): number | undefined {
    const millis = timeOf(date)
    return millis === undefined ? undefined : millis - clock.now()
  }

  return { send, close: () => dispatcher.destroy() }
}

function timeOf(date = ''): number | undefined {
  const millis = Date.parse(date)
  return Number.isNaN(millis) ? undefined : millis
}

const mediaTypeOf = (contentType = ''): string => contentType.split(';', 1)[0]!.trim().toLowerCase()

function header(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
