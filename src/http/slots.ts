import { GatewayError } from '../kernel/errors.ts'

export interface SlotsOptions {
  /** Most slots in use. */
  readonly maxActive: number
  /** Most requests that wait, not counting those that continue a walk. */
  readonly maxQueued: number
}

type Waiter = () => void

/**
 * Slots for requests that cost memory. If none is free the request queues. Requests that continue a walk go first and
 * are never rejected, since clients lose data over a page that fails (CLIENT-14).
 */
export class Slots {
  readonly #options: SlotsOptions
  readonly #continuing = new Set<Waiter>()
  readonly #others = new Set<Waiter>()
  #active = 0

  constructor(options: SlotsOptions) {
    this.#options = options
  }

  /** Resolves with a function that frees the slot; calling it again does nothing. */
  async take(continues: boolean, waiter: { readonly signal: AbortSignal }): Promise<() => void> {
    if (this.#active < this.#options.maxActive) this.#active++
    else await this.#wait(continues, waiter.signal)
    return this.#held()
  }

  #held(): () => void {
    let isHeld = true
    return () => {
      if (isHeld) this.#handOn()
      isHeld = false
    }
  }

  #wait(continues: boolean, signal: AbortSignal): Promise<void> {
    const queue = continues ? this.#continuing : this.#others
    if (!continues && queue.size >= this.#options.maxQueued) throw new GatewayError('overloaded')
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const leave = () => {
        queue.delete(enter)
        reject(signal.reason)
      }
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      queue.add(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Hands the slot to the next waiting request. */
  #handOn(): void {
    const queue = this.#continuing.size > 0 ? this.#continuing : this.#others
    const [next] = queue
    if (!next) this.#active--
    else {
      queue.delete(next)
      next()
    }
  }
}
