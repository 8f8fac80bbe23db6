import type { Junction, Literal } from './ast.ts'
import type { Spelling } from './lenient.ts'
import { toTimestamp } from './literals.ts'
import { PatternError, type RefusalReason } from './refusal.ts'
import type { Token } from './tokens.ts'

const maxNesting = 100

const joints = { and: 'AND', or: 'OR' } as const

const words = 'AND OR NOT FOLLOWEDBY IN LIKE MATCHES ISSUBSET ISSUPERSET EXISTS'
const qualifierWords = 'START STOP WITHIN SECONDS REPEATS TIMES LAST'

/** No names, unless quoted. */
const keywords: ReadonlySet<string> = new Set(`${words} ${qualifierWords}`.split(' '))

type LiteralOf<K> = Extract<Literal, { readonly kind: K }>

const isOf = <K extends Literal['kind']>(
  literal: Literal,
  kinds: readonly K[]
): literal is LiteralOf<K> => kinds.some(kind => kind === literal.kind)

/**
 * Stands at one token of a pattern and only moves forward. A literal's text never equals a keyword or a symbol,
 * so that these are known by their text alone. All methods throw PatternError where the token does not fit.
 */
export class TokenReader {
  readonly #tokens: readonly Token[]
  readonly #seen: Set<Spelling> | undefined
  #index = 0
  #depth = 0

  /**
   * @param tokens with the end as the last one
   * @param seen given: near-valid spellings are accepted, and noted there
   */
  constructor(tokens: readonly Token[], seen?: Set<Spelling>) {
    this.#tokens = tokens
    this.#seen = seen
  }

  get token(): Token {
    return this.#tokens[this.#index]!
  }

  next(): void {
    this.#index++
  }

  refuse(reason: RefusalReason = 'syntax'): never {
    throw new PatternError(reason, this.token.at)
  }

  /** Moves past the token if it is this keyword or symbol; says whether it was. */
  accept(text: string): boolean {
    if (this.mark !== text) return false
    if (this.token.text !== text) this.#seen?.add('letter-case')
    this.next()
    return true
  }

  /** The token's text; of a keyword in other letter case, where such are accepted, as STIX has it. */
  get mark(): string {
    const { kind, text } = this.token
    if (!this.#seen || kind !== 'word') return text
    const upper = text.toUpperCase()
    return keywords.has(upper) ? upper : text
  }

  /** True where an observation begins without its bracket, and such are accepted. */
  isBare(): boolean {
    return this.#seen !== undefined && this.token.kind === 'word'
  }

  /** Notes a near-valid spelling that was accepted. */
  note(spelling: Spelling): void {
    this.#seen?.add(spelling)
  }

  expect(text: string): void {
    if (!this.accept(text)) this.refuse()
  }

  expectEnd(): void {
    if (this.token.kind !== 'end') this.refuse()
  }

  name(): string {
    const { kind, text } = this.token
    if (kind !== 'word' || keywords.has(text)) this.refuse()
    this.next()
    return text
  }

  /** A name in a path: without a hyphen, which there only quoted keys have. */
  key(): string {
    if (this.token.text.includes('-')) {
      if (!this.#seen) this.refuse()
      this.#seen.add('unquoted-key')
    }
    return this.name()
  }

  /** A literal of one of these kinds. */
  literal<K extends Literal['kind']>(...kinds: readonly K[]): LiteralOf<K> {
    const { token } = this
    if (token.kind !== 'literal' || !isOf(token.literal, kinds)) return this.refuse()
    this.next()
    return token.literal
  }

  /** An instant, as written. */
  timestamp(): string {
    const { token } = this
    const isText = token.kind === 'literal' && token.literal.kind === 'string'
    if (!this.#seen || !isText) return this.literal('timestamp').value
    const { value } = this.literal('string')
    if (!toTimestamp(value)) throw new PatternError('literal', token.at)
    this.#seen.add('untyped-timestamp')
    return value
  }

  /** A whole number, written without a point. */
  integer(): number {
    if (this.token.text.includes('.')) this.refuse()
    return this.literal('number').value
  }

  /** What is between parentheses. */
  nested<T>(read: () => T): T {
    if (this.#depth === maxNesting) this.refuse('nesting')
    this.#depth++
    this.expect('(')
    const inner = read()
    this.expect(')')
    this.#depth--
    return inner
  }

  /** One or more, with this keyword or symbol between them. */
  series<T>(separator: string, read: () => T): readonly T[] {
    const all = [read()]
    while (this.accept(separator)) all.push(read())
    return all
  }

  /** One as it is, several as a junction. */
  junction<T>(kind: 'and' | 'or', read: () => T): T | Junction<T> {
    const terms = this.series(joints[kind], read)
    return terms.length === 1 ? terms[0]! : { kind, terms }
  }
}
