import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Clock, Meter } from '../../kernel/ports.ts'
import type { RawUpstream } from '../../kernel/raw-upstream.ts'
import type { Catalog, Records } from '../../kernel/records.ts'
import type { AnswerCache } from '../cache/answer-cache.ts'
import type { KeptAnswers } from '../cache/kept-answers.ts'
import type { Rights } from '../cache/rights.ts'

export interface NativeSettings {
  /** What becomes of paths that are not documented: passed on, or 404; `off` is 404 for all but what is served here. */
  readonly passThrough: 'documented' | 'all' | 'off'
  /** What a new feed without `sort_order` gets. */
  readonly feedSortOrder: 'asc' | 'as-sent'
  readonly defaultFeedId: string
  /** False: invalid STIX goes out as it came. */
  readonly repair: boolean
}

export interface NativeDeps {
  readonly records: Records
  readonly catalog: Catalog
  readonly raw: RawUpstream
  readonly cache: AnswerCache
  readonly kept: KeptAnswers
  readonly rights: Rights
  readonly clock: Clock
  readonly meter: Meter
  readonly settings: NativeSettings
  /** Forgets the list of feeds of a caller, since it may have changed. */
  readonly forgetFeeds: (caller: Pick<Caller, 'scope'>) => void
}

/** A request, and what the handlers of this dialect read of it. */
export interface Asked {
  readonly request: FastifyRequest
  readonly caller: Caller
  /** Path and query below Sekoia's API, as they came: starts with `/v2/inthreat/` or `/v1/`. */
  readonly target: string
}

/** `/api` in front, once or twice, is how the application's host spells the same paths. */
const prefixes = /^(?:https?:\/\/[^/?]*)?\/+(?:api\/+){0,2}/i

export function targetOf(url: string | undefined = ''): string {
  const [path = '', ...query] = url.replace(prefixes, '/').split('?')
  return [path.replace(/\/{2,}/g, '/'), ...query].join('?')
}

/** True where Sekoia, or a server before it, would find another path: a segment goes up, however it is written. */
const goesUp = (target: string): boolean =>
  decodeURIComponent(target.split('?', 1)[0]!)
    .split(/[/\\,]/)
    .some(segment => segment === '.' || segment === '..')

/** Throws `not-found` for a path that would lead to another one at Sekoia. */
export function asked(request: FastifyRequest, caller: Caller): Asked {
  const target = targetOf(request.raw.url)
  if (goesUp(target)) throw new GatewayError('not-found')
  return { request, caller, target }
}
