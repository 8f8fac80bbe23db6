import { type AddressInfo, connect } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Listens on a free port of the loopback interface. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** Writes the text to a socket as it is, and gives all that comes back until the server closes it. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
}

/** A request head; `Connection: close` makes the server end the socket after its answer. */
export const head = (line: string, ...headers: string[]): string =>
  `${[line, 'Host: gateway.example.com', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`
