import type { StoredJournal } from '../../kernel/ports.ts'
import type { Position } from '../../kernel/records.ts'
import { Chain } from './chain.ts'
import {
  decodeState,
  fromStart,
  type JournalState,
  newState,
  type SettledCursor,
  type SortOrder
} from './journal-state.ts'
import { currentPlace, freeDate, honestBound, noRedatings } from './redatings.ts'
import {
  type DecodedHead,
  decodeHead,
  type EntryTimes,
  printsOf,
  type SegmentHead,
  type VersionPrints
} from './segment-head.ts'
import { VersionIndex } from './version-index.ts'

/**
 * The durable memory of a feed log: chains of segment heads, and what is known of the feed's end. Bodies may
 * come and go; the journal alone says what was served under which date. It changes by its verbs only; a writer
 * carries what it says to the store.
 */
export class Journal {
  /** Which of the versions that may exist of each object lie where. */
  readonly versions: VersionIndex
  readonly #chains: Chain[]
  readonly #byNo = new Map<number, SegmentHead>()
  #state: Omit<JournalState, 'chains'>
  #version: number
  #revision = 0

  private constructor({ chains, ...state }: JournalState, version: number, maxIds: number) {
    this.versions = new VersionIndex(maxIds)
    this.#state = state
    this.#version = version
    this.#chains = chains.map(chain => new Chain(chain))
  }

  /**
   * @param maxIds how many ids the index of newest versions may know.
   * @param again true when a journal of this name was removed before.
   */
  static create(now: number, maxIds: number, again = false): Journal {
    return new Journal(newState(now, 1, again), 0, maxIds)
  }

  /** A new journal in the place of a stored one that cannot be read: later in version and numbers. */
  static inPlaceOf({ version, heads }: StoredJournal, now: number, maxIds: number): Journal {
    return new Journal(newState(now, (heads.at(-1)?.no ?? 0) + 1), version, maxIds)
  }

  /** Throws when the stored journal is of a format this version does not know, or damaged. */
  static decode(stored: StoredJournal, maxIds: number): Journal {
    const journal = new Journal(decodeState(stored), stored.version, maxIds)
    journal.#take(stored)
    return journal
  }

  /**
   * Takes over what others wrote since: the state, and the heads that are new or have grown; chains that were
   * begun here and not written down are gone. False when it is another journal by now, and nothing was taken.
   */
  update(stored: StoredJournal): boolean {
    const { chains, ...state } = decodeState(stored)
    if (state.epoch !== this.epoch) return false
    const known = chains.map(chain => {
      const own = this.#chains.find(({ start }) => start === chain.start)
      own?.adopt(chain)
      return own ?? new Chain(chain)
    })
    this.#chains.splice(0, this.#chains.length, ...known)
    this.#state = state
    this.#version = stored.version
    this.#take(stored)
    return true
  }

  #take({ heads }: StoredJournal): void {
    this.#revision++
    for (const { no, head } of heads) {
      if (no < (this.#state.firstNo ?? 1)) continue
      const decoded = decodeHead(head)
      this.#place(decoded.head, decoded.prints)
    }
  }

  /** Another number whenever segments or chains have come, grown or changed places, in this process. */
  get revision(): number {
    return this.#revision
  }

  /** The version in the store that this journal was made from. */
  get version(): number {
    return this.#version
  }

  /** The store has taken what this journal says. */
  written(): void {
    this.#version++
  }

  encodeState(feedId = this.#state.feedId): Buffer {
    const chains = this.#chains.map(({ state }) => state)
    const state: JournalState = { ...this.#state, ...(feedId && { feedId }), chains }
    return Buffer.from(JSON.stringify(state))
  }

  /** 8 hex digits that name this journal in tokens. */
  get epoch(): string {
    return this.#state.epoch
  }

  /** Milliseconds since the epoch, as all instants here. */
  get createdAt(): number {
    return this.#state.createdAt
  }

  /** Records of history whose own time is later than this are dated at the creation of the journal (P-43). */
  horizon(rebuildHorizonSeconds: number, now: number): number {
    return this.#state.again
      ? Number.NEGATIVE_INFINITY
      : Math.min(this.createdAt, now) - rebuildHorizonSeconds * 1000
  }

  /** True once the end of the feed was reached; from then on new records are dated by the tip's rule. */
  get isFilled(): boolean {
    return this.#state.filled
  }

  /** True once the end was reached and no chain before has a stretch left to read: what is not here is not in the feed. */
  get isWhole(): boolean {
    return this.isFilled && this.#chains.every(chain => chain.isLinked || this.isLast(chain))
  }

  /** The order in which Sekoia lists the feed; undefined while nobody has said it and no page has shown it. */
  get sortOrder(): SortOrder | undefined {
    const { isOrderOpen, newestFirst } = this.#state
    if (isOrderOpen) return undefined
    return newestFirst ? 'desc' : 'asc'
  }

  noteOrder(order: SortOrder | undefined): void {
    if (order === this.sortOrder) return
    this.#change({ newestFirst: order === 'desc', isOrderOpen: order === undefined })
  }

  /** True once two objects with the same time were seen. */
  get hasTies(): boolean {
    return this.#state.hasTies
  }

  /** No replica answers "end" after this instant without moving it first (P-39). */
  get endValidUntil(): number {
    return this.#state.endValidUntil
  }

  /** When the end was last promised, as far as is known. */
  get endPromisedAt(): number {
    return Math.min(this.#state.endPromisedAt ?? 0, this.endValidUntil)
  }

  /** When the end was last confirmed, by whichever gateway. */
  get confirmedAt(): number {
    return this.#state.confirmedAt
  }

  /** When the last reading of the tip began, 0 before the first. */
  get lastReadAt(): number {
    return this.#state.lastReadAt
  }

  /** Oldest first; everything before the first had settled when it was read. Of the last chain. */
  get settled(): readonly SettledCursor[] {
    return this.#state.settled
  }

  /** True once anything was read. */
  get isBegun(): boolean {
    return this.isFilled || this.#chains.some(chain => chain.heads.length > 0)
  }

  /** The number of a segment about to be made; each call gives another. */
  nextNumber(): number {
    const { nextNo } = this.#state
    this.#change({ nextNo: nextNo + 1 })
    return nextNo
  }

  /** True when the journal, as far as it is known here, has given this number to a segment. */
  hasGiven(no: number): boolean {
    return no < this.#state.nextNo
  }

  /** Two objects with the same time were seen. */
  noteTies(): void {
    this.#change({ hasTies: true })
  }

  /** The end may be answered to clients up to this instant. */
  promiseEnd(until: number, now: number): void {
    this.#change({ endValidUntil: until, endPromisedAt: now })
  }

  /** The end of the feed was reached for the first time. */
  endReached(at: number): void {
    this.#change({ filled: true, confirmedAt: at })
  }

  /** The end of the feed was read again and is where the log ends, by a reading that began at `since`. */
  confirm(since: number, at: number): void {
    this.#change({ lastReadAt: since, confirmedAt: at })
  }

  /** A newer place from which the end may be read again one day. */
  settle(candidate: SettledCursor): void {
    if (this.settled.some(({ cursor }) => cursor === candidate.cursor)) return
    this.#change({ settled: [...this.settled, candidate] })
  }

  /** All that lies before this place is there already: nothing before it is read again. */
  settleAt(place: SettledCursor): void {
    this.#change({ settled: [place, ...this.settled.filter(({ at }) => at > place.at)] })
  }

  /** The newest place that is not later than `before`; the first where none is. Those before it are forgotten. */
  relookFrom(before: number): SettledCursor {
    const usable = this.settled.findLastIndex(({ at }) => at <= before)
    if (usable > 0) this.#change({ settled: this.settled.slice(usable) })
    return this.settled[0]!
  }

  /** To be called before a clock that nothing proves decides what has settled: it may be ahead. */
  settleUnproven(): void {
    if (!this.#state.unproven) this.#change({ unproven: this.settled[0]! })
  }

  /** By a proven clock: what no proven one has found settled is to be read again. */
  takeBackUnproven(): void {
    const { unproven, lastReadAt } = this.#state
    if (!unproven) return
    const readAt = Math.min(lastReadAt, unproven.at)
    this.#change({ settled: [unproven], lastReadAt: readAt, unproven: undefined })
  }

  #change(change: Partial<Omit<JournalState, 'chains'>>): void {
    this.#state = { ...this.#state, ...change }
  }

  /** The latest date of any record. */
  get lastDate(): number {
    return Math.max(0, ...this.#chains.map(chain => chain.lastDate))
  }

  get #redatings() {
    return this.#state.redatings ?? noRedatings
  }

  /** The exclusive lower bound that an `added_after` of a client stands for. */
  boundOf(addedAfter: number): number {
    return honestBound(this.#redatings, addedAfter)
  }

  /** A client's place, in today's dates where it is of an epoch whose dates were given anew. */
  placeOf(position: Position): Position {
    return currentPlace(this.#redatings, this.epoch, position)
  }

  /** The date, or the first one behind it that no client holds from a wrong clock. */
  freeDate(date: number): number {
    return freeDate(this.#redatings, date)
  }

  /** Ascending start. */
  get chains(): readonly Chain[] {
    return this.#chains
  }

  get lastChain(): Chain {
    return this.#chains.at(-1)!
  }

  isLast(chain: Chain): boolean {
    return chain === this.#chains.at(-1)
  }

  nextChain(chain: Chain): Chain | undefined {
    return this.#chains[this.#chains.indexOf(chain) + 1]
  }

  /** The next chain in which there is anything, as far as is known: one that was linked without a segment is none. */
  nextHolding(chain: Chain): Chain | undefined {
    let next = this.nextChain(chain)
    while (next?.isLinked && next.heads.length === 0) next = this.nextChain(next)
    return next
  }

  /** The latest date the chain or, when it has no segment, an earlier linked chain has given. */
  dateBefore(chain: Chain): number {
    let index = this.#chains.indexOf(chain)
    while (index > 0 && this.#chains[index]!.heads.length === 0) {
      if (!this.#chains[index - 1]!.isLinked) return 0
      index--
    }
    return this.#chains[index]?.lastDate ?? 0
  }

  addChain(start: number): Chain {
    const chain = new Chain({ start, linked: false, cursor: null })
    const index = this.#chains.findIndex(other => other.start > start)
    this.#chains.splice(index < 0 ? this.#chains.length : index, 0, chain)
    if (index < 0) this.#change({ settled: [fromStart], unproven: undefined })
    this.#revision++
    return chain
  }

  /** Adds a head, or puts a grown one in the place of the open one it grew from. */
  put(head: SegmentHead, ids: readonly string[], times?: EntryTimes): void {
    this.putDecoded({ head, prints: printsOf(ids, times) })
  }

  /** The same with the fingerprints of its entries. */
  putDecoded({ head, prints }: DecodedHead): void {
    this.#revision++
    this.#place(head, prints)
  }

  head(no: number): SegmentHead | undefined {
    return this.#byNo.get(no)
  }

  /** True when segment `no` lies later in the log than a segment of `chain` about to be read. */
  isLater(no: number, chain: Chain): boolean {
    const head = this.head(no)
    return head !== undefined && head.chain > chain.start
  }

  #place(head: SegmentHead, prints: VersionPrints): void {
    const chain = this.#chains.find(candidate => candidate.start === head.chain)
    if (!chain) throw new Error(`segment ${head.no} belongs to no chain`)
    this.#byNo.set(head.no, head)
    chain.place(head)
    this.versions.learn(head, prints, no => this.head(no)?.chain)
  }
}
