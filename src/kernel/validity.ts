/**
 * Says whether an answer would come out the same if it were made again: true while everything that it was made of has
 * the same version. Asked just before each sending, with the time of sending.
 */
export type Validity = (now: number) => boolean

/** The validity of an answer made of several parts; undefined if one of them has none. */
export function validWhileAll(parts: readonly (Validity | undefined)[]): Validity | undefined {
  const known = parts.filter(part => part !== undefined)
  return known.length < parts.length ? undefined : now => known.every(isValid => isValid(now))
}
