/**
 * A Sekoia Intelligence Center to develop and test against: `startSimulator` gives a server on the loopback
 * interface and a handle that changes what it serves while it runs.
 */
import { createHash } from 'node:crypto'
import { type KeyState, makeKey } from './access.ts'
import { SimulatorClock } from './clock.ts'
import type { StixObject } from './context.ts'
import { Corpus } from './corpus.ts'
import { Faults } from './faults.ts'
import { type ChangeOptions, FeedState, type OddOptions } from './feed-state.ts'
import {
  defaultFeedId,
  type FeedDescription,
  makeDefaultFeed,
  makeFeed,
  makeFilter
} from './feeds.ts'
import { ValueIndex } from './lookup/values.ts'
import { objectById } from './object-routes.ts'
import type { Ref } from './object-set.ts'
import type { OddKind } from './odd.ts'
import { Server } from './server.ts'
import { readStixFile } from './stix-file.ts'
import { defaultSwitches, type Switches } from './switches.ts'
import { type Order, textOf } from './timeline.ts'
import type { Call, World } from './world.ts'

/** The key of a simulator that is given none. */
export const defaultKey = 'sio_simulator'

export interface SimulatorOptions {
  /** 0, the default, takes a free port. */
  port?: number
  /** Default `127.0.0.1`. */
  host?: string
  /** Size of the generated corpus; default 10,000, or 0 with `file`. */
  objects?: number
  /** Whole number; the same seed, span and size give the same corpus. */
  seed?: number
  /** Milliseconds since the epoch of the oldest object; default 2019-01-01. */
  from?: number
  /** In place of `from`: days between the oldest and the newest object. */
  historyDays?: number
  /** Milliseconds since the epoch before which the corpus ends; default five minutes before the start. */
  to?: number
  order?: Order
  /** Default true: one object in twenty has 3 kB or 10 kB. */
  bloat?: boolean
  /** Sets the clock (and stops it) before anything else; default real time. */
  now?: number
  /** Default `defaultKey`. */
  key?: string
  switches?: Partial<Switches>
  /** Feeds beside the default one. */
  feeds?: Partial<FeedDescription>[]
  /** A JSON file of STIX objects to serve. */
  file?: string
  /** Odd objects and items (odd.ts) spread evenly over the history, in this order. */
  odd?: readonly OddKind[]
}

export interface Visible {
  readonly id: string
  /** The object's own `modified`, else `created`, as written; where it has neither, what it is ordered by. */
  readonly modified: string
  readonly type: string
}

/** Starts listening. The simulator keeps the process alive until `close`. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new Simulator(options)
  await simulator.reopen()
  return simulator
}

export class Simulator {
  /** The first key, which may do everything. */
  readonly key: string
  readonly #world: World
  readonly #server: Server

  constructor(options: SimulatorOptions) {
    this.key = options.key ?? defaultKey
    this.#world = makeWorld(options, this.key)
    this.#server = new Server({
      world: this.#world,
      simulator: this,
      port: options.port ?? 0,
      host: options.host ?? '127.0.0.1'
    })
  }

  /** `http://host:port`, without a path. */
  get url(): string {
    return this.#server.url
  }

  get clock(): SimulatorClock {
    return this.#world.clock
  }

  get switches(): Switches {
    return this.#world.switches
  }

  get faults(): Faults {
    return this.#world.faults
  }

  /** Requests received, oldest first, the last 100,000 of them; empty it with `calls.length = 0`. */
  get calls(): Call[] {
    return this.#world.calls
  }

  get keys(): Map<string, KeyState> {
    return this.#world.keys
  }

  get feeds(): ReadonlyMap<string, FeedDescription> {
    return this.#world.feeds
  }

  /** How many objects there are now. */
  get size(): number {
    return this.#world.state.size
  }

  /** Adds a feed or changes one (by `id`); returns its id. */
  putFeed(members: Partial<FeedDescription>): string {
    const known = this.#world.feeds.get(members.id ?? '')
    const feed = makeFeed({ ...known, ...members }, this.clock.now())
    this.#world.feeds.set(feed.id, feed)
    return feed.id
  }

  /** Adds a key or changes one. */
  putKey(key: string, members: Partial<KeyState> = {}): void {
    this.keys.set(key, { ...(this.keys.get(key) ?? makeKey()), ...members })
  }

  /** Adds generated objects, or one with these members; returns the ids. */
  add(what: number | Record<string, unknown> = 1, options: ChangeOptions = {}): string[] {
    if (typeof what !== 'number') return [this.#world.state.add(what, options)]
    return Array.from({ length: what }, () => this.#world.state.add({}, options))
  }

  /** Adds objects that all have the same `modified`; returns the ids. */
  ties(count: number, options: ChangeOptions = {}): string[] {
    const modified = options.modified ?? this.#world.state.stamp()
    return this.add(count, { ...options, modified })
  }

  /** See {@link FeedState.odd}. */
  odd(kind: OddKind, options: OddOptions = {}): string {
    return this.#world.state.odd(kind, options)
  }

  /** See {@link FeedState.edit}. */
  edit(id: string, members: Record<string, unknown> = {}, options: ChangeOptions = {}): string {
    return this.#world.state.edit(id, members, options)
  }

  /** SEKOIA-9.14: the same object, revoked, with a new `modified`, which is returned. */
  revoke(id: string, options: ChangeOptions = {}): string {
    return this.edit(id, { revoked: true }, options)
  }

  /** Attaches a file to an object, which is an edit; returns the file's SHA-256. */
  attach(id: string, bytes: Buffer, fileName = 'report.pdf', type = 'application/pdf'): string {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const uploaded = [{ sha256, file_name: fileName, mime_type: type }]
    this.edit(id, { x_inthreat_uploaded_files: uploaded })
    this.#world.files.set(sha256, { owner: id, type, bytes })
    return sha256
  }

  /** SEKOIA-9.15: gone without a trace. False when it was not there. */
  remove(id: string): boolean {
    return this.#world.state.remove(id)
  }

  /** The full object as it is by id, or undefined. */
  get(id: string): StixObject | undefined {
    return objectById(this.#world, id)
  }

  /** The objects that a feed holds now, oldest first. @throws TypeError when there is no such feed */
  visible(feedId: string = defaultFeedId): Visible[] {
    const { state } = this.#world
    return this.#refs(feedId)
      .filter(ref => state.isObject(ref))
      .map(ref => ({ id: state.id(ref), modified: state.time(ref), type: state.type(ref) }))
  }

  /** The ids of what else it holds: odd items that are no STIX objects. */
  unreadable(feedId: string = defaultFeedId): string[] {
    const { state } = this.#world
    return this.#refs(feedId)
      .filter(ref => !state.isObject(ref))
      .map(ref => state.id(ref))
  }

  #refs(feedId: string): Ref[] {
    const { state, clock } = this.#world
    const feed = this.#world.feeds.get(feedId)
    if (!feed) throw new TypeError(`no feed ${feedId}`)
    const filter = makeFilter(feed, {}, clock.now())
    return [...state.walk(undefined)].filter(ref => !filter || filter(state.facts(ref)))
  }

  /** SEKOIA-9.27: closes every connection and refuses new ones, for so many milliseconds or until `reopen`. */
  refuse(forMs?: number): Promise<void> {
    return this.#server.refuse(forMs)
  }

  /** Listens again, on the same port. */
  reopen(): Promise<void> {
    return this.#server.open()
  }

  /** Ends all connections at once and leaves nothing behind. */
  close(): Promise<void> {
    return this.#server.close()
  }
}

function makeWorld(options: SimulatorOptions, key: string): World {
  const clock = new SimulatorClock()
  if (options.now !== undefined) clock.set(options.now)
  const { seed = 1, order = 'text', file } = options
  const state = new FeedState(makeCorpus(options, clock.now()), clock, order)
  if (file !== undefined) for (const object of readStixFile(file)) state.load(object)
  spread(state, options.odd ?? [])
  const feeds = (options.feeds ?? []).map(feed => makeFeed(feed, clock.now()))
  return {
    state,
    clock,
    switches: { ...defaultSwitches, ...options.switches },
    keys: new Map([[key, makeKey()]]),
    feeds: new Map([makeDefaultFeed(clock.now()), ...feeds].map(feed => [feed.id, feed])),
    faults: new Faults(seed),
    calls: [],
    values: new ValueIndex(state),
    files: new Map(),
    given: new Map(),
    issued: new Map()
  }
}

/** Puts odd things into the history at equal distances, each a microsecond behind an object of the corpus. */
function spread(state: FeedState, kinds: readonly OddKind[]): void {
  const { corpus } = state
  for (const [n, kind] of kinds.entries()) {
    const index = Math.floor(((n + 0.5) * corpus.size) / kinds.length)
    state.odd(kind, corpus.size > 0 ? { place: textOf(corpus.micros(index) + 1) } : {})
  }
}

function makeCorpus(options: SimulatorOptions, now: number): Corpus {
  const to = options.to ?? now - 300_000
  const { historyDays } = options
  const from = historyDays === undefined ? Date.UTC(2019, 0, 1) : to - historyDays * 86_400_000
  return new Corpus({
    seed: options.seed ?? 1,
    objects: options.objects ?? (options.file === undefined ? 10_000 : 0),
    from: options.from ?? from,
    to,
    order: options.order ?? 'text',
    bloat: options.bloat ?? true
  })
}
