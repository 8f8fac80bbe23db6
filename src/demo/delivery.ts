/** Sends an answer, or what a fault makes of it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Fault } from './faults.ts'
import { jsonBody, type Payload } from './feeds/formats.ts'
import type { Switches } from './switches.ts'

export interface Reply {
  readonly status: number
  readonly body: Payload
}

export interface DeliveryOptions {
  readonly fault: Fault | undefined
  readonly gzip: boolean
  readonly date: Switches['date']
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Ends waiting when the simulator closes. */
  readonly signal: AbortSignal
}

const compress = promisify(gzip)

const html = (title: string): Payload => ({
  type: 'text/html',
  bytes: Buffer.from(`<html><head><title>${title}</title></head><body>${title}</body></html>`),
  headers: {}
})

/** What the client gets in place of the right answer; unchanged for faults of the connection. */
function distort(answer: Reply, fault: Fault | undefined, now: number): Reply {
  switch (fault?.kind) {
    case 'status':
      return statusAnswer(fault, now)
    case 'error-object':
      return { status: 200, body: jsonBody('{"message":"Internal error","code":"INTHREAT1"}') }
    case 'html':
      return { status: 200, body: html('Maintenance') }
    case 'null':
      return { status: 200, body: jsonBody('null') }
    case 'no-items':
      return { status: 200, body: jsonBody('{"next_cursor":null}') }
    case 'truncated':
      return { ...answer, body: { ...answer.body, bytes: firstPart(answer.body.bytes) } }
    default:
      return answer
  }
}

function statusAnswer(fault: Fault, now: number): Reply {
  const { status = 503, retryAfterSeconds, retryAfterAsDate, location } = fault
  const plain = status >= 500 ? html(`${status} from the proxy`) : jsonBody(errorText(status))
  if (location !== undefined) return { status, body: { ...plain, headers: { location } } }
  if (retryAfterSeconds === undefined) return { status, body: plain }
  const date = () => new Date(now + retryAfterSeconds * 1000).toUTCString()
  const headers = { 'retry-after': retryAfterAsDate ? date() : String(retryAfterSeconds) }
  return { status, body: { ...plain, headers } }
}

const errorText = (status: number): string =>
  JSON.stringify({ message: `Simulated ${status}`, code: `INTHREAT${status}` })

/** Sends; resolves when there is nothing more to send. */
export async function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Reply,
  options: DeliveryOptions
): Promise<void> {
  const { fault, signal } = options
  if (fault?.delayMs) await delay(fault.delayMs, undefined, { signal })
  const zipped = options.gzip && /\bgzip\b/.test(String(request.headers['accept-encoding']))
  response.sendDate = options.date !== 'none'
  const { status, body } = distort(answer, fault, options.now)
  const bytes =
    zipped && body.bytes.length > 0 ? await compress(body.bytes, { level: 1 }) : body.bytes
  if (fault?.kind === 'reset' && fault.afterBytes === 0) {
    request.socket.resetAndDestroy()
    return
  }
  response.writeHead(status, {
    'content-type': body.type,
    ...(options.date === 'clock' && { date: new Date(options.now).toUTCString() }),
    ...(status === 204 ? {} : { 'content-length': bytes.length }),
    ...(zipped || fault?.kind === 'bad-gzip' ? { 'content-encoding': 'gzip' } : {}),
    ...body.headers
  })
  write(request, response, bytes, fault)
}

function write(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  fault: Fault | undefined
): void {
  if (fault?.kind === 'stall') response.write(firstPart(bytes, fault.afterBytes))
  else if (fault?.kind === 'reset') {
    response.write(firstPart(bytes, fault.afterBytes), () => request.socket.resetAndDestroy())
  } else response.end(fault?.kind === 'bad-gzip' ? spoiled(bytes) : bytes)
}

const firstPart = (bytes: Buffer, count = bytes.length >> 1): Buffer => bytes.subarray(0, count)

function spoiled(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy.fill(0xff, copy.length >> 1)
  return copy
}
