/**
 * Spellings that tools of the field write in place of STIX, and that can mean one thing only; the words are also
 * values of a metric's label. What could be read in two ways, such as a lone apostrophe, is refused.
 */
export const spellings = [
  /** `file:hashes.SHA-256` without quotes around the key. */
  'unquoted-key',
  /** `"text"`, `hashes."SHA-256"`. */
  'double-quotes',
  /** `'C:\dir'`, in a pattern that escapes nothing. */
  'lone-backslash'
] as const

export type Spelling = (typeof spellings)[number]
