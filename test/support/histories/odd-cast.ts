import type { OddItem, OddTime } from '../../../src/demo/corpus/odd.ts'
import { textOf } from '../../../src/demo/corpus/timeline.ts'
import type { World } from '../gateway.ts'
import type { ModelClient } from '../model-clients.ts'
import type { History, OddObject } from './history.ts'

/** Shown times that are later than now, so that a client which asks from the largest `modified` on skips what follows. */
const leading: ReadonlySet<OddTime> = new Set([
  'future',
  'twelve-minutes-ahead',
  'leap-second',
  'over-precise',
  'zone-less'
])

/** Own times that lie in the past, so that a new object would stand where reading has been long ago. */
const past: ReadonlySet<OddTime> = new Set(['year-1', 'year-1601', 'before-1970', 'null-modified'])
const pastAsText: ReadonlySet<OddTime> = new Set([...past, 'space', 'unreadable-both'])

/** Times that are the same for every object. */
const fixed: ReadonlySet<OddTime> = new Set([
  'future',
  'year-1',
  'year-1601',
  'before-1970',
  'leap-second',
  'unreadable',
  'unreadable-both'
])

/** Before the times from which clients ask. */
const ancient: ReadonlySet<OddTime> = new Set(['year-1', 'year-1601', 'before-1970'])

/** The objects with odd times of a history, and what clients are owed of them. */
export class OddCast {
  readonly #world: World
  readonly #order: History['order']
  readonly #epoch: History['epoch']
  readonly #times = new Map<string, OddTime>()
  /** Ids of those that show a time from elsewhere in the feed. */
  readonly #shifted = new Set<string>()
  readonly #tooLarge: number
  readonly #beganAt: number
  readonly #historyMs: number
  readonly #isNewestFirst: boolean
  /** True once one of them showed a time ahead of the clock. */
  #isAhead = false
  #entered = 0
  /** Of those that a lost store knew the dates of. */
  #excused: ReadonlySet<string> = new Set()

  constructor(world: World, history: History) {
    const { odd, items = [], shifted = [], order, epoch, newestFirst, switches } = history
    this.#world = world
    this.#tooLarge = history.maxBodyBytes ?? 0
    // A feed that comes newest first is followed by times alone.
    this.#order = newestFirst && switches.modifiedAfterOrder === 'text' ? 'text' : order
    this.#epoch = epoch
    this.#historyMs = history.historyMs
    this.#isNewestFirst = newestFirst
    this.#beganAt = world.clock.now()
    const placeAt = (at: number) => this.#place(this.timeAt(at))
    for (const { item, at } of items) this.#putItem(item, placeAt(at))
    for (const { byMs, at } of shifted) this.#putShifted(this.timeAt(at), byMs)
    for (const { time, byOwnTime, at } of odd) {
      const place = placeAt(at)
      // What is ordered by one time and shows a slightly later one cannot be told from the truth.
      const isOwn = (byOwnTime && !this.#isTaken(time)) || time === 'twelve-minutes-ahead'
      const id = world.simulator.odd(time, isOwn ? { modified: place } : { place })
      this.#times.set(id, time)
    }
  }

  /** A new object: at its own time if that is not one where it could not be found, else now. */
  enter({ time, byOwnTime }: OddObject): void {
    const isPast = (this.#order === 'text' ? pastAsText : past).has(time)
    const now = this.#world.clock.now()
    const isOwn = byOwnTime && !isPast && !this.#isTaken(time)
    const id = this.#world.simulator.odd(time, { [isOwn ? 'modified' : 'place']: this.#place(now) })
    this.#times.set(id, time)
  }

  /** Milliseconds since the epoch of a part of what Sekoia holds at the beginning. */
  timeAt(part: number): number {
    return this.#beganAt - 300_000 - this.#historyMs * (1 - part)
  }

  /** A new object, which shows a time that is so much later. */
  enterShifted(byMs: number): void {
    this.#putShifted(this.#world.clock.now(), byMs)
  }

  #putShifted(millis: number, byMs: number): void {
    // Three that stand beside each other prove that a feed does not come newest first.
    if (this.#isNewestFirst && this.#shifted.size > 1) return
    const [place, modified] = [this.#place(millis), this.#place(millis + byMs)]
    for (const id of this.#world.simulator.add(1, { place, modified })) this.#shifted.add(id)
    this.#isAhead ||= millis + byMs > this.#world.clock.now()
  }

  /** A new item that nobody can read. */
  enterItem(item: OddItem): void {
    this.#putItem(item, this.#place(this.#world.clock.now()))
  }

  #putItem(item: OddItem, place: string): void {
    this.#world.simulator.odd(item, { place, size: this.#tooLarge })
  }

  /** The store is lost, and with it which objects were dated as new long after their place in the feed. */
  excuse(): void {
    this.#excused = new Set([...this.#times.keys(), ...this.#shifted])
  }

  /** A time that no other object has: ties are for other histories. */
  #place(millis: number): string {
    return textOf(Math.floor(millis) * 1000 + 501 + 2 * this.#entered++)
  }

  /** True for a time that stands in one place of the feed, where another object stands already. */
  #isTaken(time: OddTime): boolean {
    return fixed.has(time) && [...this.#times.values()].includes(time)
  }

  /** True for the key of an object with an odd time, which leaves in another form. */
  has(key: string): boolean {
    return this.#times.has(key.slice(0, key.indexOf('|')))
  }

  /** Ids of those that Sekoia holds now. */
  settled(): string[] {
    return this.#world.simulator
      .visible()
      .map(({ id }) => id)
      .filter(id => this.#times.has(id))
  }

  /** Of one whose date was lost nobody is owed anything. */
  isExcused(id: string): boolean {
    return this.#excused.has(id)
  }

  /** The same by the key of a version. */
  isExcusedKey(key: string): boolean {
    return this.isExcused(key.slice(0, key.indexOf('|')))
  }

  missing({ name, received }: ModelClient, owed: readonly string[]): string[] {
    const ids = new Set([...received].map(key => key.slice(0, key.indexOf('|'))))
    // Who asks from 2000 on is not owed what history dates before.
    const isLate = name === 'OpenCTI ingester' && this.#epoch === '2000'
    return owed
      .filter(id => !ids.has(id) && !this.isExcused(id))
      .filter(id => !(isLate && ancient.has(this.#times.get(id)!)))
      .map(id => `${id} (${this.#times.get(id)})`)
  }

  /** True when the client resumes by the times that objects show, and one of them is ahead. */
  mayMislead({ name }: ModelClient): boolean {
    const isAhead = this.#isAhead || [...this.#times.values()].some(t => leading.has(t))
    return name === 'largest-modified poller' && isAhead
  }
}
