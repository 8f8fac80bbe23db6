import { type StixObject, timeOf } from '../../stix/object.ts'

/**
 * When an indicator ends, ms since the epoch; undefined when it never does. An indicator that has ended when it is
 * first read is not stored, so whoever changes this rule raises `rowFormat` (events/source-row.ts): then the feed log
 * is read again.
 */
export function validUntil(object: StixObject): number | undefined {
  const until = timeOf(object, 'valid_until')
  return until === undefined || isImpossible(until, object) ? undefined : until
}

/** True when `valid_until` is given but impossible: before 1971, or not after `valid_from`. */
export function hasImpossibleEnd(object: StixObject): boolean {
  const until = timeOf(object, 'valid_until')
  return until !== undefined && isImpossible(until, object)
}

/** Programs write 0001-01-01 or 1970-01-01 where a time is missing, so an end before this date is not believed. */
const firstEnd = Date.UTC(1971)

const isImpossible = (until: number, object: StixObject): boolean =>
  until < firstEnd || until <= (timeOf(object, 'valid_from') ?? Number.NEGATIVE_INFINITY)
