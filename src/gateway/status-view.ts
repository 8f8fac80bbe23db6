import type { LogState } from '../kernel/log-state.ts'
import type { Condition } from './condition.ts'
import { type SeenFeed, secondsFrom } from './feeds-view.ts'
import type { StatusView } from './schemas.ts'
import { toInstant, type Viewer } from './viewer.ts'

export interface StatusParts {
  readonly viewer: Viewer
  readonly condition: Condition
  readonly feeds: readonly SeenFeed[]
  readonly consumers: StatusView['consumers']
  readonly now: number
}

/** What others had of Sekoia, how much memory all of them take and on how many gateways, is the operator's to know. */
export function toStatusView({
  viewer,
  condition,
  feeds,
  consumers,
  now
}: StatusParts): StatusView {
  const { version, phase, startedAt, parts, breaker, clockSkewMs, store } = condition
  const isOperator = viewer.kind === 'operator'
  const toOperator = (instant: number | undefined) =>
    isOperator && instant !== undefined ? toInstant(instant) : null
  return {
    version,
    node: process.version,
    phase,
    now: toInstant(now),
    startedAt: toInstant(startedAt),
    view: viewer.kind,
    parts: Object.fromEntries(
      Object.entries(parts).map(([name, trouble = 'ok']) => [name, trouble])
    ),
    sekoia: {
      breaker,
      clockDifferenceSeconds: clockSkewMs === undefined ? null : Math.round(clockSkewMs / 1000),
      lastSuccess: toOperator(condition.succeededAt),
      lastFailure: toOperator(condition.lastFailureAt),
      recent: isOperator ? condition.recent : null
    },
    store,
    residentBytes: isOperator ? condition.residentBytes : null,
    replicas: isOperator ? condition.replicas : null,
    feeds: summaryOf(feeds, now),
    consumers
  }
}

function summaryOf(feeds: readonly SeenFeed[], now: number): StatusView['feeds'] {
  const logs = feeds.flatMap(({ logs }) => logs)
  const ages = logs.flatMap(({ confirmedAt }) =>
    confirmedAt === undefined ? [] : [secondsFrom(confirmedAt, now)]
  )
  return {
    listed: feeds.filter(({ feed }) => feed).length,
    leftOut: feeds.filter(({ feed }) => feed?.obstacle).length,
    logs: logs.length,
    objects: logs.reduce((sum: number, { objects }: LogState) => sum + objects, 0),
    oldestEndSeconds: ages.length === 0 ? null : Math.max(...ages)
  }
}
