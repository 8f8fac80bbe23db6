import { giveWayIfDue } from '../../kernel/give-way.ts'
import type { Chain } from '../journal/chain.ts'
import type { Journal } from '../journal/journal.ts'
import { type FeedLogDeps, StaleLogError } from '../journal/log-deps.ts'
import { entryKey, PackedIndex } from '../journal/packed-index.ts'
import { type Body, encodeBody, pick } from '../journal/segment.ts'
import {
  type DecodedHead,
  encodeDecoded,
  printsOf,
  type SegmentHead,
  type Source
} from '../journal/segment-head.ts'
import type { JournalWriter } from '../journal/writer.ts'
import { type AppendOptions, type OpenSegment, planAppend, type Span } from './append.ts'
import { hold } from './kept-parts.ts'

export interface Addition {
  readonly body: Body
  readonly source: Source
  /** Decided at the moment the dates are given. */
  floor(): AppendOptions['floor']
  /** See {@link AppendOptions.undatedOf}. Such a segment does not grow. */
  readonly undatedOf?: SegmentHead
  /** See {@link AppendOptions.sweptFrom}. Nor does such a segment. */
  readonly sweptFrom?: Span
  /** What becomes true of the journal's state with the addition. */
  advance(): void
}

/** Adds objects to the end of a chain: dates them, writes them down, and only then shows them. */
export class Appender {
  readonly #journal: Journal
  readonly #parts: FeedLogDeps
  readonly #writer: JournalWriter
  readonly #open = new Map<Chain, OpenSegment>()
  readonly #running = new Set<Promise<void>>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(journal: Journal, parts: FeedLogDeps, writer: JournalWriter) {
    this.#journal = journal
    this.#parts = parts
    this.#writer = writer
  }

  /** True while records are being added whose dates are already decided. */
  get isBusy(): boolean {
    return this.#running.size > 0
  }

  /** Resolves when the appends under way have ended. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  /** Another gateway wrote to the journal: the open segments may have grown there. */
  forget(): void {
    this.#open.clear()
  }

  /** The newest entry of a chain, while it is in memory. */
  lastEntry(chain: Chain) {
    return this.#open.get(chain)?.segment.entries.at(-1)
  }

  /**
   * Resolves with the number of the segment they went to; undefined when there was nothing new. Chains take turns: a
   * segment names the older versions that it hides, and those on their way in another chain could not be named.
   */
  append(chain: Chain, addition: Addition): Promise<number | undefined> {
    const turn = this.#last.then(() => this.#append(chain, addition))
    this.#last = turn.catch(() => {})
    return turn
  }

  async #append(chain: Chain, addition: Addition): Promise<number | undefined> {
    await giveWayIfDue()
    const { undatedOf, sweptFrom } = addition
    const isApart = undatedOf !== undefined || sweptFrom !== undefined
    const body = isApart ? addition.body : this.#withoutOpen(chain, addition.body)
    if (body.entries.length === 0) {
      addition.advance()
      return undefined
    }
    const packed = PackedIndex.of(body.entries)
    await giveWayIfDue()
    const { head, segment } = planAppend({
      journal: this.#journal,
      chain,
      body,
      packed,
      source: addition.source,
      floor: addition.floor(),
      now: this.#parts.clock.now(),
      open: isApart ? undefined : this.#open.get(chain),
      undatedOf,
      sweptFrom
    })
    // Where the segment is the body, its texts need not be decoded again.
    const named = segment.entries === packed ? body.entries : segment.entries
    const prints = printsOf(
      Array.from(named, ({ id }) => id),
      Array.from(named, ({ time }) => time)
    )
    const known = this.#journal.head(head.no)
    const advance = () => {
      if (!this.#isAsPlanned(chain, head.no, known)) throw new StaleLogError()
      addition.advance()
    }
    const writing = this.#write(chain, { head, segment, prints }, { advance, isApart })
    this.#running.add(writing)
    await writing.finally(() => this.#running.delete(writing))
    this.#parts.meter.count('objects_read', {}, body.entries.length)
    return head.no
  }

  async #write(
    chain: Chain,
    { head, segment, prints }: OpenSegment & DecodedHead,
    { advance, isApart }: Pick<Addition, 'advance'> & { readonly isApart: boolean }
  ): Promise<void> {
    const decoded = { head, prints }
    const body = await encodeBody(segment, this.#parts.settings.repairRules)
    await this.#writer.commit([encodeDecoded(decoded)], [{ no: head.no, body }], advance)
    this.#journal.putDecoded(decoded)
    if (isApart) this.#open.delete(chain)
    else this.#open.set(chain, { head, segment })
    hold(segment, this.#journal, this.#parts)
  }

  /**
   * What another gateway wrote may have been taken over since the dates were given: it may know nothing of a chain that
   * was begun here, may have given the number to another segment or let the open one grow.
   */
  #isAsPlanned(chain: Chain, no: number, known: SegmentHead | undefined): boolean {
    const journal = this.#journal
    return journal.chains.includes(chain) && journal.hasGiven(no) && journal.head(no) === known
  }

  /** No segment holds the same version twice: a place in it could not be told from the other. */
  #withoutOpen(chain: Chain, body: Body): Body {
    const open = this.#open.get(chain)
    const isOpen = (id: string) => this.#journal.versions.newest(id) === open?.head.no
    if (!open || !Array.from(body.entries).some(({ id }) => isOpen(id))) return body
    const held = new Set(Array.from(open.segment.entries, entryKey))
    return pick(body, entry => !held.has(entryKey(entry)))
  }
}
