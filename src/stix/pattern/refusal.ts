/** Why a text is no STIX pattern for us; the words are also the values of a metric's label. */
export const refusalReasons = [
  /** Over 4 MiB. */
  'length',
  /** Over 100 parentheses deep. */
  'nesting',
  /** A character that begins no token, or a comment without end. */
  'character',
  /** A string without end, or an escape other than `\'` and `\\`. */
  'string',
  /** A binary or timestamp that is none, or a number out of range. */
  'literal',
  /** A token, or the end, where the grammar has something else. */
  'syntax'
] as const

export type RefusalReason = (typeof refusalReasons)[number]

export interface PatternRefusal {
  readonly kind: 'refused'
  readonly reason: RefusalReason
  /** Index into the text. */
  readonly at: number
}

/** How a refusal leaves the depth of the parser; it goes no further than `parsePattern`. */
export class PatternError extends Error {
  override readonly name = 'PatternError'
  readonly refusal: PatternRefusal

  constructor(reason: RefusalReason, at: number) {
    super(`${reason} at ${at}`)
    this.refusal = { kind: 'refused', reason, at }
  }
}
