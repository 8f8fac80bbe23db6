import { randomUUID } from 'node:crypto'
import { elapsedOf } from '../../kernel/ports.ts'
import { SingleFlight } from '../../kernel/single-flight.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'

/** The lease of a gateway that died ends after this time. */
const leaseMs = 15_000

/** How often a waiting gateway checks the store. */
const lookMs = 50

/**
 * Only one gateway at a time fetches from Sekoia for a log: the one that holds a lease in the store (G8). The others
 * take over what it found. Chains that one gateway reads at the same time share its lease. When the store is in trouble,
 * every gateway fetches.
 */
export class SyncLease {
  readonly #parts: FeedLogDeps
  readonly #owner = randomUUID()
  readonly #questions = new SingleFlight<string, boolean>()
  /** True when the lease was not given back because the store was in trouble. */
  #isOwed = false
  /** How many works of this gateway need it. */
  #holders = 0
  /** When it was obtained last, by {@link elapsedOf}: others may have it {@link leaseMs} later. */
  #obtainedAt = 0
  /** The giving back under way. */
  #returning: Promise<void> = Promise.resolve()

  constructor(parts: FeedLogDeps) {
    this.#parts = parts
  }

  /** True while a work of this gateway has it. */
  get isMine(): boolean {
    return this.#isHeld
  }

  /** True while other works of this gateway need it, too: nobody else has read on since they began. */
  get isShared(): boolean {
    return this.#holders > 1
  }

  /**
   * True when this gateway has the lease, to be released once for each time; false when another one wrote something new
   * meanwhile, as `hasNews` tells, or has the lease, and this one does not wait.
   */
  async acquire(hasNews: () => Promise<boolean>, waits = true): Promise<boolean> {
    const { clock } = this.#parts
    for (;;) {
      await this.#returning
      if (this.#isHeld || (await this.#questions.run('lease', () => this.#ask()))) {
        this.#holders++
        return true
      }
      if (!waits) return false
      await clock.sleep(lookMs)
      if (await hasNews()) return false
    }
  }

  async release(): Promise<void> {
    this.#holders--
    if (this.#holders > 0) return
    this.#returning = this.#giveBack()
    await this.#returning
  }

  get #isHeld(): boolean {
    return this.#holders > 0 && elapsedOf(this.#parts.clock) - this.#obtainedAt < leaseMs
  }

  /** A store in trouble keeps nobody from reading. */
  async #ask(): Promise<boolean> {
    const { store, identity, clock } = this.#parts
    if (this.#isOwed && this.#holders === 0) await this.#giveBack()
    const askedAt = elapsedOf(clock)
    const isMine = await store.lease(identity.name, this.#owner, leaseMs).catch(() => true)
    if (isMine) this.#obtainedAt = askedAt
    return isMine
  }

  async #giveBack(): Promise<void> {
    const { store, identity } = this.#parts
    this.#isOwed = await store.release(identity.name, this.#owner).then(
      () => false,
      () => true
    )
  }
}
