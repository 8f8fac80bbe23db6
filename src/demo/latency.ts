/** How long a simulated Sekoia takes, and how much at a time it bears: by default no time, and anything. */
import type { Fault } from './faults.ts'

export class Latency {
  /** Milliseconds before each page of a feed. */
  pageMs = 0
  /** The same for single keys, in place of {@link pageMs}. */
  readonly keyMs = new Map<string, number>()
  /** Pages that one key may ask for at a time; the others are 429. */
  maxAtOnce = Number.POSITIVE_INFINITY
  /** Pages that were asked for at once, at most. */
  most = 0
  readonly #running = new Map<string, number>()

  /** What becomes of a request, if it is for a page; `end` is to be called once it was answered. */
  begin(path: string, key = ''): { readonly fault: Fault | undefined; end(): void } {
    if (!/\/collections\/[^/]+\/objects$/.test(path)) return { fault: undefined, end: () => {} }
    const running = (this.#running.get(key) ?? 0) + 1
    this.#running.set(key, running)
    this.most = Math.max(this.most, running)
    const delayMs = this.keyMs.get(key) ?? this.pageMs
    return {
      fault: this.#faultOf(running, delayMs),
      end: () => this.#running.set(key, this.#running.get(key)! - 1)
    }
  }

  #faultOf(running: number, delayMs: number): Fault | undefined {
    if (running > this.maxAtOnce) return { kind: 'status', status: 429 }
    return delayMs > 0 ? { kind: 'slow', delayMs } : undefined
  }
}
