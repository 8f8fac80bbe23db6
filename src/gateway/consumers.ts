import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ScopeId } from '../kernel/caller.ts'
import type { Identity, Progress } from '../kernel/identity.ts'
import { memoize } from '../kernel/memoize.ts'
import type { Clock } from '../kernel/ports.ts'

/** One answer to a consumer, as far as it is remembered. */
export interface Reading {
  readonly identity: Identity
  /** Undefined without a usable key. */
  readonly scope: ScopeId | undefined
  readonly dialect: string
  /** The id that goes upstream; undefined for a request that is for no feed, or was refused before. */
  readonly feedId: string | undefined
  /** What was asked for, whole; only its digest is kept. */
  readonly target: string
  readonly status: number
  readonly items: number
  readonly bytes: number
  readonly progress: Progress | undefined
}

/** Somebody who reads a feed. Instants are ms since the epoch. */
export interface Consumer {
  readonly identity: Identity
  readonly scope: ScopeId | undefined
  readonly dialect: string
  readonly feedId: string | undefined
  readonly firstAt: number
  lastAt: number
  lastStatus: number
  /** Up to which date_added it was given everything; undefined when its dialect has no dates. */
  reached: number | undefined
  /** True when the last answer left something to be read. */
  more: boolean
  /** How often in a row it asked for the same place, and was not done with it. */
  repeats: number
  requests: number
  items: number
  bytes: number
  /** Pauses between its rounds, the latest last, ms. */
  pauses: readonly number[]
  /** Digest of what it asked for last; '' once it was done with it. */
  place: string
}

const toPlace = memoize((target: string) => hash('sha1', target))

/** Shorter pauses are within a round of reading. */
const minPauseMs = 5000
const keptPauses = 5

/**
 * Who reads what, and how far they are: the consumers of this process, those forgotten first that asked longest ago.
 * One who asks under another address or user agent is another. Those who were never given anything have a small table
 * of their own, so that made-up keys drive nobody out.
 */
export class Consumers {
  readonly #clock: Pick<Clock, 'now'>
  readonly #served: LRUCache<string, Consumer>
  readonly #strangers: LRUCache<string, Consumer>

  /** @param max most consumers remembered. */
  constructor(clock: Pick<Clock, 'now'>, max = 1000) {
    this.#clock = clock
    const strangers = Math.ceil(max / 10)
    this.#served = new LRUCache({ max: max - strangers })
    this.#strangers = new LRUCache({ max: strangers })
  }

  /** The one that asked last comes first, strangers after the others. */
  list(): Consumer[] {
    return [...this.#served.values(), ...this.#strangers.values()]
  }

  note(reading: Reading): void {
    const { identity, scope, dialect, feedId, status } = reading
    if (feedId === undefined && !isRefusal(status)) return
    const { address, user, userAgent } = identity
    const name = [scope, address, user, userAgent, dialect, feedId].join('\n')
    const known = this.#served.get(name)
    const consumer = known ?? this.#strangers.get(name) ?? newConsumer(reading, this.#clock.now())
    if (!known && status < 400) {
      this.#strangers.delete(name)
      this.#served.set(name, consumer)
    } else if (!known) this.#strangers.set(name, consumer)
    this.#follow(consumer, reading)
  }

  #follow(consumer: Consumer, reading: Reading): void {
    const { target, status, items, bytes, progress } = reading
    const now = this.#clock.now()
    const pause = now - consumer.lastAt
    if (pause >= minPauseMs) consumer.pauses = [...consumer.pauses, pause].slice(-keptPauses)
    const isUndone = status >= 400 || progress?.more === true
    const place = isUndone ? toPlace(target) : ''
    consumer.repeats = isUndone && place === consumer.place ? consumer.repeats + 1 : 0
    consumer.place = place
    consumer.lastAt = now
    consumer.lastStatus = status
    consumer.requests++
    consumer.items += items
    consumer.bytes += bytes
    if (progress && status < 400) this.#advance(consumer, progress, now)
  }

  /** What comes after the end was told gets a later date. */
  #advance(consumer: Consumer, { more, reached }: Progress, now: number): void {
    consumer.more = more
    if (reached !== undefined) consumer.reached = more ? reached : Math.max(reached, now)
    else if (!more && consumer.reached !== undefined) consumer.reached = now
  }
}

const newConsumer = (reading: Reading, now: number): Consumer => ({
  identity: reading.identity,
  scope: reading.scope,
  dialect: reading.dialect,
  feedId: reading.feedId,
  firstAt: now,
  lastAt: now,
  lastStatus: reading.status,
  reached: undefined,
  more: true,
  repeats: 0,
  requests: 0,
  items: 0,
  bytes: 0,
  pauses: [],
  place: ''
})

export const isRefusal = (status: number): boolean => status === 401 || status === 403
