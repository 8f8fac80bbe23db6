import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type Dispatcher, Pool } from 'undici'
import type { ApiKey } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Clock } from '../kernel/ports.ts'
import { tooLarge, toStatusError, toTransportError, unusable } from './failures.ts'
import { parseErrorCode, parseRetryAfter } from './wire.ts'

/** One request, one complete answer: the only place that speaks HTTP to Sekoia. */
export interface TransportOptions {
  readonly origin: string
  readonly connectTimeoutMs: number
  /** From the request to the last header. */
  readonly headersTimeoutMs: number
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs: number
  /** Bound on a body, as sent and as decompressed. */
  readonly maxBodyBytes: number
  readonly clock: Clock
}

/** A complete answer: 200, or 429, which is pacing and no failure; to raw requests any status below 500. */
export interface Answer {
  readonly status: number
  /** As Sekoia wrote it. */
  readonly contentType: string
  /** Without parameters, lower case; '' when Sekoia named none. */
  readonly mediaType: string
  /** The header `Cursor`, which pages other than JSON have. */
  readonly cursor: string | undefined
  /** Decompressed. */
  readonly body: Buffer
  readonly retryAfterMs: number | undefined
  /** Sekoia's clock less ours, by the `Date` header; to the second. */
  readonly clockSkewMs: number | undefined
}

export interface SendRequest {
  readonly path: string
  readonly key: ApiKey
  readonly signal: AbortSignal
  /** Default GET. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
  /** True: an answer of any status below 500 is no failure. */
  readonly isRaw?: boolean
}

export interface Transport {
  /** Throws GatewayError, or the signal's reason once it is aborted. */
  send(request: SendRequest): Promise<Answer>
  /** Ends at once; calls under way fail. */
  close(): Promise<void>
}

const maxConnections = 64
const inflate = promisify(gunzip)

/** The size that the end of a gzip body claims (RFC 1952 §2.3.1): what comes out fits one buffer of it. */
const plainSizeOf = (raw: Buffer, most: number): number =>
  raw.length < 4 ? 1024 : Math.min(Math.max(1024, raw.readUInt32LE(raw.length - 4) + 1), most)

export function createTransport(options: TransportOptions): Transport {
  const pool = new Pool(options.origin, {
    connections: maxConnections,
    connect: { timeout: options.connectTimeoutMs },
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    maxResponseSize: options.maxBodyBytes
  })

  async function exchange(request: SendRequest, authorization: string) {
    const { path, signal, method = 'GET', headers = {}, body = null } = request
    try {
      const response = await pool.request({
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
      return { response, raw: Buffer.from(await response.body.arrayBuffer()) }
    } catch (error) {
      throw signal.aborted ? signal.reason : toTransportError(error)
    }
  }

  async function send(request: SendRequest): Promise<Answer> {
    const authorization = `Bearer ${request.key.reveal()}`
    if (!/^Bearer [\x21-\x7e]+$/.test(authorization)) throw new GatewayError('unauthorized')
    const { response, raw } = await exchange(request, authorization)
    const { statusCode: status, headers } = response
    const retryAfterMs = parseRetryAfter(header(headers, 'retry-after'), options.clock.now())
    const isAnswer = status === 200 || status === 429 || (request.isRaw && status < 500)
    if (!isAnswer) {
      const code = await codeOf(raw, header(headers, 'content-encoding'))
      throw toStatusError({ status, code, retryAfterMs })
    }
    const contentType = header(headers, 'content-type') ?? ''
    return {
      status,
      contentType,
      mediaType: contentType.split(';', 1)[0]!.trim().toLowerCase(),
      cursor: header(headers, 'cursor'),
      body: status === 429 ? raw : await decode(raw, header(headers, 'content-encoding')),
      retryAfterMs,
      clockSkewMs: skewOf(header(headers, 'date'))
    }
  }

  async function decode(raw: Buffer, encoding = 'identity'): Promise<Buffer> {
    if (encoding === 'identity' || raw.length === 0) return raw
    if (!/^(?:x-)?gzip$/i.test(encoding)) throw unusable('unknown content encoding')
    try {
      return await inflate(raw, {
        maxOutputLength: options.maxBodyBytes,
        chunkSize: plainSizeOf(raw, options.maxBodyBytes)
      })
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(error)
      throw unusable('the answer is not gzip', error)
    }
  }

  async function codeOf(raw: Buffer, encoding: string | undefined): Promise<string | undefined> {
    const body = await decode(raw, encoding).catch(() => Buffer.alloc(0))
    return parseErrorCode(body.toString('utf8', 0, 4096))
  }

  function skewOf(date: string | undefined): number | undefined {
    const millis = Date.parse(date ?? '')
    return Number.isNaN(millis) ? undefined : millis - options.clock.now()
  }

  return { send, close: () => pool.destroy() }
}

function header(headers: Dispatcher.ResponseData['headers'], name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}
