import type { Answered } from '../http/request-log.ts'
import type { Reading } from './consumers.ts'

/** What a request says of a consumer; undefined when it came through no dialect, or was about the gateway itself. */
export function readingOf(answered: Answered): Reading | undefined {
  const { identity, scope, dialect, target, status, bytes, report } = answered
  if (dialect === undefined || dialect === 'gateway') return undefined
  const { feedId, failure } = report
  const given = failure ? {} : report
  const { items = 0, progress } = given
  return { identity, scope, dialect, feedId, target, status, items, bytes, progress }
}
