import type { LogState } from '../kernel/log-state.ts'
import { consumerStates, intervalOf, type Refusals, refusalsIn, stateOf } from './consumer-state.ts'
import type { Consumer } from './consumers.ts'
import { secondsFrom } from './feeds-view.ts'
import type { ConsumerView, StatusView } from './schemas.ts'
import { labelOf, maySee, toInstant, type Viewer } from './viewer.ts'

/** The newest date of each scope's feeds. */
type Newest = ReadonlyMap<string, number>

export function toConsumerViews(
  viewer: Viewer,
  all: readonly Consumer[],
  logs: readonly LogState[],
  now: number
): ConsumerView[] {
  const consumers = all.filter(({ scope }) => maySee(viewer, scope))
  const refusals = refusalsIn(consumers)
  const newest = newestOf(logs)
  return consumers.map(consumer => toView(consumer, { refusals, newest, now }))
}

/** How many of the consumers that a viewer sees are in which state. */
export function countStates(
  viewer: Viewer,
  all: readonly Consumer[],
  now: number
): StatusView['consumers'] {
  const consumers = all.filter(({ scope }) => maySee(viewer, scope))
  const refusals = refusalsIn(consumers)
  const counts = Object.fromEntries(
    consumerStates.map(state => [state, 0])
  ) as StatusView['consumers']
  for (const consumer of consumers) counts[stateOf(consumer, refusals, now)]++
  return counts
}

function newestOf(logs: readonly LogState[]): Newest {
  const found = new Map<string, number>()
  for (const { scope, feedId, newest = 0 } of logs) {
    const name = `${scope} ${feedId}`
    found.set(name, Math.max(newest, found.get(name) ?? 0))
  }
  return found
}

interface Known {
  readonly refusals: Refusals
  readonly newest: Newest
  readonly now: number
}

function toView(consumer: Consumer, { refusals, newest, now }: Known): ConsumerView {
  const { identity, scope, dialect, feedId, reached, requests, repeats, items, bytes } = consumer
  const end = newest.get(`${scope} ${feedId}`)
  const interval = intervalOf(consumer)
  const isKnown = reached !== undefined && end !== undefined
  return {
    scope: scope === undefined ? null : labelOf(scope),
    user: identity.user ?? null,
    userAgent: identity.userAgent ?? null,
    address: identity.address,
    dialect,
    feedId: feedId ?? null,
    state: stateOf(consumer, refusals, now),
    firstRequest: toInstant(consumer.firstAt),
    lastRequest: toInstant(consumer.lastAt),
    lastStatus: consumer.lastStatus,
    place: reached === undefined ? null : toInstant(reached),
    behindSeconds: isKnown ? secondsFrom(reached, end) : null,
    intervalSeconds: interval === undefined ? null : Math.round(interval / 1000),
    requests,
    repeats,
    objects: items,
    bytes
  }
}
