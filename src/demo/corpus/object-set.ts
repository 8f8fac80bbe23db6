/**
 * Current objects, each once, ordered by the text of their `modified` and then by id. The base corpus is not
 * changed; objects that were edited, added or loaded from a file are entries of their own, merged in by order
 * (SEKOIA-9.4 and SEKOIA-9.9).
 */
import type { Corpus } from './corpus.ts'
import { microsOf, type Order } from './timeline.ts'
import type { Facts } from './traits.ts'

/** An object that was added, edited or loaded: it replaces or extends the base corpus. */
export interface Entry {
  readonly id: string
  /** The text it is ordered by: `modified`, else `created`, else the time it was loaded. */
  readonly modified: string
  readonly facts: Facts
  /** JSON text in the form of a feed page. */
  readonly json: string
  /** Its own `modified`, else `created`, as written, where it is not what the object is ordered by. */
  readonly time?: string
  /** What pages hold in place of `json`, when that is no STIX object. */
  readonly raw?: () => Buffer
}

/** Times whose order as text is that of their instants, within a second. */
const plainTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

/** A current object: the index of an untouched base object, or an entry. */
export type Ref = number | Entry

/** A place in the feed's order: after (or, inclusive, at) a time and, where ids count, an id. */
export interface Bound {
  readonly text: string
  readonly id?: string
  readonly inclusive: boolean
}

export class ObjectSet {
  readonly corpus: Corpus
  readonly #order: Order
  readonly #moved: Uint8Array
  readonly #entries = new Map<string, Entry>()
  readonly #sorted: Entry[] = []
  #movedCount = 0
  #isPlain = true

  constructor(corpus: Corpus, order: Order) {
    this.corpus = corpus
    this.#order = order
    this.#moved = new Uint8Array(corpus.size)
  }

  /** How many objects are visible now. */
  get size(): number {
    return this.corpus.size - this.#movedCount + this.#sorted.length
  }

  /** False once something was ordered by a time with another zone, or by what is no time. */
  get isPlain(): boolean {
    return this.#isPlain
  }

  /** The current objects that are not, or no longer, the base corpus's own. */
  get entries(): readonly Entry[] {
    return this.#sorted
  }

  find(id: string): Ref | undefined {
    const entry = this.#entries.get(id)
    if (entry) return entry
    const index = this.corpus.find(id)
    return index === undefined || this.#moved[index] ? undefined : index
  }

  id(ref: Ref): string {
    return typeof ref === 'number' ? this.corpus.id(ref) : ref.id
  }

  type(ref: Ref): string {
    return typeof ref === 'number' ? this.corpus.type(ref) : ref.facts.type
  }

  modified(ref: Ref): string {
    return typeof ref === 'number' ? this.corpus.modified(ref) : ref.modified
  }

  /** {@link modified} in microseconds since the epoch; what is no time comes after all that is. */
  micros(ref: Ref): number {
    return typeof ref === 'number' ? this.corpus.micros(ref) : rankOf(ref.modified)
  }

  /** The object's own time, as written. */
  time(ref: Ref): string {
    return typeof ref === 'number' ? this.corpus.modified(ref) : (ref.time ?? ref.modified)
  }

  /** The bytes of an item that is no STIX object; undefined for every object. */
  raw(ref: Ref): Buffer | undefined {
    return typeof ref === 'number' ? undefined : ref.raw?.()
  }

  isObject(ref: Ref): boolean {
    return typeof ref === 'number' || ref.raw === undefined
  }

  facts(ref: Ref): Facts {
    return typeof ref === 'number' ? this.corpus.facts(ref) : ref.facts
  }

  json(ref: Ref): string {
    return typeof ref === 'number' ? this.corpus.json(ref) : ref.json
  }

  /** Current objects in the feed's order from a bound on, or from an end; `descending` goes to older ones. */
  *walk(bound: Bound | undefined, descending = false): Generator<Ref> {
    const step = descending ? -1 : 1
    let base = this.#start(this.corpus.size, bound, descending, index => index)
    let tail = this.#start(this.#sorted.length, bound, descending, at => this.#sorted[at]!)
    while (true) {
      while (this.#moved[base] === 1) base += step
      const index = base >= 0 && base < this.corpus.size ? base : undefined
      const entry = this.#sorted[tail]
      if (index === undefined && !entry) return
      if (!entry || (index !== undefined && this.#compare(index, entry) * step < 0)) {
        yield index!
        base += step
      } else {
        yield entry
        tail += step
      }
    }
  }

  /** Makes an entry the current version of its object. */
  put(entry: Entry): void {
    this.take(entry.id)
    this.#entries.set(entry.id, entry)
    this.#isPlain &&= plainTime.test(entry.modified) && microsOf(entry.modified) !== undefined
    this.#sorted.splice(this.#placeOf(entry), 0, entry)
  }

  /** Takes out the current version of an object. */
  take(id: string): void {
    const entry = this.#entries.get(id)
    if (entry) {
      this.#entries.delete(id)
      this.#sorted.splice(this.#placeOf(entry), 1)
    }
    const index = this.corpus.find(id)
    if (index === undefined || this.#moved[index]) return
    this.#moved[index] = 1
    this.#movedCount++
  }

  #placeOf(entry: Entry): number {
    return partition(this.#sorted.length, at => this.#compare(this.#sorted[at]!, entry) < 0)
  }

  #compareText(ref: Ref, text: string): number {
    if (this.#order === 'text') return compare(this.modified(ref), text)
    const [left, right] = [this.micros(ref), rankOf(text)]
    if (left !== right) return left < right ? -1 : 1
    return left === Number.POSITIVE_INFINITY ? compare(this.modified(ref), text) : 0
  }

  #compare(left: Ref, right: Ref): number {
    return this.#compareText(left, this.modified(right)) || compare(this.id(left), this.id(right))
  }

  #compareBound(ref: Ref, { text, id }: Bound): number {
    const byText = this.#compareText(ref, text)
    return byText || id === undefined ? byText : compare(this.id(ref), id)
  }

  #start(
    count: number,
    bound: Bound | undefined,
    descending: boolean,
    refAt: (at: number) => Ref
  ): number {
    if (!bound) return descending ? count - 1 : 0
    const keepsEqual = bound.inclusive === descending
    const first = partition(count, at => {
      const order = this.#compareBound(refAt(at), bound)
      return order < 0 || (order === 0 && keepsEqual)
    })
    return descending ? first - 1 : first
  }
}

const rankOf = (text: string): number => microsOf(text) ?? Number.POSITIVE_INFINITY

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

/** How many of the first `count` places satisfy a condition that, once false, stays false. */
function partition(count: number, holds: (at: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) low = middle + 1
    else high = middle
  }
  return low
}
