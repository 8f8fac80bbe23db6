import { newestFirstAdvice } from '../../feeds/unwalkable.ts'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Page } from '../../kernel/ports.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import { seemsToFall, surelyOrdered } from './walkable.ts'

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
 * anew, since it may be from before a change. Where none can be read, pages decide. As long as neither does, the whole
 * feed is read each time: no place in it tells what lies before and behind.
 */
export class FeedOrder {
  readonly #journal: Journal
  readonly #parts: FeedLogDeps
  #isDescribed = false

  constructor(journal: Journal, parts: FeedLogDeps) {
    this.#journal = journal
    this.#parts = parts
  }

  get isKnown(): boolean {
    return this.#journal.sortOrder !== undefined
  }

  /** Notes what the description says. Only a description from now will do for who is in `doubt`. */
  async learn(caller: Caller, doubt = false): Promise<void> {
    const said = await this.#parts.sortOrder(caller, doubt).catch(() => undefined)
    this.#isDescribed = said !== undefined
    if (said !== undefined) this.#journal.noteOrder(said)
  }

  /**
   * Looks at a page that is read oldest first, `isFirst` at the beginning of a history. Throws NewestFirstError when the
   * feed is to be read newest first, GatewayError `unwalkable` when all of the first page contradicts the description.
   * Elsewhere a few objects may well come late: what falls there is no reason to stop.
   */
  async check(page: Page, now: number, caller: Caller, isFirst: boolean): Promise<void> {
    const sure = surelyOrdered(page, now)
    if (!this.#isDescribed) {
      this.note(page, now)
    } else if (sure === 'desc' || (isFirst && seemsToFall(page, now))) {
      await this.learn(caller, true)
    }
    if (this.#journal.sortOrder === 'desc') throw new NewestFirstError()
    if (isFirst && sure === 'desc')
      throw new GatewayError('unwalkable', { detail: newestFirstAdvice })
  }

  /** Notes the order that a page shows, where no description does. */
  note(page: Page, now: number): void {
    const sure = surelyOrdered(page, now)
    if (sure && !this.#isDescribed) this.#journal.noteOrder(sure)
  }

  /** True when, after this failure, the feed is not to be read newest first any more. */
  async isUnlikeNewestFirst(failure: unknown, caller: Caller): Promise<boolean> {
    if (!(failure instanceof RisingError)) return false
    if (this.#isDescribed) await this.learn(caller, true)
    else this.#journal.noteOrder(undefined)
    return this.#journal.sortOrder !== 'desc'
  }
}
