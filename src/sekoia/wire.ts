import { GatewayError } from '../kernel/errors.ts'
import type { Feed, PageRequest } from '../kernel/ports.ts'
import { unusable } from './failures.ts'

/**
 * The letter of Sekoia's API (SEKOIA-1 to SEKOIA-3): base URL, paths, queries, and the small answers that are
 * parsed as JSON. Pure; everything that goes into a URL is percent-encoded here.
 */
export interface BaseUrl {
  readonly origin: string
  /** Path under which the Intelligence Center lies, without a slash at its end. */
  readonly path: string
}

/** The most items Sekoia puts on a JSON page, whatever is asked (SEKOIA-3.1). */
export const maxPageLimit = 2000
/** Ids in one look-up, so that URLs stay near 3 kB (SEKOIA-2). */
export const maxIdsPerRequest = 40
/** The most feeds Sekoia lists in one answer. */
export const maxFeedsPerRequest = 100

const appHost = /^app\.(?:[a-z0-9-]+\.)?sekoia\.io$/

/**
 * The base URL as people paste it: any region, with or without scheme, trailing slash, `/api` and
 * `/v2/inthreat…` (SEKOIA-1). Throws TypeError when it is no http(s) URL or carries credentials.
 */
export function parseBaseUrl(text: string): BaseUrl {
  const trimmed = text.trim()
  const url = URL.parse(/^[a-z]+:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new TypeError('The Sekoia base URL must be an http or https URL without credentials')
  }
  const prefix = url.pathname.replace(/\/v2(?:\/.*)?$/, '').replace(/\/+$/, '')
  const api = prefix === '' && appHost.test(url.hostname) ? '/api' : prefix
  return { origin: url.origin, path: `${api}/v2/inthreat` }
}

/**
 * One page of a feed. Sends `limit` always, and a cursor or a start time, never both (SEKOIA-10). `asJson`: whatever
 * the feed's own format is (SEKOIA-3.1).
 */
export function feedObjectsPath(base: BaseUrl, request: PageRequest, asJson = false): string {
  const { feedId, types, cursor, modifiedAfter, limit, all } = request
  const query: [string, string][] = [['limit', String(Math.min(limit, maxPageLimit))]]
  if (cursor !== undefined) query.push(['cursor', cursor])
  else if (modifiedAfter !== undefined) query.push(['modified_after', modifiedAfter])
  if (types.length > 0) query.push(['match[type]', types.join(',')])
  if (all) query.push(['include_revoked', 'true'], ['skip_expired', 'false'])
  if (asJson) query.push(['format', 'json'])
  return `${base.path}/collections/${segment(feedId)}/objects${toQuery(query)}`
}

export type ObjectKind = 'objects' | 'relationships'

/** Relationships have an endpoint of their own (SEKOIA-2). */
export const objectKindOf = (id: string): ObjectKind =>
  id.startsWith('relationship--') ? 'relationships' : 'objects'

/** True for what can be the id of a STIX object; anything else Sekoia cannot hold. */
export const isStixId = (id: string): boolean => /^[a-z0-9_-]{1,250}--[0-9a-f-]{36}$/i.test(id)

/** Objects by id, all of one kind. */
export const objectsPath = (base: BaseUrl, kind: ObjectKind, ids: readonly string[]): string =>
  `${base.path}/${kind}/${ids.map(segment).join(',')}`

export const feedsPath = (base: BaseUrl, limit: number, offset: number): string =>
  `${base.path}/feeds${toQuery([
    ['limit', String(limit)],
    ['offset', String(offset)]
  ])}`

export const feedPath = (base: BaseUrl, feedId: string): string =>
  `${base.path}/feeds/${segment(feedId)}`

function segment(text: string): string {
  if (/^\.{0,2}$/.test(text) || !text.isWellFormed()) throw new GatewayError('not-found')
  return encodeURIComponent(text)
}

const toQuery = (pairs: readonly (readonly [string, string])[]): string =>
  `?${pairs.map(pair => pair.map(encodeURIComponent).join('=')).join('&')}`

/** `Retry-After` in seconds or as an HTTP date, as milliseconds from `now` (RFC 9110 §10.2.3). */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

export interface FeedList {
  readonly feeds: readonly Feed[]
  /** Items in the answer, readable or not. */
  readonly itemCount: number
  /** Feeds over all answers, when Sekoia says so. */
  readonly total: number | undefined
}

/** The body of `GET /feeds`. Throws GatewayError `bad-answer`. */
export function parseFeedList(body: Buffer): FeedList {
  const { items, total } = parseObject(body)
  if (!Array.isArray(items)) throw unusable('a list of feeds without items')
  return {
    feeds: items.map(toFeed).filter(feed => feed !== undefined),
    itemCount: items.length,
    total: typeof total === 'number' ? total : undefined
  }
}

/** The body of `GET /feeds/{id}`. Throws GatewayError `bad-answer`. */
export function parseFeed(body: Buffer): Feed {
  const feed = toFeed(parseObject(body)['data'])
  if (!feed) throw unusable('a feed without data')
  return feed
}

export interface SekoiaError {
  /** For instance `T300`. */
  readonly code: string | undefined
  /** True when the body is written as Sekoia writes errors. */
  readonly isSekoiaError: boolean
}

/**
 * An error, `{"message": …, "code": "T300"}` (SEKOIA-4), from the beginning of its body. Of the code only what
 * looks like one: a front server may write anything there, and the code is logged.
 */
export const parseError = (text: string): SekoiaError => ({
  code: /"code"\s*:\s*"([A-Z]{1,20}[0-9]{1,5})"/.exec(text)?.[1],
  isSekoiaError: /^\s*\{/.test(text) && /"(?:message|code)"\s*:/.test(text)
})

function parseObject(body: Buffer): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    throw unusable('the answer is not JSON')
  }
  if (!isObject(value)) throw unusable('the answer is not a JSON object')
  return value
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function toFeed(value: unknown): Feed | undefined {
  if (!isObject(value) || typeof value['id'] !== 'string') return undefined
  const { id, title, description, sort_order, format, include_revoked, skip_expired } = value
  return {
    id,
    title: typeof title === 'string' ? title : '',
    ...(typeof description === 'string' && description !== '' ? { description } : {}),
    types: toTexts(value['types']),
    observableTypes: toTexts(value['observable_types']),
    tlps: toTexts(value['tlps']),
    sources: toTexts(value['sources']),
    labels: toTexts(value['labels']),
    sortOrder: sort_order === 'asc' || sort_order === 'desc' ? sort_order : undefined,
    format: typeof format === 'string' ? format : 'json',
    givesAll: include_revoked === true && skip_expired === false
  }
}

const toTexts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(text => typeof text === 'string') : []
