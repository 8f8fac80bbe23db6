import { type StixObject, timeOf } from '../../stix/object.ts'

/**
 * When an indicator ends, ms since the epoch; undefined when it never does. What is over when it is first read is not
 * kept: a change of this rule needs a new `rowFormat` (events/source-row.ts), by which the feed log is read again.
 */
export const validUntil = (object: StixObject): number | undefined => timeOf(object, 'valid_until')
