import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'
import { boundForwarded } from './forwarded-requests.ts'
import type { IsTrusted } from './origin.ts'

export interface ConnectionsOptions {
  /** Most open connections. A further one is closed at once, and idle ones are closed to make room. */
  readonly maxConnections: number
  /**
   * The same for one client address. A trusted proxy has no such bound, because it stands for many clients: each of
   * these may have so many requests under way.
   */
  readonly maxPerAddress?: number
  readonly isTrusted?: IsTrusted
}

interface Connection {
  readonly socket: Socket
  /** Requests whose answer is not out yet. */
  requests: number
  /** To the request that came last. */
  answer: ServerResponse | undefined
  /** Grows: the connection with the smallest has been quiet for longest. */
  quietSince: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** From now on each answer ends its connection, while new ones are served as before. */
    endKeepAlive(): void
  }
}

/**
 * Bounds the number of connections and closes them in order. When the server closes, the framework ends idle
 * connections at once; the others end after the answer they wait for. If there are too many, in all or from one
 * address, those that were idle longest are closed first, so that silent clients shut nobody out.
 */
export const connectionsPlugin = fp<ConnectionsOptions>(
  async (app, { maxConnections, maxPerAddress = maxConnections, isTrusted = () => false }) => {
    const { server } = app
    const open = new Connections()
    server.maxConnections = maxConnections
    // A worker that is full closes them, as a process alone does: it would hand them to others, round and round.
    Object.assign(server, { dropMaxConnection: true })
    server.on('drop', () => {
      server.closeIdleConnections()
      open.endQuiet()
    })
    server.on('connection', (socket: Socket) => {
      const others = open.ofAddress(socket.remoteAddress)
      const isOver = others.length >= maxPerAddress && !isTrusted(socket.remoteAddress)
      if (isOver && !open.endQuiet(others)) socket.destroy()
      else open.add(socket)
      // Makes room for the next connection, which a full server would close before any code sees it.
      if (open.size >= maxConnections) open.endQuiet(open.othersThan(socket))
    })
    let keepsAlive = true
    app.decorate('endKeepAlive', () => {
      keepsAlive = false
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      open.watch(request.socket, response)
      if (!keepsAlive) response.setHeader('connection', 'close')
    })
    boundForwarded(app, { maxPerAddress, isTrusted })
    app.addHook('preClose', async () => {
      for (const response of open.lastAnswers()) {
        if (!response.headersSent) response.setHeader('connection', 'close')
        response.once('close', () => setImmediate(() => server.closeIdleConnections()))
      }
    })
  },
  { name: 'connections', fastify: '5.x' }
)

/** What is open. */
class Connections {
  readonly #all = new Map<string, Connection>()
  /** By the socket of its requests. */
  readonly #known = new WeakMap<Socket, Connection>()
  #now = 0

  get size(): number {
    return this.#all.size
  }

  add(socket: Socket): void {
    const name = connectionKey(socket)
    this.#all.set(name, { socket, requests: 0, answer: undefined, quietSince: this.#now++ })
    socket.once('close', () => this.#all.delete(name))
  }

  /** @param socket for TLS another object than the one that was added, with the same address and port */
  watch(socket: Socket, response: ServerResponse): void {
    const connection = this.#ofRequest(socket)
    if (!connection) return
    connection.requests++
    connection.answer = response
    response.on('close', () => {
      connection.requests--
      connection.quietSince = this.#now++
    })
  }

  /** Of each connection the answer after which nothing is under way any more. */
  lastAnswers(): ServerResponse[] {
    return [...this.#all.values()].flatMap(({ requests, answer }) =>
      requests > 0 && answer ? [answer] : []
    )
  }

  #ofRequest(socket: Socket): Connection | undefined {
    const known = this.#known.get(socket)
    if (known) return known
    const connection = this.#all.get(connectionKey(socket))
    if (connection) this.#known.set(socket, connection)
    return connection
  }

  ofAddress(address: string | undefined): Connection[] {
    return [...this.#all.values()].filter(({ socket }) => socket.remoteAddress === address)
  }

  othersThan(socket: Socket): Connection[] {
    return [...this.#all.values()].filter(other => other.socket !== socket)
  }

  /** Closes the connection that was idle longest. False if all wait for answers. */
  endQuiet(among: Iterable<Connection> = this.#all.values()): boolean {
    let first: Connection | undefined
    for (const connection of among)
      if (connection.requests === 0 && !(first && first.quietSince < connection.quietSince))
        first = connection
    if (!first) return false
    this.#all.delete(connectionKey(first.socket))
    first.socket.destroy()
    return true
  }
}

const connectionKey = ({ remoteAddress, remotePort }: Socket): string =>
  `${remoteAddress} ${remotePort}`
