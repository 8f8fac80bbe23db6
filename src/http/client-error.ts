import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { type ErrorKind, GatewayError } from '../kernel/errors.ts'
import { type ErrorForm, toErrorReply } from './errors.ts'

const kinds: Readonly<Record<string, ErrorKind>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout'
}

/** Answers what Node's HTTP parser refuses, on the bare socket. */
export const createClientErrorHandler =
  (logger: FastifyBaseLogger, form: ErrorForm) =>
  (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const failure = new GatewayError(kinds[error.code ?? ''] ?? 'malformed')
    const { status, headers, body, errorId } = toErrorReply(failure, form)
    const lines = Object.entries({ ...headers, 'content-length': body.length, connection: 'close' })
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    // A client that sent nothing may never close: its half of the connection would stay open.
    socket.end(Buffer.concat([toHead(status, head), body]), () => linger(socket))
    logger.info({ status, outcome: failure.kind, code: error.code, errorId }, 'request')
  }

/** Time for a client that is still sending to read its answer; a reset would discard the answer. */
const lingerMs = 1000

function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

const toHead = (status: number, head: string): Buffer =>
  Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n`)
