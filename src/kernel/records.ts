import type { Caller, ScopeId } from './caller.ts'
import type { Chunk } from './chunk.ts'
import type { ErrorKind } from './errors.ts'
import type { IdSet } from './id-set.ts'
import type { Validity } from './validity.ts'

/**
 * A place in a feed's order, just after one record. `epoch` names the journal that gave the dates: in another
 * epoch (the store was lost, or another gateway made the token) only `natural` means anything (P-43).
 */
export interface Position {
  /** 8 lower-case hex digits. */
  readonly epoch: string
  /** date_added of the record, ms since the epoch. */
  readonly date: number
  /** The record's own time rounded up to the millisecond, ms since the epoch; at most `date`. */
  readonly natural: number
  /** STIX id of the record. */
  readonly id: string
  /** Where in its log the record lies, for the log alone to read; a whole number from 1 below 2^32. */
  readonly segment?: number
  /** Where the walk came to in journals of other epochs that it was in before, the latest first. */
  readonly others?: readonly OtherPlace[]
}

/** A place in the order of a journal that a walk has left. */
export type OtherPlace = Pick<Position, 'epoch' | 'date' | 'id' | 'segment'>

/** How many a position names: gateways whose stores know nothing of each other are few. */
export const maxOtherPlaces = 2

/**
 * The position as a journal knows it; the same where the walk never was in that journal.
 *
 * @param journal `placeOf` gives a place of dates that it has given anew as it is now
 */
export function positionIn(
  journal: { readonly epoch: string; placeOf(position: Position): Position },
  position: Position
): Position {
  const { natural, others = [] } = position
  const places = [position, ...others.map(place => ({ ...place, natural }))]
  return (
    places.map(place => journal.placeOf(place)).find(({ epoch }) => epoch === journal.epoch) ??
    position
  )
}

/** What a position in the journal of `epoch` has to name of the one before it. */
export function othersOf(epoch: string, before: Position | undefined): readonly OtherPlace[] {
  if (!before) return []
  const { natural: _, others = [], ...place } = before
  return [place, ...others].filter(other => other.epoch !== epoch).slice(0, maxOtherPlaces)
}

/** Which of the versions held are asked for (TAXII 2.1 §3.4.1, D-20): the union of the parts that are set. */
export interface VersionFilter {
  readonly last: boolean
  readonly first: boolean
  readonly all: boolean
  /** Exact versions as canonical instants, see stix/timestamp.ts `toInstant`. */
  readonly at: readonly string[]
}

export const lastVersion: VersionFilter = { last: true, first: false, all: false, at: [] }

export interface RecordFilter {
  readonly versions: VersionFilter
  /** Spec versions wanted (`2.0`, `2.1`, …); undefined means the newest held, without regard to which. */
  readonly specVersions: ReadonlySet<string> | undefined
}

/** The newest version of every object. */
export const newestVersions: RecordFilter = { versions: lastVersion, specVersions: undefined }

export interface ReadRequest {
  readonly caller: Caller
  readonly feedId: string
  /** STIX types wanted, sorted, without repeats; empty means all. Applied upstream. */
  readonly types: readonly string[]
  /** True for revoked and expired objects too, whatever the feed says by itself. Applied upstream. */
  readonly all?: boolean
  /** Exclusive lower bound of date_added, ms since the epoch; undefined means from the beginning. */
  readonly addedAfter: number | undefined
  /** Continue after this place; it wins over `addedAfter`. */
  readonly position: Position | undefined
  readonly filter: RecordFilter
  /** Most records to return, at least 1. */
  readonly limit: number
  /** Most bytes of objects to return; one object is returned whatever its size. */
  readonly maxBytes: number
  /** True for a request with `next`: it waits longest and is refused last (P-34). */
  readonly continues: boolean
  /** Ends the waiting of this caller, never the work that others share. */
  readonly signal?: AbortSignal
}

/** One version of one object, as clients see it. */
export interface FeedRecord {
  readonly id: string
  readonly type: string
  /** `modified`, else `created`, else date_added as TS6 (D-18). */
  readonly version: string
  /** `modified`, else `created`, as Sekoia wrote it: its place in the feed's order. */
  readonly time?: string | undefined
  /** As D-19 decides where the object says nothing. */
  readonly specVersion: string
  /** date_added, ms since the epoch. */
  readonly date: number
  /** The object's JSON. */
  readonly bytes: Buffer
}

/** How a read was answered; log, metrics and tests use these words. */
export type Outcome = 'held' | 'fetched' | 'stale'

export interface ReadResult {
  /** Ascending date. Perhaps made only when asked for: whoever needs no more than their dates asks `dates`. */
  readonly records: readonly FeedRecord[]
  /** date_added of each record, ms since the epoch. */
  readonly dates: readonly number[]
  /** Pieces which, written one after the other, are the objects joined by commas. */
  readonly chunks: readonly Chunk[]
  /** True if and only if at least one matching record follows (or the work budget ended, P-35). */
  readonly more: boolean
  /** After the last record, or the place reached when the budget ended; present when `more`. */
  readonly position: Position | undefined
  readonly outcome: Outcome
  /** Undefined if the result depended on more than memory, so that another read might differ. */
  readonly validity?: Validity | undefined
}

export interface LookupRequest {
  readonly caller: Caller
  readonly feedId: string
  readonly ids: readonly string[]
  readonly signal?: AbortSignal
}

/** A record found by id, with what the version filter needs to know. */
export interface ObjectVersion extends FeedRecord {
  readonly isLast: boolean
  readonly isFirst: boolean
}

/** What one whole reading of a feed met, beginning and ending at these instants, ms since the epoch. */
export interface SweptIds {
  readonly ids: Pick<IdSet, 'has' | 'unnamed'>
  readonly begunAt: number
  readonly endedAt: number
  /** Only what was modified after this was looked at; 0 is all. */
  readonly since: number
}

/** Readings of whole feeds that go on anyway. */
export interface Sweeps {
  /** Of the whole feed, revoked and expired objects too; undefined when there was none yet. */
  swept(caller: Caller, feedId: string): Promise<SweptIds | undefined>
}

/** What the dialects read from; the feed logs implement it. */
export interface Records {
  /** Throws GatewayError: refusals, `unwalkable`, and upstream trouble with nothing held. */
  read(request: ReadRequest): Promise<ReadResult>
  /** Every version held of these ids that belongs to the feed, ascending date. Unknown ids are left out. */
  lookup(request: LookupRequest): Promise<ObjectVersion[]>
}

/** Records without a check of rights; the gate for rights wraps them. */
export interface UnguardedRecords extends Pick<Records, 'lookup'> {
  /**
   * @param admit called before anything that is held is read, again whenever the reading starts over; what it throws
   *   ends the reading. Not called where nothing is held: what Sekoia answers to the caller's key decides.
   */
  read(request: ReadRequest, admit: () => Promise<void>): Promise<ReadResult>
}

/** Who may see what. Throws GatewayError: Sekoia's refusal, or its failure if it never accepted the key. */
export interface Rights {
  /** Resolves when the caller may see what is held of the feed, whoever fetched it. */
  authorize(caller: Caller, feedId: string): Promise<void>
  /** Resolves when Sekoia knows the key. */
  verify(caller: Caller): Promise<void>
  /** The validity of an answer with data of the feed; undefined if Sekoia's yes is not recent. */
  validity(caller: Caller, feedId: string): Validity | undefined
}

/** A feed as a collection of this caller. */
export interface CatalogFeed {
  /** The id that goes upstream. */
  readonly feedId: string
  /** Lower-case UUID version 4. */
  readonly collectionId: string
  /** Upstream id when it is not a bare UUID (`feed--…`, `ioc-collection--…`). */
  readonly alias: string | undefined
  /** Unique for the caller; no `.` and no `,` (CLIENT-8). */
  readonly title: string
  readonly description: string | undefined
  /** True when Sekoia lists it newest first. */
  readonly isNewestFirst: boolean
  /** True when JSON is its own format. */
  readonly isJson: boolean
}

/** Why a feed that exists cannot be read now. */
export interface Obstacle {
  readonly kind: ErrorKind
  /** A sentence that says what to change, or that it passes. */
  readonly advice: string
}

export interface InspectedFeed extends CatalogFeed {
  readonly obstacle: Obstacle | undefined
}

/** Every feed that a listing has, those that cannot be read now included. */
export interface FeedOverview {
  /** Of a caller, as {@link Catalog.list}. */
  overview(caller: Caller): Promise<InspectedFeed[]>
  /** Of all callers whose listing is in memory. Asks Sekoia nothing. */
  known(): readonly KnownFeeds[]
}

export interface KnownFeeds {
  readonly scope: ScopeId
  readonly feeds: readonly InspectedFeed[]
}

export interface Catalog {
  /**
   * What the key can read now (G12), ascending collectionId: of the default feed alone when it may not list feeds.
   * Throws `unauthorized`.
   */
  list(caller: Caller): Promise<CatalogFeed[]>
  /**
   * The feed behind a collection id or alias of a URL path. Throws `not-found`. A well-formed id that the
   * listing lacks (or could not show) is passed on as it is: Sekoia decides when it is read.
   */
  resolve(caller: Caller, idOrAlias: string): Promise<CatalogFeed>
  /** The same, after Sekoia was asked whether the key can read it. Throws `not-found` for what is no feed. */
  inspect(caller: Caller, idOrAlias: string): Promise<InspectedFeed>
  /** The validity of an answer made of the catalog; undefined if its listing is due for renewal. */
  validity(caller: Caller): Validity | undefined
  /** The caller's feeds may have changed: the next question about them goes to Sekoia. */
  forget(caller: Pick<Caller, 'scope'>): void
}
