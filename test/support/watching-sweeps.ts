import { setTimeout } from 'node:timers/promises'
import type { LogStore } from '../../src/kernel/ports.ts'

/** Counts the sweeps that came to their end, by what a store is told of them. */
export class SweepWatch {
  #ended = 0

  /** The store, watched. */
  over<T extends LogStore>(store: T): T {
    return {
      ...store,
      commit: async (log, change) => {
        const isKept = await store.commit(log, change)
        const isOf = isKept && log.endsWith(':sweep') && change.expectedVersion > 0
        if (isOf && JSON.parse(change.state.toString()).pages === 0) this.#ended++
        return isKept
      }
    }
  }

  /** Does something, then repeats what makes a sweep go on until one has ended since, or 200 times. */
  async untilNext(begin: () => Promise<void>, goOn: () => Promise<void>): Promise<void> {
    const before = this.#ended
    await begin()
    for (let times = 0; this.#ended === before && times < 200; times++) {
      await goOn()
      await setTimeout(2)
    }
  }
}
