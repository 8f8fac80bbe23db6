/** Feeds as `/feeds` describes them (SEKOIA-3.5), and which objects each of them holds (SEKOIA-9.16). */
import { randomUUID } from 'node:crypto'
import { microsOf } from '../corpus/timeline.ts'
import type { Facts } from '../corpus/traits.ts'

export const defaultFeedId = 'd6092c37-d8d7-45c3-8aff-c4dc26030608'

export type Format = 'json' | 'csv' | 'text' | 'custom'

export interface FeedDescription {
  id: string
  title: string
  description: string
  types: string[]
  observable_types: string[]
  sources: string[]
  tlps: string[]
  labels: string[]
  sectors: string[]
  locations: string[]
  created: string
  modified: string
  community_uuid: string
  include_revoked: boolean
  skip_expired: boolean
  sort_order: 'asc' | 'desc'
  format: Format
  fields: string[]
  template: string | null
}

const community = '5f1d9d2c-0000-4000-8000-000000000001'

/** A feed with Sekoia's defaults for what is not given; `sort_order` is then newest first. */
export function makeFeed(members: Partial<FeedDescription>, now: number): FeedDescription {
  const time = new Date(now).toISOString()
  return {
    id: randomUUID(),
    title: 'Custom feed',
    description: '',
    types: [],
    observable_types: [],
    sources: [],
    tlps: [],
    labels: [],
    sectors: [],
    locations: [],
    created: time,
    modified: time,
    community_uuid: community,
    include_revoked: true,
    skip_expired: false,
    sort_order: 'desc',
    format: 'json',
    fields: [],
    template: null,
    ...members
  }
}

/** The feed that every community has: no filter, oldest first. */
export const makeDefaultFeed = (now: number): FeedDescription =>
  makeFeed({ id: defaultFeedId, title: 'SEKOIA.IO CTI feed', sort_order: 'asc' }, now)

/** Filters that a request may add to those of its feed. */
export interface Narrowing {
  readonly types?: readonly string[] | undefined
  readonly observableTypes?: readonly string[] | undefined
  readonly includeRevoked?: boolean | undefined
  readonly skipExpired?: boolean | undefined
}

/** A test of one object against everything a feed and a request ask; undefined when all objects pass. */
export type Filter = ((facts: Facts) => boolean) | undefined

/** `now` in milliseconds decides what has expired (SEKOIA-9.13). */
export function makeFilter(feed: FeedDescription, narrowing: Narrowing, now: number): Filter {
  const revoked = narrowing.includeRevoked ?? feed.include_revoked
  const skipExpired = narrowing.skipExpired ?? feed.skip_expired
  const tests: Filter[] = [
    oneOf(feed.types, facts => [facts.type]),
    oneOf(narrowing.types ?? [], facts => [facts.type]),
    oneOf(feed.observable_types, facts => facts.observableTypes),
    oneOf(narrowing.observableTypes ?? [], facts => facts.observableTypes),
    oneOf(feed.tlps, facts => facts.markings),
    oneOf(feed.sources, facts => facts.sources),
    oneOf(feed.labels, facts => facts.labels),
    revoked ? undefined : facts => !facts.revoked,
    skipExpired ? facts => !isExpired(facts, now) : undefined
  ]
  const active = tests.filter(test => test !== undefined)
  return active.length === 0 ? undefined : facts => active.every(test => test(facts))
}

function oneOf(wanted: readonly string[], values: (facts: Facts) => readonly string[]): Filter {
  if (wanted.length === 0) return undefined
  const set = new Set(wanted)
  return facts => values(facts).some(value => set.has(value))
}

/** An unparseable `valid_until` never expires. */
const isExpired = ({ validUntil }: Facts, now: number): boolean =>
  validUntil !== undefined && (microsOf(validUntil) ?? Number.POSITIVE_INFINITY) <= now * 1000
