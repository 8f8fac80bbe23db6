import { GatewayError } from '../kernel/errors.ts'
import type { VersionFilter } from '../kernel/records.ts'
import { toInstant } from '../stix/timestamp.ts'
import { type Instant, parseInstant, withPlus } from './instant.ts'
import type { Match } from './match.ts'
import type { Mode } from './modes.ts'
import { type Endpoint, parameters } from './parameters.ts'

/** A parsed query (TAXII 2.1 §3.4). */
export interface TaxiiQuery {
  readonly addedAfter: Instant | undefined
  readonly limit: number | undefined
  readonly next: string | undefined
  readonly match: Match
}

/** Most values in one list: bounds the work that one URL can ask for (T-B-3). */
const maxValues = 200

/**
 * @param raw the query string as received, without `?`.
 * @throws GatewayError `malformed`, its detail naming the parameter (D-7 … D-13).
 */
export function parseQuery(raw: string, endpoint: Endpoint, mode: Mode): TaxiiQuery {
  const values = collect(raw, parameters[endpoint], mode)
  const read = <T>(name: string, parse: (text: string, mode: Mode) => T | undefined) => {
    const text = values.get(name)
    return text === undefined ? undefined : parse(text, mode)
  }
  return {
    addedAfter: read('added_after', parseAddedAfter),
    limit: read('limit', parseLimit),
    next: values.get('next'),
    match: {
      ids: read('match[id]', (text, mode) => parseList('match[id]', text, mode)),
      types: read('match[type]', (text, mode) => parseList('match[type]', text, mode)),
      versions: read('match[version]', parseVersions),
      specVersions: read('match[spec_version]', parseSpecVersions)
    }
  }
}

const malformed = (name: string, wanted: string): GatewayError =>
  new GatewayError('malformed', { detail: `${name}: ${wanted}.` })

function collect(raw: string, known: object, mode: Mode): Map<string, string> {
  const values = new Map<string, string>()
  for (const pair of raw.split('&')) {
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    if (name === undefined || !Object.hasOwn(known, name)) continue
    const value = decode(equals === -1 ? '' : pair.slice(equals + 1))
    if (value === undefined) throw malformed(name, 'not properly percent-encoded')
    if (values.has(name)) throw malformed(name, 'given more than once')
    values.set(name, value)
  }
  for (const [name, value] of values) if (value === '') dropEmpty(values, name, mode)
  return values
}

/** `next=` is absent for everybody (D-9.5), other empty parameters by mode (D-12). */
function dropEmpty(values: Map<string, string>, name: string, mode: Mode): void {
  if (name !== 'next' && !mode.lenientQuery) throw malformed(name, 'the value is empty')
  values.delete(name)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function parseAddedAfter(text: string, mode: Mode): Instant {
  const isDate = mode.lenientQuery && /^\d{4}-\d{2}-\d{2}$/.test(text)
  const whole = isDate ? `${text}T00:00:00Z` : text
  const instant = parseInstant(whole, mode.lenientQuery ? 'any' : 'zero-offset')
  if (!instant) throw malformed('added_after', 'not a timestamp such as 2024-01-31T12:00:00.000Z')
  return instant
}

/** Larger numbers are lowered to the largest safe integer. */
function parseLimit(text: string): number {
  const limit = /^\d+$/.test(text) ? Math.min(Number(text), Number.MAX_SAFE_INTEGER) : 0
  if (limit < 1) throw malformed('limit', 'not a positive integer')
  return limit
}

/** A sorted set of the values; undefined when the mode lets an empty list pass as no list. */
function parseList(name: string, text: string, mode: Mode): string[] | undefined {
  let items = text.split(',')
  if (mode.lenientQuery) items = items.map(item => item.trim()).filter(item => item !== '')
  if (items.some(item => !/^[\x21-\x7e]+$/.test(item))) {
    throw malformed(name, 'not a list of values separated by single commas')
  }
  if (items.length > maxValues) throw malformed(name, `more than ${maxValues} values`)
  return items.length === 0 ? undefined : [...new Set(items)].sort()
}

const keywords = new Set(['first', 'last', 'all'])

function parseVersions(text: string, mode: Mode): VersionFilter | undefined {
  const items = text.split(',').map(item => (mode.lenientQuery ? item.trim() : item))
  const words = items
    .filter(item => item !== '' || !mode.lenientQuery)
    .map(item => (keywords.has(item) ? item : versionInstant(item, mode)))
  if (words.length === 0) return undefined
  if (words.length > maxValues) throw malformed('match[version]', `more than ${maxValues} values`)
  const wanted = new Set(words)
  if (wanted.size < words.length) throw malformed('match[version]', 'a value is repeated')
  if (wanted.has('all') && wanted.size > 1) {
    throw malformed('match[version]', '`all` cannot be combined with other values')
  }
  return {
    last: wanted.has('last'),
    first: wanted.has('first'),
    all: wanted.has('all'),
    at: words.filter(word => !keywords.has(word)).sort()
  }
}

function versionInstant(text: string, mode: Mode): string {
  const instant = parseInstant(text, mode.lenientQuery ? 'any' : 'utc')
  const canonical = instant && toInstant(withPlus(text))
  if (canonical === undefined) {
    throw malformed('match[version]', 'not `first`, `last`, `all` or a timestamp')
  }
  return canonical
}

function parseSpecVersions(text: string, mode: Mode): string[] | undefined {
  const versions = parseList('match[spec_version]', text, mode)
  if (versions?.some(version => !/^\d{1,3}\.\d{1,3}$/.test(version))) {
    throw malformed('match[spec_version]', 'not a version such as 2.1')
  }
  return versions
}
