/**
 * A time that nothing in a feed is newer than, as `modified_after` takes it, also where an object or the clock is ahead:
 * who asks from it on asks whether Sekoia answers, and for no object. Nanoseconds since 1970 still fit into 64 bits.
 */
export const behindAll = '2199-01-01T00:00:00Z'
