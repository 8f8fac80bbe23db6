/** A STIX pattern (STIX 2.1 §9) as a tree. */

export type Literal =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** `h'…'` and `b'…'`. */
  | { readonly kind: 'binary'; readonly value: Buffer }
  /** `t'…'`, as written. */
  | { readonly kind: 'timestamp'; readonly value: string }

/** A key, or a place in a list: a number, or any. */
export type PathStep = string | { readonly index: number | '*' }

export type Operator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'IN'
  | 'LIKE'
  | 'MATCHES'
  | 'ISSUBSET'
  | 'ISSUPERSET'
  | 'EXISTS'

export interface Comparison {
  readonly kind: 'comparison'
  /** The type of the observed object: `url`, `file`, … */
  readonly object: string
  /** After the colon, at least one step. */
  readonly path: readonly PathStep[]
  readonly operator: Operator
  readonly isNegated: boolean
  /** One; for IN one or more; for EXISTS none. */
  readonly values: readonly Literal[]
}

export interface Junction<T> {
  readonly kind: 'and' | 'or'
  /** Two or more. */
  readonly terms: readonly T[]
}

export type Condition = Comparison | Junction<Condition>

export type Qualifier =
  | { readonly kind: 'start-stop'; readonly start: string; readonly stop: string }
  | { readonly kind: 'within'; readonly seconds: number }
  | { readonly kind: 'repeats'; readonly times: number }

export interface Observation {
  readonly kind: 'observation'
  readonly condition: Condition
}

export type Pattern =
  | Observation
  | Junction<Pattern>
  | { readonly kind: 'followed-by'; readonly terms: readonly Pattern[] }
  | {
      readonly kind: 'qualified'
      readonly pattern: Pattern
      readonly qualifiers: readonly Qualifier[]
    }
