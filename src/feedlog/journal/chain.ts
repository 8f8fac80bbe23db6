import type { ChainState, Pass } from './journal-state.ts'
import type { SegmentHead } from './segment-head.ts'

/** A run of segments that starts at one time and was read by following Sekoia's cursors. */
export class Chain {
  /** Milliseconds since the epoch, 0 = the beginning of the feed. */
  readonly start: number
  readonly #heads: SegmentHead[] = []
  #isLinked: boolean
  #cursor: string | null
  #cursorsFrom: number | undefined
  #met: number | undefined
  #progress: number
  #readUpTo: number
  #pass: Pass | undefined

  constructor({ start, linked, cursor, cursorsFrom, met, pass }: ChainState) {
    this.#pass = pass
    this.#met = met
    this.start = start
    this.#isLinked = linked
    this.#cursor = cursor
    this.#cursorsFrom = cursorsFrom
    this.#progress = start
    this.#readUpTo = start
  }

  /** Ascending number. */
  get heads(): readonly SegmentHead[] {
    return this.#heads
  }

  /** True when it has reached the start of the next chain. */
  get isLinked(): boolean {
    return this.#isLinked
  }

  /** The newest cursor Sekoia gave for it, if any. */
  get cursor(): string | null {
    return this.#cursor
  }

  /** The latest own time it has read, or its start. */
  get progress(): number {
    return this.#progress
  }

  /** A time up to which everything was read, also where single objects have a wrong time; or its start. */
  get readUpTo(): number {
    return this.#readUpTo
  }

  /**
   * The latest own time on its first page. That page was sought by time, so that it may lack objects whose time
   * Sekoia orders and compares in two ways; the chain before has them. Its start where there is no such page.
   */
  get cursorsFrom(): number {
    return this.#cursorsFrom ?? this.start
  }

  /** Number of its newest segment, 0 before the first. */
  get lastNo(): number {
    return this.#heads.at(-1)?.no ?? 0
  }

  /** The same without what sweeps found: it lies far before what is read next. */
  get lastReadNo(): number {
    return this.#heads.findLast(({ swept }) => !swept)?.no ?? 0
  }

  get lastDate(): number {
    return this.#heads.at(-1)?.lastDate ?? 0
  }

  get state(): ChainState {
    return {
      start: this.start,
      linked: this.#isLinked,
      cursor: this.#cursor,
      ...(this.#cursorsFrom !== undefined && { cursorsFrom: this.#cursorsFrom }),
      ...(this.#met !== undefined && { met: this.#met }),
      ...(this.#pass && { pass: this.#pass })
    }
  }

  /** How a feed that comes newest first is being read for it; undefined before and after. */
  get pass(): Pass | undefined {
    return this.#pass
  }

  setPass(pass: Pass | undefined): void {
    this.#pass = pass
  }

  /** Sekoia gave a newer cursor; null says nothing. */
  advance(cursor: string | null): void {
    this.#cursor = cursor ?? this.#cursor
  }

  /** Its first page was read, by time, as far as this. */
  beginWithCursors(from: number): void {
    this.#cursorsFrom = from
  }

  /** True when its own cursors have led it to an object that the other chain holds. */
  hasMet({ start }: Chain): boolean {
    return this.#met === start
  }

  /** True once its cursors may lead to what other chains hold. */
  get hasMetAny(): boolean {
    return this.#isLinked || this.#met !== undefined
  }

  /** Its own cursors have led it to an object that the other chain holds. */
  meet({ start }: Chain): void {
    this.#met = start
  }

  /** It has reached the start of the next chain. */
  link(): void {
    this.#isLinked = true
  }

  /** Takes over what another process knows of it. */
  adopt({ linked, cursor, cursorsFrom, met, pass }: ChainState): void {
    this.#pass = pass
    this.#met = met
    this.#isLinked = linked
    this.#cursor = cursor
    this.#cursorsFrom = cursorsFrom
  }

  /** Adds a head, or puts a grown one in the place of the one it grew from. */
  place(head: SegmentHead): void {
    const index = this.#heads.findLastIndex(({ no }) => no <= head.no)
    const isKnown = this.#heads[index]?.no === head.no
    this.#heads.splice(isKnown ? index : index + 1, isKnown ? 1 : 0, head)
    this.#progress = Math.max(this.#progress, head.maxNatural)
    this.#readUpTo = Math.max(this.#readUpTo, head.readUpTo ?? head.maxNatural)
  }
}
