import type { StoredHead } from '../../kernel/ports.ts'
import type { Journal } from './journal.ts'
import { type FeedLogDeps, StaleLogError } from './log-deps.ts'

export interface NewBody {
  readonly no: number
  readonly body: Buffer
}

/** Writes a journal down, one commit after the other. */
export class JournalWriter {
  readonly #journal: Journal
  readonly #parts: FeedLogDeps
  #last: Promise<unknown> = Promise.resolve()
  #isTorn = false
  /** Heads the store did not take yet. */
  readonly #unsaved = new Map<number, StoredHead>()

  constructor(journal: Journal, parts: FeedLogDeps) {
    this.#journal = journal
    this.#parts = parts
  }

  get isClean(): boolean {
    return this.#unsaved.size === 0
  }

  /** True once another writer was first while heads were not written: they are in no store. */
  get isTorn(): boolean {
    return this.#isTorn
  }

  /**
   * Writes the state of the journal, and with it new heads and bodies. `advance` changes the state in the same
   * step, so that no other commit tells of a cursor whose heads are not there. Throws StaleLogError when overtaken.
   */
  commit(
    heads: readonly StoredHead[] = [],
    bodies: readonly NewBody[] = [],
    advance: () => void = () => {}
  ): Promise<void> {
    return this.inTurn(() => {
      advance()
      return this.#commit(heads, bodies)
    })
  }

  /** Runs work on the journal that must not meet a commit under way. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work)
    this.#last = run.catch(() => {})
    return run
  }

  async settle(): Promise<void> {
    await this.#last
  }

  /** When the store is in trouble, heads are kept in memory and written with the next commit (G7). */
  async #commit(heads: readonly StoredHead[], bodies: readonly NewBody[]): Promise<void> {
    const wasClean = this.isClean
    for (const head of heads) this.#unsaved.set(head.no, head)
    const expectedVersion = this.#journal.version
    let isFirst: boolean
    try {
      isFirst = await this.#parts.store.commit(this.#parts.identity.name, {
        expectedVersion,
        state: this.#journal.encodeState(this.#parts.identity.feedId),
        heads: [...this.#unsaved.values()],
        bodies
      })
    } catch {
      this.#parts.meter.count('store_errors', { operation: 'commit' })
      return
    }
    this.#unsaved.clear()
    if (!isFirst) {
      this.#isTorn ||= !wasClean
      throw new StaleLogError()
    }
    this.#journal.written()
  }
}
