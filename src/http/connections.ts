import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import type { IsTrusted } from './origin.ts'

export interface ConnectionsOptions {
  /** Open at a time. One more is closed at once, and quiet ones are closed to make room. */
  readonly maxConnections: number
  /** The same for one client address; a proxy that is trusted has no such bound, as it stands for many. */
  readonly maxPerAddress?: number
  readonly isTrusted?: IsTrusted
}

interface Connection {
  readonly socket: Socket
  /** Requests whose answer is not out yet. */
  requests: number
}

/**
 * Bounds connections, and ends them in an orderly way: when the server closes, idle ones end at once (the framework
 * sees to that), the others right after the answer they are waiting for. Where there are too many, of all or of one
 * address, those go first that have been quiet for longest, so that no number of silent ones shuts others out.
 */
export const connectionsPlugin = fp<ConnectionsOptions>(
  async (app, { maxConnections, maxPerAddress = maxConnections, isTrusted = () => false }) => {
    const { server } = app
    const open = new Connections()
    server.maxConnections = maxConnections
    server.on('drop', () => {
      server.closeIdleConnections()
      open.endQuiet()
    })
    server.on('connection', (socket: Socket) => {
      const others = open.ofAddress(socket.remoteAddress)
      const isOver = others.length >= maxPerAddress && !isTrusted(socket.remoteAddress)
      if (isOver && !open.endQuiet(others)) socket.destroy()
      else open.add(socket)
      // The next one finds a place, which a full server would close before anybody hears of it.
      if (open.size >= maxConnections) open.endQuiet(open.othersThan(socket))
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      open.watch(request.socket, response)
    )
    const underWay = new Set<ServerResponse>()
    app.addHook('onRequest', (_request, { raw }, done) => {
      underWay.add(raw)
      raw.once('close', () => underWay.delete(raw))
      done()
    })
    app.addHook('preClose', async () => {
      for (const response of underWay) {
        if (!response.headersSent) response.setHeader('connection', 'close')
        response.once('close', () => setImmediate(() => server.closeIdleConnections()))
      }
    })
  },
  { name: 'connections', fastify: '5.x' }
)

/** What is open, the one that has been quiet for longest first. */
class Connections {
  readonly #all = new Map<string, Connection>()

  get size(): number {
    return this.#all.size
  }

  add(socket: Socket): void {
    const name = connectionKey(socket)
    this.#all.set(name, { socket, requests: 0 })
    socket.once('close', () => this.#all.delete(name))
  }

  /** @param socket that of TLS, where there is TLS: another object than the one that was added, of the same name. */
  watch(socket: Socket, response: ServerResponse): void {
    const name = connectionKey(socket)
    const connection = this.#all.get(name)
    if (!connection) return
    connection.requests++
    response.once('close', () => {
      connection.requests--
      if (this.#all.delete(name)) this.#all.set(name, connection)
    })
  }

  ofAddress(address: string | undefined): Connection[] {
    return [...this.#all.values()].filter(({ socket }) => socket.remoteAddress === address)
  }

  othersThan(socket: Socket): Connection[] {
    return [...this.#all.values()].filter(other => other.socket !== socket)
  }

  /** Ends the one that has been quiet for longest; false when all wait for answers. */
  endQuiet(among: Iterable<Connection> = this.#all.values()): boolean {
    for (const { socket, requests } of among) {
      if (requests > 0) continue
      this.#all.delete(connectionKey(socket))
      socket.destroy()
      return true
    }
    return false
  }
}

const connectionKey = ({ remoteAddress, remotePort }: Socket): string =>
  `${remoteAddress} ${remotePort}`
