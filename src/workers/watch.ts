import type { Worker } from 'node:cluster'
import { beatMs, type FromWorker } from './messages.ts'

export interface WatchOptions {
  /** 0: nobody is ever taken for one that hangs. */
  readonly timeoutMs: number
  onHang(worker: Worker): void
}

/**
 * Notices workers that live and do nothing. Not time is counted, but turns of this process's own timer without a word
 * from the worker: where all processes stood still, as in a laptop that slept, or crawl, as on a machine that is
 * overloaded, few turns have passed.
 */
export class Watch {
  readonly #options: WatchOptions
  readonly #silentMs = new Map<Worker, number>()

  constructor(options: WatchOptions) {
    this.#options = options
    if (options.timeoutMs > 0) setInterval(() => this.#turn(), beatMs).unref()
  }

  connect(worker: Worker): void {
    this.#silentMs.set(worker, 0)
    worker.on('message', (_message: FromWorker) => {
      if (this.#silentMs.has(worker)) this.#silentMs.set(worker, 0)
    })
    worker.once('exit', () => this.#silentMs.delete(worker))
  }

  #turn(): void {
    for (const [worker, before] of this.#silentMs) {
      const silentMs = before + beatMs
      this.#silentMs.set(worker, silentMs)
      if (silentMs < this.#options.timeoutMs) continue
      this.#silentMs.delete(worker)
      this.#options.onHang(worker)
    }
  }
}
