import { toInstant, toMillis } from '../../stix/timestamp.ts'
import type { MispObject, MispValue, StixObject, Tlp } from '../mapping/model.ts'

/** What is kept of an object of the feed: all that its events need to be made again at any time. */
export interface Row {
  readonly id: string
  /** Its `modified` as a canonical instant, see stix/timestamp.ts `toInstant`: of two versions the later counts. */
  readonly version: string
  /** When it was read, ms since the epoch. */
  readonly readAt: number
  readonly name: string
  readonly confidence?: number
  readonly tlp: Tlp
  /** ms since the epoch. */
  readonly modified: number
  /** `valid_from` and `valid_until`, ms since the epoch. */
  readonly from?: number
  readonly until?: number
  readonly attributes: readonly MispValue[]
  readonly objects: readonly MispObject[]
  /** Tags it carries by itself. */
  readonly tags: readonly string[]
  /** Ids of who reported it, whose names become tags. */
  readonly sources: readonly string[]
  /** Ids of what it is about, likewise; also what relationships say. */
  readonly subjects: readonly string[]
  /** Why it is no longer to be shown. */
  readonly gone?: Gone
}

export interface Gone {
  /** `revoked` also stands for deprecated. */
  readonly why: 'revoked' | 'vanished'
  /** When it was noticed, ms since the epoch. */
  readonly at: number
}

/**
 * Where a value is in its life: served with `to_ids`; past `valid_until` and served without it for a while; or taken
 * back (MISP-4).
 */
export type Life = 'live' | 'expired' | 'removed'

/** @param keptMs how long an expired value stays visible */
export function lifeOf({ gone, until }: Row, now: number, keptMs: number): Life {
  if (gone) return 'removed'
  if (until === undefined || now < until) return 'live'
  return now < until + keptMs ? 'expired' : 'removed'
}

/** The next instant after `now` at which time alone changes {@link lifeOf}; infinite when none does. */
export function nextChange({ gone, until }: Row, now: number, keptMs: number): number {
  if (gone || until === undefined) return Number.POSITIVE_INFINITY
  if (now < until) return until
  return now < until + keptMs ? until + keptMs : Number.POSITIVE_INFINITY
}

/** True when `next` is to take the place of `held`: replayed pages change nothing. */
export const isNewer = (next: Row, held: Row | undefined): boolean =>
  held === undefined || next.version > held.version || isChangedInPlace(next, held)

/** The same version read again may say more, but what vanished comes back by the walk that misses it only. */
const isChangedInPlace = (next: Row, held: Row): boolean =>
  next.version === held.version && held.gone === undefined

export const isRevoked = (object: StixObject): boolean =>
  object['revoked'] === true || object['x_ic_deprecated'] === true

/** The time of a member, ms since the epoch; undefined when there is none. */
export function timeOf(object: StixObject, member: string): number | undefined {
  const text = object[member]
  return typeof text === 'string' ? toMillis(text) : undefined
}

/** The UTC day of `created`, which never changes, as `YYYY-MM-DD`; `modified` stands in where it is missing. */
export const dayOf = (object: StixObject): string =>
  new Date(timeOf(object, 'created') ?? timeOf(object, 'modified') ?? 0).toISOString().slice(0, 10)

/** Sorts after every earlier version; '' when the object says nothing of its time. */
export function versionOf(object: StixObject): string {
  const text = object['modified'] ?? object['created']
  const instant = typeof text === 'string' ? toInstant(text) : undefined
  return instant?.padStart(21, '0') ?? ''
}

export const textOf = (object: StixObject, member: string): string => {
  const text = object[member]
  return typeof text === 'string' ? text : ''
}

/** The strings of a list member; none when it is anything else. */
export function listOf(object: StixObject, member: string): string[] {
  const list = object[member]
  return Array.isArray(list) ? list.filter(item => typeof item === 'string') : []
}
