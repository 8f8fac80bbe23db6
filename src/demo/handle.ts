/** What a simulator serves and how it behaves: seen and changed while it runs, without the HTTP side. */
import { createHash } from 'node:crypto'
import { type KeyState, makeKey } from './access.ts'
import type { SimulatorClock } from './clock.ts'
import type { StixObject } from './corpus/context.ts'
import type { Ref } from './corpus/object-set.ts'
import type { OddKind } from './corpus/odd.ts'
import type { Faults } from './faults.ts'
import type { ChangeOptions, FeedState, OddOptions } from './feeds/feed-state.ts'
import { defaultFeedId, type FeedDescription, makeFeed, makeFilter } from './feeds/feeds.ts'
import type { Latency } from './latency.ts'
import { objectById } from './object-routes.ts'
import type { Switches } from './switches.ts'
import type { Call, World } from './world.ts'

export interface Visible {
  readonly id: string
  /** The object's own `modified`, else `created`, as written; where it has neither, what it is ordered by. */
  readonly modified: string
  readonly type: string
}

export abstract class Handle {
  /** The first key, which may do everything. */
  readonly key: string
  protected readonly world: World

  constructor(world: World, key: string) {
    this.world = world
    this.key = key
  }

  get clock(): SimulatorClock {
    return this.world.clock
  }

  get switches(): Switches {
    return this.world.switches
  }

  get faults(): Faults {
    return this.world.faults
  }

  get latency(): Latency {
    return this.world.latency
  }

  /** Requests received, oldest first, the last 100,000 of them; empty it with `calls.length = 0`. */
  get calls(): Call[] {
    return this.world.calls
  }

  get keys(): Map<string, KeyState> {
    return this.world.keys
  }

  get feeds(): ReadonlyMap<string, FeedDescription> {
    return this.world.feeds
  }

  /** How many objects there are now. */
  get size(): number {
    return this.world.state.size
  }

  /** Adds a feed or changes one (by `id`); returns its id. */
  putFeed(members: Partial<FeedDescription>): string {
    const known = this.world.feeds.get(members.id ?? '')
    const feed = makeFeed({ ...known, ...members }, this.clock.now())
    this.world.feeds.set(feed.id, feed)
    return feed.id
  }

  /** Adds a key or changes one. */
  putKey(key: string, members: Partial<KeyState> = {}): void {
    this.keys.set(key, { ...(this.keys.get(key) ?? makeKey()), ...members })
  }

  /** Adds generated objects, or one with these members; returns the ids. */
  add(what: number | Record<string, unknown> = 1, options: ChangeOptions = {}): string[] {
    if (typeof what !== 'number') return [this.world.state.add(what, options)]
    return Array.from({ length: what }, () => this.world.state.add({}, options))
  }

  /** Adds objects that all have the same `modified`; returns the ids. */
  ties(count: number, options: ChangeOptions = {}): string[] {
    const modified = options.modified ?? this.world.state.stamp()
    return this.add(count, { ...options, modified })
  }

  /** See {@link FeedState.odd}. */
  odd(kind: OddKind, options: OddOptions = {}): string {
    return this.world.state.odd(kind, options)
  }

  /** See {@link FeedState.edit}. */
  edit(id: string, members: Record<string, unknown> = {}, options: ChangeOptions = {}): string {
    return this.world.state.edit(id, members, options)
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
    this.world.files.set(sha256, { owner: id, type, bytes })
    return sha256
  }

  /** SEKOIA-9.15: gone without a trace. False when it was not there. */
  remove(id: string): boolean {
    return this.world.state.remove(id)
  }

  /** The full object as it is by id, or undefined. */
  get(id: string): StixObject | undefined {
    return objectById(this.world, id)
  }

  /** The objects that a feed holds now, oldest first. @throws TypeError when there is no such feed */
  visible(feedId: string = defaultFeedId): Visible[] {
    const { state } = this.world
    return this.#refs(feedId)
      .filter(ref => state.isObject(ref))
      .map(ref => ({ id: state.id(ref), modified: state.time(ref), type: state.type(ref) }))
  }

  /** The ids of what else it holds: odd items that are no STIX objects. */
  unreadable(feedId: string = defaultFeedId): string[] {
    const { state } = this.world
    return this.#refs(feedId)
      .filter(ref => !state.isObject(ref))
      .map(ref => state.id(ref))
  }

  #refs(feedId: string): Ref[] {
    const { state, clock } = this.world
    const feed = this.world.feeds.get(feedId)
    if (!feed) throw new TypeError(`no feed ${feedId}`)
    const filter = makeFilter(feed, {}, clock.now())
    return [...state.walk(undefined)].filter(ref => !filter || filter(state.facts(ref)))
  }

  /** SEKOIA-9.27: closes every connection and refuses new ones, for so many milliseconds or until told otherwise. */
  abstract refuse(forMs?: number): Promise<void>
}
