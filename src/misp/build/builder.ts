import { randomUUID } from 'node:crypto'
import type { Caller } from '../../kernel/caller.ts'
import { OvertakenError } from '../../kernel/errors.ts'
import type { BuilderDeps } from './deps.ts'
import { type Loaded, loadFeed } from './feed.ts'
import { nameWanted, readOn } from './reading.ts'
import { Round } from './round.ts'
import { applySettings } from './settings.ts'
import { FeedTables } from './tables.ts'
import { walk } from './walking.ts'

/** How long others wait for the lease of a gateway that died. */
const leaseMs = 30_000
/** A lease is taken again after this time: each commit asks, and there may be hundreds in a second. */
const renewMs = 5_000

/**
 * Builds the MISP events of one feed for one key: reads new objects from the feed log, puts them into buckets, and
 * publishes the events that changed. Of several gateways on one store only one builds at a time.
 */
export class Builder {
  readonly #parts: BuilderDeps
  readonly #owner = randomUUID()
  #loaded: Loaded | undefined
  /** When the lease was taken last, ms since the epoch. */
  #leasedAt = 0

  constructor(parts: BuilderDeps) {
    this.#parts = parts
  }

  /**
   * One round: reads to the end of the feed, publishes, and walks when it is time. False if another gateway holds the
   * lease. A failed round leaves the last publication as it was; the next round continues from what was committed.
   *
   * @throws GatewayError as the feed log does, and whatever the store throws
   */
  async round(caller: Caller): Promise<boolean> {
    const { store, space } = this.#parts
    const documents = this.#loaded?.documents ?? new FeedTables(store, space)
    if (!(await this.#lease(documents))) return false
    const renew = () => this.#renew(documents)
    try {
      const feed = await this.#load(documents, renew)
      const round = new Round(this.#parts, feed, caller, renew)
      await applySettings(round)
      await nameWanted(round)
      const isReadAgain = feed.state.isBuilt && !feed.state.isFilled
      await readOn(round)
      // The feed log does not show all that was held: what only a walk found would be taken back until the next one.
      if (isReadAgain) await walk(round)
      await round.publish()
      if (await walk(round)) await round.publish()
      return true
    } catch (error) {
      // What is in memory may be ahead of what was committed.
      this.#loaded = undefined
      if (error instanceof OvertakenError) return false
      throw error
    } finally {
      await documents.release(this.#owner).catch(() => {})
    }
  }

  /** The state in memory, unless another gateway has changed the stored one since. */
  async #load(documents: FeedTables, renew: () => Promise<void>): Promise<Loaded> {
    const isChanged = await documents.refresh()
    if (!this.#loaded || isChanged) this.#loaded = await loadFeed(documents, this.#parts, renew)
    return this.#loaded
  }

  async #renew(documents: FeedTables): Promise<void> {
    const age = this.#parts.clock.now() - this.#leasedAt
    const isFresh = age >= 0 && age < renewMs
    if (!isFresh && !(await this.#lease(documents))) throw new OvertakenError()
  }

  #lease(documents: FeedTables): Promise<boolean> {
    this.#leasedAt = this.#parts.clock.now()
    return documents.lease(this.#owner, leaseMs)
  }
}
