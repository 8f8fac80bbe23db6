import { newestFirstAdvice } from '../../feeds/unwalkable.ts'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Fetched } from '../../kernel/leading-on.ts'
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

/** The page that a feed begins with. */
export type FirstPageReader = (caller: Caller) => Promise<Pick<Fetched, 'page'>>

/**
 * Which way Sekoia lists a feed (G12). Its description decides; where pages look otherwise than it says, it is asked for
 * anew, since it may be from before a change. Where none can be read, pages decide. As long as neither does, the whole
 * feed is read each time: no place in it tells what lies before and behind.
 */
export class FeedOrder {
  readonly #journal: Journal
  readonly #parts: FeedLogDeps
  readonly #readFirst: FirstPageReader
  #isDescribed = false
  #firstLook: ReturnType<FirstPageReader> | undefined

  constructor(journal: Journal, parts: FeedLogDeps, readFirst: FirstPageReader) {
    this.#journal = journal
    this.#parts = parts
    this.#readFirst = readFirst
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

  /** As {@link learn}; where no description can be read the first page is looked at. Throws as the upstream does. */
  async look(caller: Caller): Promise<void> {
    if (this.isKnown) return
    await this.learn(caller)
    if (this.isKnown) return
    this.#firstLook ??= this.#readFirst(caller).finally(() => {
      this.#firstLook = undefined
    })
    const { page } = await this.#firstLook
    this.#note(page)
  }

  /**
   * Looks at a page that is read oldest first, `isFirst` at the beginning of a history. Throws NewestFirstError when the
   * feed is to be read newest first, GatewayError `unwalkable` when all of the first page contradicts the description.
   * Elsewhere a few objects may well come late: what falls there is no reason to stop.
   */
  async check(page: Page, now: number, caller: Caller, isFirst: boolean): Promise<void> {
    const sure = surelyOrdered(page, now)
    if (!this.#isDescribed) {
      this.#note(page)
    } else if (sure === 'desc' || (isFirst && seemsToFall(page, now))) {
      await this.learn(caller, true)
    }
    if (this.#journal.sortOrder === 'desc') throw new NewestFirstError()
    if (isFirst && sure === 'desc')
      throw new GatewayError('unwalkable', { detail: newestFirstAdvice })
  }

  #note(page: Page): void {
    const sure = surelyOrdered(page, this.#parts.clock.now())
    if (sure) this.#journal.noteOrder(sure)
  }

  /** True when, after this failure, the feed is not to be read newest first any more. */
  async isUnlikeNewestFirst(failure: unknown, caller: Caller): Promise<boolean> {
    if (!(failure instanceof RisingError)) return false
    if (this.#isDescribed) await this.learn(caller, true)
    else this.#journal.noteOrder(undefined)
    return this.#journal.sortOrder !== 'desc'
  }
}
