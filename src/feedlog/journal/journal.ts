import { randomBytes } from 'node:crypto'
import type { StoredJournal } from '../../kernel/ports.ts'
import { type Fingerprint, fingerprint, IdIndex } from './id-index.ts'
import { decodeHead, type SegmentHead } from './segment-head.ts'

/**
 * The durable memory of a feed log: chains of segment heads, and what is known of the feed's end. Bodies may
 * come and go; the journal alone says what was served under which date.
 */

/** A cursor from which the end may be read again, to find what became visible behind newer ones (P-42). */
export interface SettledCursor {
  /** null: from the start of the chain. */
  readonly cursor: string | null
  /** Its place in the feed is not later than this, ms since the epoch. */
  readonly at: number
  /** Number of the last segment that was read before it; entries after it may come again. */
  readonly afterNo: number
}

interface ChainState {
  /** Milliseconds since the epoch, 0 = the beginning of the feed. */
  readonly start: number
  /** True when it has reached the start of the next chain. */
  linked: boolean
  /** The newest cursor Sekoia gave for it, if any. */
  cursor: string | null
}

export interface JournalState {
  readonly format: 1
  /** 8 hex digits that name this journal in tokens. */
  readonly epoch: string
  readonly createdAt: number
  nextNo: number
  chains: ChainState[]
  /** True once the end of the feed was reached; from then on new records are dated by the tip's rule. */
  filled: boolean
  /** True once two objects with the same time were seen. */
  hasTies: boolean
  /** No replica answers "end" after this instant without moving it first (P-39). */
  endValidUntil: number
  /** Oldest first; everything before the first had settled when it was read. Of the last chain. */
  settled: SettledCursor[]
  /** When the end was last confirmed, by whichever gateway. */
  confirmedAt: number
  /** When the last reading of the tip began, 0 before the first. */
  lastReadAt: number
}

/** A run of segments that starts at one time and was read by following Sekoia's cursors. */
export class Chain {
  readonly state: ChainState
  readonly heads: SegmentHead[] = []

  constructor(state: ChainState) {
    this.state = state
  }

  get start(): number {
    return this.state.start
  }

  /** The latest own time it has read, or its start. */
  get progress(): number {
    return this.heads.at(-1)?.maxNatural ?? this.start
  }

  /** Number of its newest segment, 0 before the first. */
  get lastNo(): number {
    return this.heads.at(-1)?.no ?? 0
  }

  get lastDate(): number {
    return this.heads.at(-1)?.lastDate ?? 0
  }
}

const stateFormat = 1
const noIds: ReadonlySet<string> = new Set()
const fromStart: SettledCursor = { cursor: null, at: 0, afterNo: 0 }

export class Journal {
  version: number
  #revision = 0
  readonly state: JournalState
  /** Ascending start. */
  readonly chains: Chain[]
  readonly #byNo = new Map<number, SegmentHead>()
  readonly #superseded = new Map<number, Set<string>>()
  readonly #successors = new Map<number, Set<string>>()
  #ids: IdIndex
  #knowsAllIds = true
  readonly #maxIds: number

  private constructor(state: JournalState, version: number, maxIds: number) {
    this.state = state
    this.version = version
    this.chains = state.chains.map(chain => new Chain(chain))
    this.#maxIds = maxIds
    this.#ids = new IdIndex()
  }

  /** @param maxIds how many ids the index of newest versions may know. */
  static create(now: number, maxIds: number): Journal {
    const state: JournalState = {
      format: stateFormat,
      epoch: randomBytes(4).toString('hex'),
      createdAt: now,
      nextNo: 1,
      chains: [],
      filled: false,
      hasTies: false,
      endValidUntil: 0,
      settled: [fromStart],
      confirmedAt: 0,
      lastReadAt: 0
    }
    return new Journal(state, 0, maxIds)
  }

  /** Throws when the stored journal is of a format this version does not know. */
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
    const state = decodeState(stored)
    if (state.epoch !== this.state.epoch) return false
    const chains = state.chains.map(chain => {
      const known = this.chains.find(({ start }) => start === chain.start)
      if (known) Object.assign(known.state, chain)
      return known ?? new Chain(chain)
    })
    this.chains.splice(0, this.chains.length, ...chains)
    Object.assign(this.state, state, { chains: chains.map(chain => chain.state) })
    this.version = stored.version
    this.#take(stored)
    return true
  }

  #take({ heads }: StoredJournal): void {
    this.#revision++
    for (const { head } of heads) {
      const decoded = decodeHead(head)
      this.#place(decoded.head)
      this.#learn(decoded.head, decoded.prints)
    }
  }

  /** Another number whenever segments or chains have come, grown or changed places, in this process. */
  get revision(): number {
    return this.#revision
  }

  encodeState(): Buffer {
    return Buffer.from(JSON.stringify(this.state))
  }

  /** True once anything was read. */
  get isBegun(): boolean {
    return this.state.filled || this.chains.some(chain => chain.heads.length > 0)
  }

  get lastChain(): Chain {
    return this.chains.at(-1)!
  }

  isLast(chain: Chain): boolean {
    return chain === this.chains.at(-1)
  }

  nextChain(chain: Chain): Chain | undefined {
    return this.chains[this.chains.indexOf(chain) + 1]
  }

  /** The latest date the chain or, when it has no segment, an earlier linked chain has given. */
  dateBefore(chain: Chain): number {
    let index = this.chains.indexOf(chain)
    while (index > 0 && this.chains[index]!.heads.length === 0) {
      const previous = this.chains[index - 1]!
      if (!previous.state.linked) return 0
      index--
    }
    return this.chains[index]?.lastDate ?? 0
  }

  addChain(start: number): Chain {
    const state: ChainState = { start, linked: false, cursor: null }
    const chain = new Chain(state)
    const index = this.chains.findIndex(other => other.start > start)
    this.chains.splice(index < 0 ? this.chains.length : index, 0, chain)
    this.state.chains.splice(index < 0 ? this.state.chains.length : index, 0, state)
    if (index < 0) this.state.settled = [fromStart]
    this.#revision++
    return chain
  }

  /** Adds a head, or puts a grown one in the place of the open one it grew from. */
  put(head: SegmentHead, ids: Iterable<string>): void {
    this.#revision++
    this.#place(head)
    this.#learn(head, printsOf(ids))
  }

  head(no: number): SegmentHead | undefined {
    return this.#byNo.get(no)
  }

  /** Ids of a segment of which a later segment holds a newer version. */
  superseded(no: number): ReadonlySet<string> {
    return this.#superseded.get(no) ?? noIds
  }

  /** Ids of a segment of which an earlier segment holds an older version. */
  successors(no: number): ReadonlySet<string> {
    return this.#successors.get(no) ?? noIds
  }

  /** False once there were more ids than the index may know: of some, older versions count as the newest too. */
  get knowsAllIds(): boolean {
    return this.#knowsAllIds
  }

  /** The segment that holds the newest version of this id, as far as the index knows. */
  newest(id: string): number | undefined {
    return this.#ids.get(fingerprint(id))
  }

  /** Whether an object that stands in a segment's place upstream was in the segment; in doubt it was. */
  isMember(id: string, no: number): boolean {
    const newest = this.newest(id)
    return newest === undefined ? !this.#knowsAllIds : newest === no
  }

  /** Segments that hold an older version of this id. */
  olderThanNewest(id: string): number[] {
    return [...this.#superseded].filter(([, ids]) => ids.has(id)).map(([no]) => no)
  }

  /** True when segment `no` lies later in the log than a segment of `chain` about to be read. */
  isLater(no: number, chain: Chain): boolean {
    const head = this.head(no)
    return head !== undefined && head.chain > chain.start
  }

  #place(head: SegmentHead): void {
    const chain = this.chains.find(candidate => candidate.start === head.chain)
    if (!chain) throw new Error(`segment ${head.no} belongs to no chain`)
    this.#byNo.set(head.no, head)
    const index = chain.heads.findLastIndex(({ no }) => no <= head.no)
    const isKnown = chain.heads[index]?.no === head.no
    chain.heads.splice(isKnown ? index : index + 1, isKnown ? 1 : 0, head)
  }

  #learn(head: SegmentHead, prints: readonly Fingerprint[]): void {
    if (this.#ids.size + prints.length > this.#maxIds) {
      this.#ids = new IdIndex()
      this.#knowsAllIds = false
    }
    for (const print of prints) {
      const known = this.#ids.get(print)
      const knownHead = known === undefined || known === head.no ? undefined : this.head(known)
      if (!knownHead || knownHead.chain <= head.chain) this.#ids.set(print, head.no)
    }
    for (const [no, id] of head.supersedes) {
      addTo(this.#superseded, no, id)
      addTo(this.#successors, head.no, id)
    }
    for (const id of head.superseded) addTo(this.#superseded, head.no, id)
  }
}

function decodeState({ state }: StoredJournal): JournalState {
  const decoded = JSON.parse(state.toString()) as JournalState
  if (decoded.format !== stateFormat) throw new Error(`journal format ${decoded.format} is unknown`)
  return decoded
}

function addTo(sets: Map<number, Set<string>>, no: number, id: string): void {
  const set = sets.get(no)
  if (set) set.add(id)
  else sets.set(no, new Set([id]))
}

const printsOf = (ids: Iterable<string>): Fingerprint[] => Array.from(ids, fingerprint)
