/**
 * Says whether something would be made again as it was: true while the version of what it was made of is the same, and
 * the time for which that counts is not over. Asked right before each giving, with the instant of it.
 */
export type Validity = (now: number) => boolean

/** Of what was made of several parts; undefined where one of them cannot tell. */
export function validWhileAll(parts: readonly (Validity | undefined)[]): Validity | undefined {
  const known = parts.filter(part => part !== undefined)
  return known.length < parts.length ? undefined : now => known.every(isValid => isValid(now))
}
