import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Test } from 'tap'

/** A server that answers by script, for what goes wrong below the level of the simulator. */
export type Script = (request: IncomingMessage, response: ServerResponse) => void

export interface FakeServer {
  readonly url: string
  /** URLs of the requests that came, in order. */
  readonly requests: string[]
  readonly headers: IncomingMessage['headers'][]
}

/** The n-th request gets the n-th script, all further ones the last. Closed when the test ends. */
export async function fakeServer(t: Test, ...scripts: Script[]): Promise<FakeServer> {
  const requests: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    requests.push(request.url!)
    headers.push(request.headers)
    scripts[Math.min(requests.length, scripts.length) - 1]!(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, requests, headers }
}

interface SendOptions {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

export const text =
  (body: string | Buffer, { status = 200, headers = {} }: SendOptions = {}): Script =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  }

export const json = (value: unknown, options?: SendOptions): Script =>
  text(JSON.stringify(value), options)

export const gzipped = (value: unknown): Script =>
  text(gzipSync(JSON.stringify(value)), { headers: { 'content-encoding': 'gzip' } })

/** The connection is reset before a byte is answered. */
export const reset: Script = request => {
  request.socket.resetAndDestroy()
}

/** Something answers that does not speak HTTP. */
export const notHttp: Script = request => {
  request.socket.end('220 not what was meant\r\n')
}

/** Nothing is answered, ever. */
export const silence: Script = () => {}

/** The beginning of a body, then the given end of it. */
export const partOf =
  (body: string, end: 'cut' | 'silence', headers: Readonly<Record<string, string>> = {}): Script =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers })
    response.write(body, () => {
      if (end === 'cut') response.destroy()
    })
  }
