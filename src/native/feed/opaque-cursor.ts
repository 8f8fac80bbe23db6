import { LRUCache } from 'lru-cache'
import type { Caller } from '../../kernel/caller.ts'
import { isRawRefusal, type RawAnswer, type RawUpstream } from '../../kernel/raw-upstream.ts'
import { demandItems } from '../relay/json-check.ts'
import type { FeedQuery } from './feed-query.ts'
import { fromTime, type Start } from './start.ts'

/** Where a cursor that only Sekoia can read leads. */
export type Destination =
  | { readonly kind: 'start'; readonly start: Start }
  /** Sekoia has nothing after it for now. */
  | { readonly kind: 'tip' }
  | { readonly kind: 'refused'; readonly answer: RawAnswer }
  /** To an object without a time of its own. */
  | { readonly kind: 'unknown' }

export interface OpaqueQuestion {
  readonly caller: Caller
  readonly feedId: string
  readonly cursor: string
  readonly query: Pick<FeedQuery, 'types' | 'includeRevoked' | 'skipExpired'>
  readonly signal: AbortSignal
}

const maxKnown = 10_000

/**
 * Sekoia is asked once for the object that comes first after such a cursor: from its time on the log has all that
 * follows. Answers are remembered, since what comes after a cursor only moves on.
 */
export class OpaqueCursors {
  readonly #raw: RawUpstream
  readonly #known = new LRUCache<string, Start>({ max: maxKnown })

  constructor(raw: RawUpstream) {
    this.#raw = raw
  }

  /** Throws GatewayError when Sekoia cannot be asked. */
  async resolve(question: OpaqueQuestion): Promise<Destination> {
    const { caller, signal } = question
    const target = targetOf(question)
    const name = `${caller.scope} ${target}`
    const known = this.#known.get(name)
    if (known) return { kind: 'start', start: known }
    const request = { method: 'GET', target, endpoint: 'page', signal }
    const found = await this.#raw.ask(caller, request, answer => demandItems(answer)[0] ?? null)
    if (isRawRefusal(found)) return { kind: 'refused', answer: found.refused }
    if (found === null) return { kind: 'tip' }
    const start = startAt(found)
    if (!start) return { kind: 'unknown' }
    this.#known.set(name, start)
    return { kind: 'start', start }
  }
}

function startAt(item: unknown): Start | undefined {
  const { modified, created } = (item ?? {}) as { modified?: unknown; created?: unknown }
  const time = modified ?? created
  return typeof time === 'string' ? fromTime({ text: time, isInclusive: true }) : undefined
}

function targetOf({ feedId, cursor, query }: OpaqueQuestion): string {
  const { types, includeRevoked, skipExpired } = query
  const asked = new URLSearchParams({ limit: '1', cursor })
  if (types.length > 0) asked.set('match[type]', types.join(','))
  if (includeRevoked !== undefined) asked.set('include_revoked', `${includeRevoked}`)
  if (skipExpired !== undefined) asked.set('skip_expired', `${skipExpired}`)
  return `/v2/inthreat/collections/${encodeURIComponent(feedId)}/objects?${asked}`
}
