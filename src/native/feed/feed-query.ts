import { toMillis } from '../../stix/timestamp.ts'

/** What a client asks of a feed, where the feed's log can answer it. */
export interface FeedQuery {
  /** 1 to 2,000. */
  readonly limit: number
  /** Sorted STIX types; empty means all. */
  readonly types: readonly string[]
  readonly cursor: string | undefined
  /** As the client wrote it; never together with a cursor. */
  readonly modifiedAfter: string | undefined
  /** Undefined: as the feed says. */
  readonly includeRevoked: boolean | undefined
  readonly skipExpired: boolean | undefined
}

const maxLimit = 2000
const defaultLimit = 100
const typeShape = /^[a-z0-9-]{1,250}$/
const dateShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

/** Parameters that change what comes or how, in ways that no log of the gateway holds. */
const ownChain = new Set([
  'match[observable_type]',
  'convert_network_traffic',
  'return_all_fields',
  'latest'
])

/**
 * The query of `GET collections/{feed}/objects`. Undefined where Sekoia has to be asked with it: parameters that no
 * log can answer, values that Sekoia refuses, repeated parameters that disagree. Unknown parameters mean nothing, as
 * at Sekoia.
 */
export function parseFeedQuery(query: string): FeedQuery | undefined {
  const given = new URLSearchParams(query)
  for (const name of ownChain) if (given.getAll(name).some(value => !isNo(value))) return undefined
  if (given.getAll('format').some(value => value !== 'json')) return undefined
  try {
    const cursor = single(given, 'cursor')?.replaceAll(' ', '+') || undefined
    return {
      limit: parseLimit(single(given, 'limit')),
      types: parseTypes(single(given, 'match[type]')),
      cursor,
      modifiedAfter: cursor ? undefined : parseDate(single(given, 'modified_after')),
      includeRevoked: parseBoolean(given, 'include_revoked', true),
      skipExpired: parseBoolean(given, 'skip_expired', false)
    }
  } catch (error) {
    if (error instanceof NotForTheLog) return undefined
    throw error
  }
}

class NotForTheLog extends Error {}

function single(given: URLSearchParams, name: string): string | undefined {
  const values = new Set(given.getAll(name))
  if (values.size > 1) throw new NotForTheLog()
  return [...values][0]
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return defaultLimit
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw new NotForTheLog()
  return Math.min(Number(text), maxLimit)
}

function parseTypes(text = ''): string[] {
  const types = text.split(',').filter(Boolean)
  if (!types.every(type => typeShape.test(type))) throw new NotForTheLog()
  return [...new Set(types)].sort()
}

function parseDate(text: string | undefined): string | undefined {
  if (text && (!dateShape.test(text) || toMillis(text) === undefined)) throw new NotForTheLog()
  return text || undefined
}

/** Sekoia's own client sends a boolean twice, with both values: the one that leaves less out counts. */
function parseBoolean(
  given: URLSearchParams,
  name: string,
  generous: boolean
): boolean | undefined {
  const values = given
    .getAll(name)
    .filter(Boolean)
    .map(text => {
      if (/^(?:true|1)$/i.test(text)) return true
      if (isNo(text)) return false
      throw new NotForTheLog()
    })
  if (values.length === 0) return undefined
  return values.includes(generous) ? generous : !generous
}

const isNo = (text: string): boolean => /^(?:false|0)$/i.test(text)
