/**
 * A Sekoia Intelligence Center to develop and test against: `startSimulator` gives a server on the loopback
 * interface and a handle that changes what it serves while it runs.
 */
import { makeKey } from './access.ts'
import { SimulatorClock } from './clock.ts'
import { answerControl } from './control.ts'
import { Corpus } from './corpus/corpus.ts'
import type { OddKind } from './corpus/odd.ts'
import { readStixFile } from './corpus/stix-file.ts'
import { type Order, textOf } from './corpus/timeline.ts'
import { Faults } from './faults.ts'
import { FeedState } from './feeds/feed-state.ts'
import { type FeedDescription, makeDefaultFeed, makeFeed } from './feeds/feeds.ts'
import { Handle } from './handle.ts'
import { Latency } from './latency.ts'
import { ValueIndex } from './lookup/values.ts'
import { Server } from './server.ts'
import { defaultSwitches, type Switches } from './switches.ts'
import type { World } from './world.ts'

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

/** Starts listening. The simulator keeps the process alive until `close`. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new Simulator(options)
  await simulator.reopen()
  return simulator
}

export class Simulator extends Handle {
  readonly #server: Server

  constructor(options: SimulatorOptions) {
    const key = options.key ?? defaultKey
    super(makeWorld(options, key), key)
    this.#server = new Server({
      world: this.world,
      control: call => answerControl(this, call),
      port: options.port ?? 0,
      host: options.host ?? '127.0.0.1'
    })
  }

  /** `http://host:port`, without a path. */
  get url(): string {
    return this.#server.url
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
    latency: new Latency(),
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
