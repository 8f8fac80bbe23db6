import { randomUUID } from 'node:crypto'
import type { GatewayError } from '../kernel/errors.ts'
import { taxiiType } from './negotiate.ts'

/** An error as it goes out: everything an HTTP layer needs, whichever layer that is. */
export interface ErrorReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Names this occurrence in the answer and in the log (T-3.6.1-4). */
  readonly errorId: string
}

const challenge =
  'Basic realm="sekoia-feed-gateway", charset="UTF-8", Bearer realm="sekoia-feed-gateway"'
const defaultRetrySeconds = 10

/** The error resource of TAXII 2.1 §3.6.1 with its headers. Only the public text of the error is in it. */
export function toErrorReply(error: GatewayError): ErrorReply {
  const errorId = randomUUID()
  const body = JSON.stringify({
    title: error.title,
    ...(error.detail !== undefined && { description: error.detail }),
    error_id: errorId,
    error_code: error.kind,
    http_status: String(error.status)
  })
  return { status: error.status, headers: errorHeaders(error), body: Buffer.from(body), errorId }
}

function errorHeaders({ status, retryAfterSeconds }: GatewayError): Record<string, string> {
  const waits = status === 429 || status === 503
  const retryAfter = retryAfterSeconds ?? (waits ? defaultRetrySeconds : undefined)
  return {
    'content-type': taxiiType,
    'cache-control': 'no-store',
    ...(status === 401 && { 'www-authenticate': challenge }),
    ...(retryAfter !== undefined && { 'retry-after': String(Math.ceil(retryAfter)) })
  }
}
