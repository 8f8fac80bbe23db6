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

/** A complete answer: 200, or 429, which is pacing and no failure. */
export interface Answer {
  readonly status: 200 | 429
  /** Without parameters, lower case; '' when Sekoia named none. */
  readonly mediaType: string
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

  async function exchange({ path, signal }: SendRequest, authorization: string) {
    try {
      const response = await pool.request({
        path,
        method: 'GET',
        headers: { authorization, accept: 'application/json', 'accept-encoding': 'gzip' },
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
    if (status !== 200 && status !== 429) {
      const code = await codeOf(raw, header(headers, 'content-encoding'))
      throw toStatusError({ status, code, retryAfterMs })
    }
    return {
      status,
      mediaType: (header(headers, 'content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase(),
      body: status === 200 ? await decode(raw, header(headers, 'content-encoding')) : raw,
      retryAfterMs,
      clockSkewMs: skewOf(header(headers, 'date'))
    }
  }

  async function decode(raw: Buffer, encoding = 'identity'): Promise<Buffer> {
    if (encoding === 'identity') return raw
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
