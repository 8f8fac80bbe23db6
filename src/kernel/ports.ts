import { setTimeout } from 'node:timers/promises'
import type { Caller } from './caller.ts'

/** Milliseconds since the epoch; injected so that tests can move time. */
export interface Clock {
  now(): number
  sleep(ms: number): Promise<void>
  /** Milliseconds that have passed since some moment, whatever becomes of {@link now}; absent where that never jumps. */
  elapsed?(): number
  /**
   * The latest moment, by {@link elapsed}, at which {@link now} is known to have been right; absent where it always is,
   * `-Infinity` while it is not known.
   */
  provenAt?(): number
  /** False while {@link now} goes by nothing but the machine's clock; absent where that is always right. */
  isProven?(): boolean
}

/** The time to measure ages and pauses by. */
export const elapsedOf = (clock: Pick<Clock, 'now' | 'elapsed'>): number =>
  clock.elapsed?.() ?? clock.now()

/** True unless {@link Clock.now} may be wrong by any time. */
export const isProven = (clock: Pick<Clock, 'isProven'>): boolean => clock.isProven?.() ?? true

export const systemClock: Clock = { now: () => Date.now(), sleep: ms => setTimeout(ms) }

/** What the index keeps of one STIX object. `offset` and `length` are bytes within the page's `bytes`. */
export interface Entry {
  readonly id: string
  readonly type: string
  /** Text as it stands in the object, after repair; `undefined` when the object has none. */
  readonly modified: string | undefined
  readonly created: string | undefined
  readonly specVersion: string | undefined
  /** `modified`, else `created`, as Sekoia wrote it before any repair: its place in the feed's order. */
  readonly time: string | undefined
  readonly offset: number
  readonly length: number
}

/** An item of an answer that is no STIX object: it is left out, so that the rest of the page can go on. */
export interface UnreadableItem {
  /** Its number among the items of the answer, from 0. */
  readonly index: number
  /** Broken JSON, bytes that are not UTF-8, or sound JSON that is no object with an `id` and a `type`. */
  readonly fault: 'json' | 'utf-8' | 'not-stix'
  /** Its STIX id, where one can be made out. */
  readonly id: string | undefined
  /** As they came; a part of the whole answer. */
  readonly bytes: Buffer
}

/** Objects in the order Sekoia gave them: their bytes joined by single commas, and an index over them. */
export interface Page {
  readonly bytes: Buffer
  readonly entries: readonly Entry[]
  /** Sekoia's `next_cursor`: opaque, or null. */
  readonly nextCursor: string | null
  /** How many items upstream sent, `unreadable` ones included, of which one may have taken others with it. */
  readonly itemCount: number
  /** How many were asked for, where that was fewer than the request's `limit`: a page of so many is full. */
  readonly limit?: number
  /** Items that were left out. */
  readonly unreadable?: readonly UnreadableItem[]
  /** How many objects were left out because Sekoia could not give them. */
  readonly skipped?: number
}

export interface PageRequest {
  readonly feedId: string
  /** Sorted STIX types for `match[type]`; empty means all. */
  readonly types: readonly string[]
  /** A cursor that Sekoia gave. Never together with `modifiedAfter`. */
  readonly cursor?: string
  /** RFC 3339 text without a fraction; only on the first call of a walk. */
  readonly modifiedAfter?: string
  /** 1 to 2,000. */
  readonly limit: number
  /** True asks for revoked and expired objects too, whatever the feed says by itself. */
  readonly all?: boolean | undefined
}

/** A Sekoia feed as `GET /feeds` describes it; only what the gateway reads. */
export interface Feed {
  readonly id: string
  readonly title: string
  readonly description?: string
  readonly types: readonly string[]
  readonly observableTypes: readonly string[]
  readonly tlps: readonly string[]
  readonly sources: readonly string[]
  readonly labels: readonly string[]
  readonly sortOrder: 'asc' | 'desc' | undefined
  readonly format: string
  /** True when the feed gives revoked and expired objects unasked. */
  readonly givesAll: boolean
}

/** Sekoia as the gateway needs it. Every method throws GatewayError and nothing else. */
export interface Upstream {
  /** One page of a feed (SEKOIA-3). */
  page(caller: Caller, request: PageRequest, signal?: AbortSignal): Promise<Page>
  /** Objects by id, relationships split to their own endpoint; unknown ids are left out. */
  objects(caller: Caller, ids: readonly string[], signal?: AbortSignal): Promise<Page>
  /** Every feed the key may see, all pages; throws `forbidden` when the key lacks "View feeds". */
  feeds(caller: Caller, signal?: AbortSignal): Promise<Feed[]>
  /** One feed's description; undefined when the key may not read descriptions or the feed has none. */
  feed(caller: Caller, feedId: string, signal?: AbortSignal): Promise<Feed | undefined>
  /** Resolves when Sekoia accepts the key at all; throws `unauthorized` when not. */
  verifyKey(caller: Caller, signal?: AbortSignal): Promise<void>
}

/** Counters by name and label; the metrics library stands behind it. */
export interface Meter {
  count(name: string, labels?: Readonly<Record<string, string>>, by?: number): void
}

export const silentMeter: Meter = { count: () => {} }

/** Distributions of durations by name and label. */
export interface Stopwatch {
  /** Notes that something took so many seconds. */
  observe(name: string, labels: Readonly<Record<string, string>>, seconds: number): void
}

export const silentStopwatch: Stopwatch = { observe: () => {} }

/** Hears, for each feed log, whether reading new objects, and sweeping, worked; health and metrics implement it. */
export interface FeedWatch {
  /** @param confirmedAt when Sekoia last confirmed the end, ms since the epoch; undefined: it was not reached yet. */
  succeeded(log: WatchedLog, confirmedAt: number | undefined): void
  failed(log: WatchedLog, error: unknown): void
  /** A page of a sweep was read. */
  swept(log: WatchedLog): void
  sweepFailed(log: WatchedLog, error: unknown): void
}

export interface WatchedLog {
  /** Its name in the store. */
  readonly name: string
  readonly feedId: string
}

/** One row of a journal: opaque to the store, ordered by `no`. */
export interface StoredHead {
  readonly no: number
  readonly head: Buffer
}

export interface StoredJournal {
  /** Grows by one with each commit: the compare-and-set token. */
  readonly version: number
  readonly state: Buffer
  /** Ascending `no`. */
  readonly heads: readonly StoredHead[]
}

export interface JournalCommit {
  /** The version this change was made from; 0 creates the journal. */
  readonly expectedVersion: number
  readonly state: Buffer
  /** Heads to insert or overwrite. */
  readonly heads: readonly StoredHead[]
  /** Bodies that must be there no later than the heads. */
  readonly bodies: readonly { readonly no: number; readonly body: Buffer }[]
}

/**
 * Where feed logs are kept. The journal (state and heads) never expires; bodies may be evicted at any time.
 * `log` is a name made of `[A-Za-z0-9._:-]`, never holding a key. Methods reject when the store is in trouble.
 */
export interface LogStore {
  /** True when other processes may write the same journals. */
  readonly isShared: boolean
  /** The whole journal or, given a version, its state and the heads written since. */
  load(log: string, since?: number): Promise<StoredJournal | undefined>
  /** The version of the journal, 0 when there is none. */
  version(log: string): Promise<number>
  /**
   * True when nobody held the lease of the log, which is then the owner's for `ms` milliseconds. It spares work
   * done twice; that only one writer wins is up to `commit`.
   */
  lease(log: string, owner: string, ms: number): Promise<boolean>
  /** Gives the lease back, if it is still the owner's. */
  release(log: string, owner: string): Promise<void>
  /** Atomic; false when another writer was first. */
  commit(log: string, commit: JournalCommit): Promise<boolean>
  readBody(log: string, no: number): Promise<Buffer | undefined>
  /** Puts back a body that was evicted and fetched again; does not touch the journal. */
  writeBody(log: string, no: number, body: Buffer): Promise<void>
  /**
   * Puts a longer form in the place of a body. False, and nothing changed, when the body is gone or has another length
   * than `from`, or when more than half of the room for bodies would be taken: longer forms push no body out.
   */
  lengthenBody(log: string, no: number, from: number, body: Buffer): Promise<boolean>
  /** Forgets journal and bodies, and that the log was read. */
  drop(log: string): Promise<void>
  /** Notes that a log was read at this instant, ms since the epoch. */
  noteRead(log: string, at: number): Promise<void>
  /** The names of all logs, in batches and in no order, none of them twice in a batch. */
  names(): AsyncIterable<readonly string[]>
  /** Up to `limit` of the logs that {@link noteRead} knows and that were not read since, longest unread first. */
  unread(before: number, limit: number): Promise<readonly string[]>
  /** A short text for `/readyz`: undefined when all is well. */
  trouble(): string | undefined
  close(): Promise<void>
}

/** One value of a {@link DocumentStore}. */
export interface Document {
  readonly key: string
  readonly value: Buffer
}

export interface DocumentCommit {
  /** The version this change was made from; 0 begins the space. */
  readonly expectedVersion: number
  /** Inserted or overwritten. */
  readonly puts: readonly (Document & { readonly table: string })[]
  readonly deletes: readonly { readonly table: string; readonly key: string }[]
}

/**
 * Keeps what is derived from a feed, such as its MISP events: small tables of bytes by key, in spaces that change as
 * a whole. Nothing expires, nothing is evicted. `space` and `table` are names made of `[A-Za-z0-9._:-]`, never
 * holding a key of Sekoia; a document's key is any short text. Methods reject when the store fails.
 */
export interface DocumentStore {
  /** Grows by one with each commit: the compare-and-set token; 0 when the space is empty. */
  version(space: string): Promise<number>
  /** Values in the order of `keys`; undefined for a key without a value. */
  get(
    space: string,
    table: string,
    keys: readonly string[]
  ): Promise<readonly (Buffer | undefined)[]>
  /**
   * The whole table in batches, in no order. Documents that change meanwhile may be missing, old, new or there twice.
   */
  scan(space: string, table: string): AsyncIterable<readonly Document[]>
  /** Atomic; false, and nothing changed, when another writer was first. */
  commit(space: string, commit: DocumentCommit): Promise<boolean>
  /** True when the lease of the space was free or the owner's: it is then the owner's for `ms` more milliseconds. */
  lease(space: string, owner: string, ms: number): Promise<boolean>
  /** Gives the lease back, if it is still the owner's. */
  release(space: string, owner: string): Promise<void>
  /** Forgets the space. */
  drop(space: string): Promise<void>
  /** The names of all spaces, in batches and in no order, none of them twice in a batch. */
  names(): AsyncIterable<readonly string[]>
  /** A short text for `/readyz`: undefined when all is well. */
  trouble(): string | undefined
  close(): Promise<void>
}
