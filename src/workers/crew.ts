import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import type { BaseLogger } from 'pino'
import { lingerMs } from './link.ts'
import { type FromWorker, type Seat, type Serving, seatVariable } from './messages.ts'
import { Switchboard } from './switchboard.ts'
import { passOnUntaken } from './untaken.ts'
import { Watch } from './watch.ts'

export interface CrewOptions {
  /** What workers have in their environment beside that of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** A worker that was asked to end is killed after this time. */
  readonly closeTimeoutMs: number
  /** One that hangs for so long is killed; 0: never. */
  readonly workerTimeoutMs: number
  readonly logger: Pick<BaseLogger, 'info' | 'error'>
}

export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

export type Started =
  | { readonly worker: Worker; readonly serving: Serving }
  | { readonly exit: Exit }

/** The workers that live: how they begin and end, whoever has which place. */
export class Crew {
  readonly #options: CrewOptions
  readonly #switchboard = new Switchboard()
  readonly #watch: Watch
  readonly #serving = new Set<Worker>()

  constructor(options: CrewOptions) {
    this.#options = options
    this.#watch = new Watch({
      timeoutMs: options.workerTimeoutMs,
      onHang: worker => this.#endHanging(worker)
    })
  }

  /** Resolves when the worker serves, or has ended before that. */
  start(seat: Seat): Promise<Started> {
    const worker = cluster.fork({ ...this.#options.env, [seatVariable]: JSON.stringify(seat) })
    this.#switchboard.connect(worker)
    this.#watch.connect(worker)
    passOnUntaken(worker, () => this.#serving.size > 0)
    return new Promise(resolve => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind !== 'serving') return
        this.#serving.add(worker)
        resolve({ worker, serving: message })
      })
      worker.once('exit', (code, signal) => {
        this.#serving.delete(worker)
        resolve({ exit: { code, signal } })
      })
    })
  }

  /** Asks a worker to end, and kills it if it does not. True when it ended by itself. */
  async dismiss(worker: Worker, how: { readonly isReplaced: boolean }): Promise<boolean> {
    if (worker.isDead()) return true
    const exit = once(worker, 'exit')
    const { closeTimeoutMs } = this.#options
    const patienceMs = closeTimeoutMs + 1000 + (how.isReplaced ? lingerMs(this.#options) : 0)
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), patienceMs)
    this.#switchboard.send(worker, { kind: 'end', ...how })
    const [code] = await exit
    clearTimeout(timer)
    return code === 0
  }

  /** True when every worker ended as it should. */
  async dismissAll(): Promise<boolean> {
    const workers = Object.values(cluster.workers ?? {}).filter(worker => worker !== undefined)
    const ends = await Promise.all(
      workers.map(worker => this.dismiss(worker, { isReplaced: false }))
    )
    return ends.every(isWell => isWell)
  }

  /** The workers say so on `/readyz`. */
  tellMissing(count: number): void {
    this.#switchboard.tell({ kind: 'missing', count })
  }

  /** Its end is that of one that dies: another one takes its place. */
  #endHanging(worker: Worker): void {
    const { logger, workerTimeoutMs } = this.#options
    logger.error({ pid: worker.process.pid, workerTimeoutMs }, 'a worker hangs: it is killed')
    worker.process.kill('SIGKILL')
  }
}
