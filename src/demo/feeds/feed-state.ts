/**
 * The feed as it changes: edits, additions, late arrivals, deletions (SEKOIA-9.9, SEKOIA-9.14, SEKOIA-9.15 and
 * SEKOIA-9.20).
 */
import type { SimulatorClock } from '../clock.ts'
import type { StixObject } from '../corpus/context.ts'
import type { Corpus } from '../corpus/corpus.ts'
import { type Bound, type Entry, ObjectSet, type Ref } from '../corpus/object-set.ts'
import { makeOdd, type OddKind } from '../corpus/odd.ts'
import { microsOf, type Order, textOf } from '../corpus/timeline.ts'
import { factsOf } from '../corpus/traits.ts'

export interface ChangeOptions {
  /** The change gets its `modified` now but shows only after this many milliseconds: a late arrival. */
  hiddenForMs?: number
  /** `modified` to use in place of now. */
  modified?: string
  /** Where the object stands in the feed: what Sekoia orders it by, in place of its `modified`. */
  place?: string
}

export interface OddOptions extends ChangeOptions {
  /** Laid over the generated indicator before it is made odd. */
  members?: Record<string, unknown>
  /** Levels of `deep`, bytes of `huge`. */
  size?: number
}

interface Pending {
  readonly due: number
  readonly entry: Entry
}

export class FeedState extends ObjectSet {
  readonly #clock: SimulatorClock
  readonly #removed = new Map<string, string>()
  #pending: Pending[] = []
  #added = 0
  #lastMicros = 0

  constructor(corpus: Corpus, clock: SimulatorClock, order: Order) {
    super(corpus, order)
    this.#clock = clock
  }

  override get size(): number {
    this.#settle()
    return super.size
  }

  override get entries(): readonly Entry[] {
    this.#settle()
    return super.entries
  }

  override find(id: string): Ref | undefined {
    this.#settle()
    return super.find(id)
  }

  override *walk(bound: Bound | undefined, descending = false): Generator<Ref> {
    this.#settle()
    yield* super.walk(bound, descending)
  }

  /** The last JSON text of a removed object. */
  findRemoved(id: string): string | undefined {
    return this.#removed.get(id)
  }

  /**
   * Gives an object new members and a new `modified`, which moves it to the end.
   * @returns the new `modified`
   * @throws TypeError when there is no such object
   */
  edit(id: string, members: Record<string, unknown> = {}, options: ChangeOptions = {}): string {
    const ref = this.find(id)
    if (ref === undefined || !this.isObject(ref)) throw new TypeError(`no object ${id}`)
    const modified = options.modified ?? this.stamp()
    this.#change({ ...(JSON.parse(this.json(ref)) as StixObject), ...members, modified }, options)
    return modified
  }

  /**
   * Adds an object: generated ones of the corpus, or one with the members given laid over a generated one.
   * @returns its id
   */
  add(members: Record<string, unknown> = {}, options: ChangeOptions = {}): string {
    const index = this.corpus.size + this.#added++
    const modified = options.modified ?? this.stamp()
    const type = String(members['type'] ?? this.corpus.type(index))
    const micros = microsOf(modified) ?? this.#clock.now() * 1000
    const text = this.corpus.make(index, { type, modified, micros })
    const object = { ...(JSON.parse(text) as StixObject), ...members, modified }
    this.#change(object, options)
    return object.id
  }

  /**
   * Adds something odd, see odd.ts. It stands at `place`, else where its own `modified` puts it, else at the end.
   * @returns its id; that of an item without one is made up
   */
  odd(kind: OddKind, options: OddOptions = {}): string {
    const index = this.corpus.size + this.#added++
    const modified = options.modified ?? options.place ?? this.stamp()
    const micros = microsOf(modified) ?? this.#clock.now() * 1000
    const text = this.corpus.make(index, { type: 'indicator', modified, micros })
    const sound = { ...(JSON.parse(text) as StixObject), ...options.members }
    const { object, json, raw } = makeOdd(kind, sound, { micros, size: options.size })
    const own = timeOf(object)
    const entry = {
      ...this.#entry(object, options.place ?? (raw ? modified : (own ?? modified))),
      json,
      ...(own !== undefined && { time: own }),
      ...(raw && { raw })
    }
    this.#show(entry, options)
    return entry.id
  }

  /** Puts an object in as it is. */
  load(object: StixObject): void {
    this.put(this.#entry(object, timeOf(object) ?? this.stamp()))
  }

  /** Deletes without a trace. False when there was no such object. */
  remove(id: string): boolean {
    const ref = this.find(id)
    if (ref === undefined) return false
    this.#pending = this.#pending.filter(({ entry }) => entry.id !== id)
    this.#removed.set(id, this.json(ref))
    this.take(id)
    return true
  }

  /**
   * The next unused microsecond from now on. It never ends in zero, so that changes follow each other in text
   * order as they do in time; pass `modified` to break that.
   */
  stamp(): string {
    this.#lastMicros = Math.max(Math.floor(this.#clock.now()) * 1000, this.#lastMicros) + 1
    if (this.#lastMicros % 10 === 0) this.#lastMicros++
    return textOf(this.#lastMicros)
  }

  #change(object: StixObject, options: ChangeOptions): void {
    const { modified, place } = options
    if (modified !== undefined && microsOf(modified) === undefined) {
      throw new TypeError(`not a timestamp: ${modified}`)
    }
    const time = object['modified'] as string
    this.#show({ ...this.#entry(object, place ?? time), time }, options)
  }

  #show(entry: Entry, { hiddenForMs }: ChangeOptions): void {
    if (hiddenForMs) this.#pending.push({ due: this.#clock.now() + hiddenForMs, entry })
    else this.put(entry)
  }

  #entry(object: StixObject, modified: string): Entry {
    return { id: object.id, modified, facts: factsOf(object), json: JSON.stringify(object) }
  }

  /** Makes visible what is due, unless a newer version of the object came first. */
  #settle(): void {
    if (this.#pending.length === 0) return
    const now = this.#clock.now()
    const due = this.#pending.filter(pending => pending.due <= now)
    if (due.length === 0) return
    this.#pending = this.#pending.filter(pending => pending.due > now)
    for (const { entry } of due) {
      const current = this.find(entry.id)
      if (current === undefined || this.micros(current) < this.micros(entry)) this.put(entry)
    }
  }
}

/** `modified`, else `created`, where they are text. */
const timeOf = ({ modified, created }: StixObject): string | undefined =>
  [modified, created].find(time => typeof time === 'string')
