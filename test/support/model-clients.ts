import type { Answer } from './gateway.ts'

/**
 * The ways in which clients of the field resume (CLASS-A to CLASS-D, CLIENT-2.2): each model makes one
 * request per step and remembers only what the real client would.
 */
export interface ModelClient {
  readonly name: string
  /** `id|modified` of everything received. */
  readonly received: Set<string>
  /** True when the last answer said that there is no more. */
  readonly isIdle: boolean
  step(): Promise<void>
}

interface Reading {
  readonly objects: { id: string; modified?: string; created?: string }[]
  readonly more: boolean
  readonly next: string | undefined
  readonly lastDate: string
}

/** What a client meets: a clock, and a collection to ask; a world is one. */
export interface Served {
  readonly clock: { now(): number }
  /** GET below the collection, for instance `objects/?limit=2`. */
  get(path: string): Promise<Answer>
}

/** Throws when an answer breaks a promise that holds for every answer. */
export type Inspect = (answer: Answer, query: URLSearchParams) => void

export interface ClientOptions {
  readonly world: Served
  readonly limit: number
  readonly inspect: Inspect
}

abstract class Base implements ModelClient {
  abstract readonly name: string
  readonly received = new Set<string>()
  isIdle = false
  protected readonly options: ClientOptions

  constructor(options: ClientOptions) {
    this.options = options
  }

  /** The query of the next request. */
  protected abstract query(): Record<string, string | undefined>
  protected abstract absorb(reading: Reading, askedAt: number): void

  async step(): Promise<void> {
    const { world, limit, inspect } = this.options
    const given = Object.entries({ limit: String(limit), ...this.query() })
    const query = new URLSearchParams(
      given.filter((pair): pair is [string, string] => pair[1] !== undefined)
    )
    const askedAt = world.clock.now()
    const answer = await world.get(`objects/?${query}`)
    inspect(answer, query)
    if (answer.status !== 200) return
    const { objects = [], more = false, next } = answer.body
    for (const { id, modified, created } of objects)
      this.received.add(`${id}|${modified ?? created}`)
    this.isIdle = !more
    const lastDate = String(answer.headers['x-taxii-date-added-last'])
    this.absorb({ objects, more, next, lastDate }, askedAt)
  }
}

/** (a) Follows `next`, then polls with the last header. */
export class TokenWalker extends Base {
  override readonly name: string = 'token walker'
  #next: string | undefined
  #addedAfter: string | undefined

  protected override query() {
    return this.#next ? { next: this.#next } : { added_after: this.#addedAfter }
  }

  protected override absorb({ more, next, lastDate }: Reading) {
    this.#next = more ? next : undefined
    if (!more) this.#addedAfter = lastDate
  }
}

/** (b) Keeps the last `next` it got, for ever. */
export class TokenKeeper extends Base {
  override readonly name = 'token keeper'
  #next: string | undefined

  protected override query() {
    return { next: this.#next }
  }

  protected override absorb({ next }: Reading) {
    this.#next = next ?? this.#next
  }
}

/** (c) Polls with its own clock at the previous request; pages by `next` in between. */
export class ClockPoller extends Base {
  override readonly name = 'own-clock poller'
  #next: string | undefined
  #since: number | undefined

  protected override query() {
    if (this.#next) return { next: this.#next }
    return { added_after: this.#since && new Date(this.#since).toISOString() } as Record<
      string,
      string | undefined
    >
  }

  protected override absorb({ more, next }: Reading, askedAt: number) {
    this.#next = more ? next : undefined
    if (!more) this.#since = askedAt
  }
}

/** (d) Polls with the largest `modified` it has read (XSOAR, IBM XTI). */
export class ModifiedPoller extends Base {
  override readonly name = 'largest-modified poller'
  #next: string | undefined
  #largest: string | undefined

  protected override query() {
    return this.#next ? { next: this.#next } : { added_after: this.#largest }
  }

  protected override absorb({ objects, more, next }: Reading) {
    this.#next = more ? next : undefined
    for (const { modified } of objects)
      if (
        typeof modified === 'string' &&
        (this.#largest === undefined || instantOf(modified) > instantOf(this.#largest))
      )
        this.#largest = modified
  }
}

const instantOf = (text: string): string =>
  text.replace(/\.?(\d*)Z$/, (_, f) => `.${f.padEnd(9, '0')}`)

/** Knows no `next`: repeats the first request with the last header (P-13). */
export class HeaderPoller extends Base {
  override readonly name = 'header poller'
  #addedAfter: string | undefined

  protected override query() {
    return { added_after: this.#addedAfter }
  }

  protected override absorb({ lastDate }: Reading) {
    this.#addedAfter = lastDate
  }
}

/** OpenCTI: `next` together with the first `added_after`; the header cut to milliseconds; an empty page drops `next`. */
export class OpenCti extends Base {
  override readonly name = 'OpenCTI ingester'
  #next: string | undefined
  #addedAfter: string

  constructor(options: ClientOptions, start: string) {
    super(options)
    this.#addedAfter = start
  }

  protected override query() {
    return { added_after: this.#addedAfter, next: this.#next }
  }

  protected override absorb({ objects, more, next, lastDate }: Reading) {
    if (objects.length === 0) {
      this.#next = undefined
      return
    }
    this.#next = more ? next : undefined
    if (!more) this.#addedAfter = lastDate.replace(/\d{3}Z$/, 'Z')
  }
}

/**
 * (e) The OpenCTI connector: a run lists the collections and follows `next` to the end. The first failing answer
 * ends the run, and the next one asks only for what came after that run began: what it lacked is lost to it.
 */
export class RunGiver extends Base {
  override readonly name = 'client that gives up a run'
  /** How many runs have ended early. */
  givenUp = 0
  readonly #list: () => Promise<Answer>
  #hasListed = false
  #isAnswered = false
  #next: string | undefined
  #window: string | undefined
  #startedAt = 0

  /** `list` asks for the collections; one that is not listed is not read, and its window stays. */
  constructor(options: ClientOptions, list: () => Promise<Answer>) {
    super(options)
    this.#list = list
  }

  protected override query() {
    return { added_after: this.#window, next: this.#next }
  }

  protected override absorb({ more, next }: Reading) {
    this.#isAnswered = true
    this.#next = more ? next : undefined
    if (!more) this.#endRun()
  }

  override async step(): Promise<void> {
    if (!this.#hasListed) {
      this.#startedAt = this.options.world.clock.now()
      const { status, body } = await this.#list()
      this.#hasListed = status === 200 && body.collections?.length > 0
      this.isIdle = status === 200 && !this.#hasListed
      if (status !== 200) this.#giveUp()
      return
    }
    this.#isAnswered = false
    await super.step()
    if (!this.#isAnswered) this.#giveUp()
  }

  #giveUp(): void {
    this.givenUp++
    this.isIdle = true
    this.#endRun()
  }

  #endRun(): void {
    this.#window = new Date(this.#startedAt).toISOString()
    this.#next = undefined
    this.#hasListed = false
  }
}

export interface CrowdOptions {
  readonly world: Served
  /** Of each client but the header poller, whose pages have to hold a whole group of equal dates (P-12). */
  readonly limits: readonly number[]
  readonly inspect: Inspect
  /** From when OpenCTI asks. */
  readonly start: string
}

/** One client of each way to resume. */
export function makeCrowd({ world, limits, inspect, start }: CrowdOptions): ModelClient[] {
  const at = (i: number) => ({ world, limit: limits[i % limits.length]!, inspect })
  return [
    new TokenWalker(at(0)),
    new TokenKeeper(at(1)),
    new ClockPoller(at(2)),
    new ModifiedPoller(at(3)),
    new HeaderPoller({ ...at(4), limit: 200 }),
    new OpenCti(at(5), start)
  ]
}
