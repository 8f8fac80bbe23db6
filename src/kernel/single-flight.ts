/**
 * Runs work once for all callers that ask for it while it runs. A caller that leaves stops waiting; the work goes on
 * for the others (G8).
 */
export class SingleFlight<K, T> {
  readonly #flights = new Map<K, Promise<T>>()

  /** How many are under way. */
  get size(): number {
    return this.#flights.size
  }

  /** True while work is under way for this key. */
  has(key: K): boolean {
    return this.#flights.has(key)
  }

  /** The result of the work that runs for this key, or else of `work`. Throws what the work throws. */
  run(key: K, work: () => Promise<T>): Promise<T> {
    const running = this.#flights.get(key)
    if (running) return running
    const flight = work().finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight
  }

  /** Resolves when everything that runs now has ended, well or badly. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#flights.values())
  }
}
