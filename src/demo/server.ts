/** The HTTP side: plain node:http, so that faults can reach down to the socket. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { keyOf } from './access.ts'
import type { ControlCall } from './control.ts'
import { deliver, type Reply } from './delivery.ts'
import { jsonBody } from './feeds/formats.ts'
import { Problem } from './problem.ts'
import { answer, normalizePath, type RouteCall } from './routes.ts'
import type { Call, World } from './world.ts'

const mostCalls = 100_000

export interface ServerOptions {
  readonly world: World
  /** Answers what is below `/_control/`. @throws Problem, TypeError */
  readonly control: (call: ControlCall) => Reply
  readonly host: string
  /** 0 for any. */
  readonly port: number
}

export class Server {
  readonly #world: World
  readonly #control: ServerOptions['control']
  readonly #host: string
  readonly #closing = new AbortController()
  readonly #http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    this.#handle(request, response).catch(() => request.socket.destroy())
  })
  #port: number

  constructor({ world, control, host, port }: ServerOptions) {
    this.#world = world
    this.#control = control
    this.#host = host
    this.#port = port
  }

  get url(): string {
    return `http://${this.#host}:${this.#port}`
  }

  /** Listens, on the port of the first time. Rejects when the port is taken. */
  async open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#http.once('error', reject)
    this.#http.listen(this.#port, this.#host, resolve)
    await promise
    this.#http.off('error', reject)
    this.#port = (this.#http.address() as AddressInfo).port
  }

  /** Stops listening; with `forMs`, resolves when it listens again after so many milliseconds. */
  async refuse(forMs?: number): Promise<void> {
    await this.#stop()
    if (forMs === undefined) return
    const { signal } = this.#closing
    await delay(forMs, undefined, { signal }).then(
      () => this.open(),
      () => {}
    )
  }

  close(): Promise<void> {
    this.#closing.abort()
    return this.#stop()
  }

  async #stop(): Promise<void> {
    if (!this.#http.listening) return
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.#http.close(resolve)
    this.#http.closeAllConnections()
    await promise
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search, searchParams: query } = new URL(request.url ?? '/', this.url)
    const method = request.method ?? 'GET'
    const path = normalizePath(decodeURIComponent(pathname))
    const text = method === 'GET' ? '' : await readText(request)
    const { clock, faults, latency, switches } = this.#world
    const now = clock.now()
    const sending = { now, date: switches.date, signal: this.#closing.signal }
    if (path.startsWith('/_control/')) {
      const control = await attempt(() =>
        this.#control({ method, path: path.slice(10), query, text })
      )
      return deliver(request, response, control, { ...sending, gzip: false, fault: undefined })
    }
    const key = keyOf(request)
    const turn = latency.begin(path, key)
    const fault = faults.take(request.url ?? '', key) ?? turn.fault
    const call = this.#log({
      at: now,
      method,
      path,
      query: Object.fromEntries(query),
      search: search.slice(1),
      text,
      key
    })
    try {
      const right = await attempt(() => this.#answer({ method, path, query, key, text, fault }))
      await deliver(request, response, right, { ...sending, gzip: switches.gzip, fault })
    } finally {
      turn.end()
    }
    call.status = response.headersSent ? response.statusCode : 0
  }

  #answer(call: RouteCall): Reply {
    return answer(this.#world, call)
  }

  #log(call: Omit<Call, 'status'>): Call {
    const { calls } = this.#world
    if (calls.length >= mostCalls) calls.splice(0, mostCalls / 2)
    const logged = { ...call, status: 0 }
    calls.push(logged)
    return logged
  }
}

async function attempt(work: () => Reply | Promise<Reply>): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    const { status, message, code } = toProblem(error)
    return { status, body: jsonBody(JSON.stringify({ message, code })) }
  }
}

/** A TypeError means a wrong command of the control interface. */
const toProblem = (error: unknown): Problem => {
  if (error instanceof Problem) return error
  return new Problem(error instanceof TypeError ? 400 : 500, `${error}`)
}
