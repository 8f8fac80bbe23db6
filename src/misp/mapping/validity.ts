import { type StixObject, timeOf } from '../../stix/object.ts'

/**
 * When an indicator ends, ms since the epoch; undefined when it never does. What is over when it is first read is not
 * kept: a change of this rule needs a new `rowFormat` (events/source-row.ts), by which the feed log is read again.
 */
export function validUntil(object: StixObject): number | undefined {
  const until = timeOf(object, 'valid_until')
  return until === undefined || isImpossible(until, object) ? undefined : until
}

/** True for an end that is given and cannot be one: the zero of some clock, or not after the begin. */
export function hasImpossibleEnd(object: StixObject): boolean {
  const until = timeOf(object, 'valid_until')
  return until !== undefined && isImpossible(until, object)
}

/** Before it no indicator was ever valid: 0001-01-01 and 1970-01-01 stand for «none» in some languages. */
const firstEnd = Date.UTC(1971)

const isImpossible = (until: number, object: StixObject): boolean =>
  until < firstEnd || until <= (timeOf(object, 'valid_from') ?? Number.NEGATIVE_INFINITY)
