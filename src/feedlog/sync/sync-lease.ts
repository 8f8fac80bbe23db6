import { randomUUID } from 'node:crypto'
import type { FeedLogDeps } from '../journal/log-deps.ts'

/** The lease of a gateway that died ends after this time. */
const leaseMs = 15_000

/** How often a waiting gateway checks the store. */
const lookMs = 50

/**
 * Only one gateway at a time fetches from Sekoia for a log: the one that holds a lease in the store (G8). The others
 * take over what it found. When the store is in trouble, every gateway fetches.
 */
export class SyncLease {
  readonly #parts: FeedLogDeps
  readonly #owner = randomUUID()
  /** True when the lease was not given back because the store was in trouble. */
  #isOwed = false

  constructor(parts: FeedLogDeps) {
    this.#parts = parts
  }

  /** True when this gateway has the lease; false when another one wrote something new meanwhile, as `hasNews` tells. */
  async acquire(hasNews: () => Promise<boolean>): Promise<boolean> {
    const { store, identity, clock } = this.#parts
    for (;;) {
      if (this.#isOwed) await this.release()
      const isMine = await store.lease(identity.name, this.#owner, leaseMs).catch(() => true)
      if (isMine) return true
      await clock.sleep(lookMs)
      if (await hasNews()) return false
    }
  }

  async release(): Promise<void> {
    const { store, identity } = this.#parts
    this.#isOwed = await store.release(identity.name, this.#owner).then(
      () => false,
      () => true
    )
  }
}
