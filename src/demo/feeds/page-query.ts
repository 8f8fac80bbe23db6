/** The query of `GET /collections/{feed_id}/objects` (SEKOIA-3.1, SEKOIA-9.3, SEKOIA-9.10 to SEKOIA-9.12). */

import type { Bound } from '../corpus/object-set.ts'
import { microsOf } from '../corpus/timeline.ts'
import { Problem } from '../problem.ts'
import type { Switches } from '../switches.ts'
import { decodeCursor } from './cursor.ts'
import type { FeedDescription, Format, Narrowing } from './feeds.ts'

export interface PageQuery extends Narrowing {
  readonly limit: number
  readonly format: Format
  /** As the client sent it; comes back at the tip. */
  readonly cursor: string | undefined
  readonly bound: Bound | undefined
  /** Exclusive lower bound, microseconds since the epoch. */
  readonly afterMicros: number | undefined
  /** Exclusive lower bound as text, where `modified_after` is compared so. */
  readonly afterText: string | undefined
  readonly descending: boolean
  readonly returnAllFields: boolean
  readonly convertNetworkTraffic: boolean
}

const stixTypes = new Set(
  (
    'attack-pattern campaign course-of-action grouping identity indicator infrastructure ' +
    'intrusion-set location malware marking-definition note observed-data opinion relationship ' +
    'report sighting threat-actor tool vulnerability'
  ).split(' ')
)

export const observableTypes: ReadonlySet<string> = new Set(
  (
    'address artifact autonomous-system directory domain-name email-addr email-message file ' +
    'filename individual ipv4-addr ipv6-addr mac-addr mutex observable-relationship organization ' +
    'phone-number process software text url user-account windows-registry-key x509-certificate'
  ).split(' ')
)

/** @throws Problem 400 */
export function parsePageQuery(
  query: URLSearchParams,
  feed: FeedDescription,
  switches: Switches
): PageQuery {
  const wanted = switches.formatParameter === 'used' ? query.get('format') : null
  const format = parseFormat(wanted ?? feed.format)
  const cursor = query.get('cursor')?.replaceAll(' ', '+') || undefined
  const after = query.get('modified_after') || undefined
  if (cursor && after && switches.modifiedAfterWithCursor === 'refuse') {
    throw new Problem(400, 'cursor and modified_after exclude each other')
  }
  const latest = parseBoolean(query, 'latest') && switches.latest === 'newest-first'
  return {
    limit: parseLimit(query.get('limit'), format, switches),
    format,
    cursor,
    ...start(cursor, after, switches),
    types: parseList(query, 'match[type]', stixTypes, switches),
    observableTypes: parseList(query, 'match[observable_type]', observableTypes, switches),
    includeRevoked: parseBoolean(query, 'include_revoked'),
    skipExpired: parseBoolean(query, 'skip_expired'),
    descending: latest || feed.sort_order === 'desc',
    returnAllFields: parseBoolean(query, 'return_all_fields') ?? false,
    convertNetworkTraffic:
      parseBoolean(query, 'convert_network_traffic') ?? switches.convertsNetworkTraffic
  }
}

/** A whole number between bounds, from text. @throws Problem 400 */
export function parseInteger(text: string, name: string, [low, high]: [number, number]): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= low && value <= high) return value
  throw new Problem(400, `${name} must be between ${low} and ${high}`)
}

function parseLimit(text: string | null, format: Format, switches: Switches): number {
  if (text === null) return 100
  const most = format === 'text' ? 10_000 : 2000
  if (switches.badLimit === 'clamp') return Math.min(Math.max(Number(text) || 1, 1), most)
  const limit = parseInteger(text, 'limit', [1, 10_000])
  if (limit > most && switches.largeLimit === 'refuse') throw new Problem(400, 'limit too large')
  return Math.min(limit, most)
}

function parseFormat(text: string): Format {
  if (text === 'json' || text === 'csv' || text === 'text' || text === 'custom') return text
  throw new Problem(400, 'Unknown format')
}

function start(
  cursor: string | undefined,
  after: string | undefined,
  switches: Switches
): Pick<PageQuery, 'bound' | 'afterMicros' | 'afterText'> {
  const nothing = { bound: undefined, afterMicros: undefined, afterText: undefined }
  if (cursor) return { ...nothing, bound: decodeCursor(cursor, switches) }
  if (!after) return nothing
  const micros = microsOf(after)
  if (micros === undefined) throw new Problem(400, 'modified_after is not an RFC 3339 date')
  if (switches.modifiedAfterOrder === 'text') {
    return { ...nothing, afterText: after }
  }
  return { ...nothing, afterMicros: micros }
}

function parseList(
  query: URLSearchParams,
  name: string,
  known: ReadonlySet<string>,
  switches: Switches
): string[] | undefined {
  const values = query.get(name)?.split(',').filter(Boolean)
  if (switches.unknownType === 'refuse' && values?.some(value => !known.has(value))) {
    throw new Problem(400, `Unknown value in ${name}`)
  }
  return values
}

/** Sekoia's own clients send `True`, `false`, `1`; all are accepted. @throws Problem 400 */
export function parseBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)?.toLowerCase()
  if (text === undefined || text === '') return undefined
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw new Problem(400, `${name} must be a boolean`)
}
