import { newestFirstAdvice } from '../../feeds/unwalkable.ts'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Page } from '../../kernel/ports.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import { falls, rises, surelyFalls } from './walkable.ts'

/** The feed comes newest first: it has to be read another way. */
export class NewestFirstError extends Error {
  override readonly name = 'NewestFirstError'
}

/** Times rise in a feed that is read newest first. */
export class RisingError extends GatewayError {
  constructor() {
    super('unwalkable', { detail: newestFirstAdvice })
  }
}

/**
 * Which way Sekoia lists a feed (G12). Its description decides; where pages look otherwise than it says, it is asked for
 * anew, since it may be from before a change. Where none can be read, pages decide. Until one of them surely rises the
 * feed is read as if it came newest first: that is slower, and loses nothing of a feed that comes oldest first.
 */
export class FeedOrder {
  readonly #journal: Journal
  readonly #parts: FeedLogDeps
  #isDescribed = false

  constructor(journal: Journal, parts: FeedLogDeps) {
    this.#journal = journal
    this.#parts = parts
  }

  /** True when a description tells, as far as is known. */
  get isDescribed(): boolean {
    return this.#isDescribed
  }

  /** Notes what the description says. Only a description from now will do for who is in `doubt`. */
  async learn(caller: Caller, doubt = false): Promise<void> {
    const said = await this.#parts.isNewestFirst?.(caller, doubt).catch(() => undefined)
    this.#isDescribed = said !== undefined
    if (said !== undefined) this.#journal.noteOrder(said)
  }

  /**
   * Looks at the first page of a feed that is read oldest first. Throws NewestFirstError when it is to be read newest
   * first, GatewayError `unwalkable` when all of the page contradicts the description.
   */
  async checkFirst(page: Page, now: number, caller: Caller): Promise<void> {
    const isSure = surelyFalls(page, now)
    const isProven = this.#journal.isOldestFirst || rises(page, now)
    if (!this.#isDescribed && isProven && !isSure) return this.#journal.noteOrder(false)
    if (this.#isDescribed && !falls(page, now)) return
    await this.#fallen(caller)
    if (isSure) throw new GatewayError('unwalkable', { detail: newestFirstAdvice })
  }

  /** The same at the tip, where a few objects may well come late: what falls there is no reason to stop. */
  async checkTip(page: Page, now: number, caller: Caller): Promise<void> {
    if (surelyFalls(page, now)) await this.#fallen(caller)
  }

  /** True when, after this failure, the feed is to be read oldest first after all. */
  async isOldestFirst(failure: unknown, caller: Caller): Promise<boolean> {
    if (!(failure instanceof RisingError)) return false
    if (this.#isDescribed) await this.learn(caller, true)
    if (!this.#isDescribed) this.#journal.noteOrder(false)
    return !this.#journal.isNewestFirst
  }

  async #fallen(caller: Caller): Promise<void> {
    if (this.#isDescribed) await this.learn(caller, true)
    if (!this.#isDescribed) this.#journal.noteOrder(true)
    if (this.#journal.isNewestFirst) throw new NewestFirstError()
  }
}
