import { isDeepStrictEqual } from 'node:util'
import { isRevoked, objectsOf, type StixObject, versionOf } from '../../stix/object.ts'
import { tlpsIn } from '../mapping/tags/markings.ts'
import { validUntil } from '../mapping/validity.ts'

/**
 * What is stored of an object of the feed: facts alone. What it becomes in MISP is derived whenever its event is
 * made, see derive.ts.
 */
export interface Row {
  /** With the members that {@link trim} keeps. */
  readonly stix: StixObject
  /** Its `modified` as a canonical instant, see stix/object.ts `versionOf`: of two versions the later counts. */
  readonly version: string
  /** When it was read, ms since the epoch, and for which publication. */
  readonly readAt: number
  readonly readFor: number
  /** Ids that relationships say it indicates, sorted. */
  readonly indicates: readonly string[]
  /** Why it is no longer to be shown. */
  readonly gone?: Gone
  /** When it was found again after it had vanished, ms since the epoch. */
  readonly returnedAt?: number
}

export interface Gone {
  /** `revoked` also stands for deprecated. */
  readonly why: 'revoked' | 'vanished'
  /** When it was noticed, ms since the epoch. */
  readonly at: number
}

/**
 * The form of what is kept, and the rules by which objects are kept at all. Raised, every feed is read again from the
 * feed log, see build/refill.ts.
 */
export const rowFormat = 5

/** An indicator that the window leaves out: what it takes to count it while it is live at Sekoia. */
export interface Outsider {
  readonly id: string
  /** As in {@link Row}. */
  readonly version: string
  readonly readAt: number
  readonly gone?: Gone
  /** ms since the epoch. */
  readonly until?: number | undefined
}

const context = [
  'created',
  'modified',
  'revoked',
  'x_ic_deprecated',
  'name',
  'confidence',
  'labels',
  'external_references',
  'object_marking_refs',
  'granular_markings',
  'x_inthreat_sources_refs',
  'x_ic_related_threat_refs',
  'x_ic_impacted_sectors',
  'x_ic_impacted_locations'
] as const

/** Members kept of objects that others refer to: what names and identifies them, and of markings what they say. */
const referenced = [
  'name',
  'aliases',
  'external_references',
  'identity_class',
  'sectors',
  'roles',
  'country',
  'region',
  'x_ic_is_sector',
  'x_ic_is_source',
  'x_mitre_domains',
  'object_marking_refs',
  'definition_type',
  'definition',
  'extensions'
] as const

/**
 * The members that a mapping may look at, by type of the object, beside `id` and `type`. Of the description of an
 * indicator what it says of TLP is added: it is long, and MISP has no place for the rest.
 */
const members: Readonly<Record<string, readonly string[]>> = {
  indicator: [
    ...context,
    'pattern',
    'pattern_type',
    'pattern_version',
    'valid_from',
    'valid_until',
    'indicator_types',
    'kill_chain_phases',
    'x_ic_observable_types'
  ],
  report: [...context, 'description', 'published', 'report_types', 'authors', 'object_refs'],
  note: [...context, 'abstract', 'content', 'authors']
}

/** Of these the description is part of what they become. */
const described: ReadonlySet<string> = new Set(['course-of-action', 'vulnerability'])

/** The object without the members that no mapping looks at. */
export function trim(object: StixObject): StixObject {
  if (object.type === 'indicator') return { ...pick(object, members.indicator!), ...tlpIn(object) }
  if (Object.hasOwn(members, object.type)) return pick(object, members[object.type]!)
  const known = pick(
    object,
    described.has(object.type) ? [...referenced, 'description'] : referenced
  )
  if (!Object.hasOwn(known, 'external_references')) return known
  // Of techniques and malware they describe hundreds of articles.
  const references = objectsOf(known, 'external_references').map(
    ({ source_name, external_id, url }) => ({ source_name, external_id, url })
  )
  return { ...known, external_references: references }
}

function tlpIn({ description }: StixObject): { readonly description?: string } {
  const levels = new Set(tlpsIn(description))
  return levels.size === 0
    ? {}
    : { description: [...levels].map(level => `TLP:${level}`).join(' ') }
}

function pick(object: StixObject, names: readonly string[]): StixObject {
  const { id, type } = object
  const kept: StixObject & Record<string, unknown> = { id, type }
  for (const name of names) if (Object.hasOwn(object, name)) kept[name] = object[name]
  return kept
}

export interface Reading {
  /** ms since the epoch. */
  readonly now: number
  /** The publication to come, see state.ts. */
  readonly publication: number
}

export function toRow(
  object: StixObject,
  { now, publication }: Reading,
  indicates: readonly string[] = []
): Row {
  return {
    stix: trim(object),
    version: versionOf(object),
    readAt: now,
    readFor: publication,
    indicates,
    ...(isRevoked(object) && { gone: { why: 'revoked' as const, at: now } })
  }
}

export const toOutsider = (row: Row): Outsider => ({
  id: row.stix.id,
  version: row.version,
  readAt: row.readAt,
  until: validUntil(row.stix),
  ...(row.gone && { gone: row.gone })
})

/** True if it was changed on or after this day (`YYYY-MM-DD`; '' is any): what is older is not read reliably. */
export const isChangedSince = ({ version }: Pick<Row, 'version'>, day: string): boolean =>
  day === '' || version >= versionOf({ id: '', type: '', modified: `${day}T00:00:00Z` })

/** Where a row is in its life, and until when. */
export const spanOf = ({ stix, gone }: Row): Span => {
  return { gone, until: validUntil(stix) }
}

export interface Span {
  readonly gone?: Gone | undefined
  /** ms since the epoch. */
  readonly until?: number | undefined
}

/**
 * Where a value is in its life: served with `to_ids`; past `valid_until` and served without it for a while; or taken
 * back (MISP-4).
 */
export type Life = 'live' | 'expired' | 'removed'

/** @param keptMs how long an expired value stays visible */
export function lifeOf({ gone, until }: Span, now: number, keptMs: number): Life {
  if (gone) return 'removed'
  if (until === undefined || now < until) return 'live'
  return now < until + keptMs ? 'expired' : 'removed'
}

/** True while Sekoia holds it valid. */
export const isLive = (span: Span, now: number): boolean => lifeOf(span, now, 0) === 'live'

/** The next instant after `now` at which time alone changes {@link lifeOf}; infinite when none does. */
export function nextChange({ gone, until }: Span, now: number, keptMs: number): number {
  if (gone || until === undefined) return Number.POSITIVE_INFINITY
  if (now < until) return until
  return now < until + keptMs ? until + keptMs : Number.POSITIVE_INFINITY
}

/** True if `next` replaces `held`; pages that are read again change nothing. */
export const isNewer = (next: Row, held: Row | undefined): boolean =>
  held === undefined || next.version > held.version || isChangedInPlace(next, held)

/** The same version read again may hold more. But only a walk brings back what vanished. */
const isChangedInPlace = (next: Row, held: Row): boolean =>
  next.version === held.version && held.gone === undefined && !isSame(next, held)

const isSame = (a: Row, b: Row): boolean =>
  isDeepStrictEqual([a.stix, a.indicates, a.gone], [b.stix, b.indicates, b.gone])
