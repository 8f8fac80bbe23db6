import { randomUUID } from 'node:crypto'
import type { FeedLogDeps } from '../journal/log-deps.ts'

/** How long the others wait for a gateway that has died in its turn. */
const turnMs = 15_000

/** How often one that waits looks whether there is news. */
const lookMs = 50

/**
 * Gateways on one store read on from Sekoia in turn (G8): one asks, the others take over what it found. Where the
 * store cannot say whose turn it is, everybody's is now.
 */
export class SyncLease {
  readonly #parts: FeedLogDeps
  readonly #owner = randomUUID()
  /** True when the store may still say that it is our turn, though it has ended. */
  #isOwed = false

  constructor(parts: FeedLogDeps) {
    this.#parts = parts
  }

  /** True when it is our turn; false when another's turn brought news, as `hasNews` tells. */
  async take(hasNews: () => Promise<boolean>): Promise<boolean> {
    const { store, identity, clock } = this.#parts
    for (;;) {
      if (this.#isOwed) await this.end()
      const isMine = await store.lease(identity.name, this.#owner, turnMs).catch(() => true)
      if (isMine) return true
      await clock.sleep(lookMs)
      if (await hasNews()) return false
    }
  }

  async end(): Promise<void> {
    const { store, identity } = this.#parts
    this.#isOwed = await store.release(identity.name, this.#owner).then(
      () => false,
      () => true
    )
  }
}
