/**
 * Spellings that tools of the field write in place of STIX, and that can mean one thing only; the words are also
 * values of a metric's label. What could be read in two ways, such as a lone apostrophe, is refused.
 */
export const spellings = [
  /** `file:hashes.SHA-256` without quotes around the key. */
  'unquoted-key',
  /** `"text"`, `hashes."SHA-256"`. */
  'double-quotes',
  /** `‘text’`, `“text”`, as word processors have it. */
  'typographic-quotes',
  /** `'C:\dir'`, in a pattern that escapes nothing. */
  'lone-backslash',
  /** `and`, `in`, `True`. */
  'letter-case',
  /** An observation without brackets, and without an AND that could be one of observations. */
  'no-brackets',
  /** `hashes.MD5 = h'…'`, digits that are not a string. */
  'binary-hash',
  /** `START '2026-01-01T00:00:00Z'`, an instant that is a string. */
  'untyped-timestamp',
  /** `email-message:from_ref` for `from_ref.value`, see misp/mapping/pattern/paths.ts. */
  'short-path',
  /** `domain:value` for `domain-name:value`, see misp/mapping/pattern/paths.ts. */
  'object-name'
] as const

export type Spelling = (typeof spellings)[number]
