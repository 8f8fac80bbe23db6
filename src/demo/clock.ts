/** The simulator's clock: real time until it is set, then it stands still and moves only when told to. */
export class SimulatorClock {
  #frozen: number | undefined
  #offset = 0

  /** Milliseconds since the epoch. */
  now(): number {
    return (this.#frozen ?? Date.now()) + this.#offset
  }

  /** Stops the clock at a time, in milliseconds since the epoch. */
  set(millis: number): void {
    this.#frozen = millis
    this.#offset = 0
  }

  /** Moves the clock on (or back) by milliseconds; a running clock goes on running. */
  advance(millis: number): void {
    this.#offset += millis
  }
}
