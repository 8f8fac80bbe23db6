import type { Work } from '../../kernel/give-way.ts'
import type { Literal } from './ast.ts'
import type { Spelling } from './lenient.ts'
import { prefixed, toNumber } from './literals.ts'
import { PatternError } from './refusal.ts'

/**
 * A pattern's text as tokens, in one pass: every expression below is anchored where the pass stands and has
 * one way to match, so the work is linear in the text.
 */
export type Token = Mark | LiteralToken

/** A name, a keyword, an operator, punctuation, or the end. */
interface Mark {
  readonly kind: 'word' | 'symbol' | 'end'
  /** As written; '' for the end. */
  readonly text: string
  /** Index into the pattern's text. */
  readonly at: number
}

interface LiteralToken {
  readonly kind: 'literal'
  readonly text: string
  readonly at: number
  readonly literal: Literal
}

const blank =
  /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|\/\/[^\r\n]*|\/\*[\s\S]*?\*\//y
const word = /[A-Za-z_][A-Za-z0-9_-]*/y
const number = /[+-]?(?:\d+(?:\.\d+)?|\.\d+)/y
const symbol = /[=!<>]=|<>|[=<>[\]().,:*]/y

interface Quote {
  readonly end: string
  /** What stands between the quotes up to a backslash. */
  readonly plain: RegExp
  readonly spelling?: Spelling
}

const standard: Quote = { end: "'", plain: /[^'\\]*/y }
const double: Quote = { end: '"', plain: /[^"\\]*/y, spelling: 'double-quotes' }
const single: Quote = { end: '’', plain: /[^’\\]*/y, spelling: 'typographic-quotes' }
const curly: Quote = { end: '”', plain: /[^”\\]*/y, spelling: 'typographic-quotes' }

/** Quotes that are not STIX, by the character that begins a string. */
const otherQuotes: ReadonlyMap<string, Quote> = new Map([
  ['"', double],
  ['‘', single],
  ['’', single],
  ['“', curly],
  ['”', curly]
])

/**
 * All tokens of a pattern; white space and comments are left out, the last token is the end.
 *
 * @param seen given: spellings that are not STIX but can mean one thing only are read as meant, and noted there
 * @throws PatternError where a character begins no token, and for a string or a literal that is not valid.
 */
export function* tokenize(text: string, seen?: Set<Spelling>): Work<readonly Token[]> {
  const tokenizer = new Tokenizer(text, seen)
  const tokens: Token[] = []
  for (;;) {
    const token = tokenizer.next()
    tokens.push(token)
    if (token.kind === 'end') return tokens
    if (tokens.length % tokensAtOnce === 0) yield
  }
}

/** Between two places where the work may be interrupted. */
const tokensAtOnce = 256

class Tokenizer {
  readonly #text: string
  readonly #seen: Set<Spelling> | undefined
  #at = 0
  /** Backslashes read so far that escape. */
  #escapes = 0

  constructor(text: string, seen: Set<Spelling> | undefined) {
    this.#text = text
    this.#seen = seen
  }

  next(): Token {
    this.#skipBlanks()
    const at = this.#at
    if (at === this.#text.length) return { kind: 'end', text: '', at }
    const quote = this.#quote()
    if (quote) return this.#literal(at, this.#string(quote))
    const name = this.#take(word)
    if (name) return this.#word(name, at)
    const digits = this.#take(number)
    if (digits) return this.#literal(at, toNumber(digits))
    const mark = this.#take(symbol)
    if (!mark) throw new PatternError('character', at)
    return { kind: 'symbol', text: mark, at }
  }

  #quote(): Quote | undefined {
    const character = this.#text[this.#at]!
    return character === "'" ? standard : this.#seen && otherQuotes.get(character)
  }

  #skipBlanks(): void {
    let skipped = this.#take(blank)
    while (skipped) skipped = this.#take(blank)
  }

  /** Moves past what matches here; '' when nothing does. */
  #take(expression: RegExp): string {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #word(name: string, at: number): Token {
    const truth = this.#truth(name)
    if (truth !== undefined) return this.#literal(at, { kind: 'boolean', value: truth })
    const read = prefixed.get(name)
    if (!read || this.#text[this.#at] !== "'") return { kind: 'word', text: name, at }
    const start = this.#at + 1
    const end = this.#text.indexOf("'", start)
    if (end < 0) throw new PatternError('literal', at)
    this.#at = end + 1
    return this.#literal(at, read(this.#text.slice(start, end)))
  }

  #truth(name: string): boolean | undefined {
    const word = this.#seen ? name.toLowerCase() : name
    if (word !== 'true' && word !== 'false') return undefined
    if (word !== name) this.#seen?.add('letter-case')
    return word === 'true'
  }

  #literal(at: number, literal: Literal | undefined): Token {
    if (!literal) throw new PatternError('literal', at)
    return { kind: 'literal', text: this.#text.slice(at, this.#at), at, literal }
  }

  #string({ end, plain, spelling }: Quote): Literal {
    this.#at++
    if (spelling) this.#seen?.add(spelling)
    let value = this.#take(plain)
    while (this.#text[this.#at] === '\\') value += this.#escaped() + this.#take(plain)
    // With both kinds of backslash in a pattern, a double one may be one or two.
    const isAmbiguous = this.#escapes > 0 && (this.#seen?.has('lone-backslash') || spelling)
    if (this.#text[this.#at] !== end || isAmbiguous) throw new PatternError('string', this.#at)
    this.#at++
    return { kind: 'string', value }
  }

  #escaped(): string {
    const character = this.#text[this.#at + 1]
    if (character === "'" || character === '\\') {
      this.#escapes++
      this.#at += 2
      return character
    }
    if (!this.#seen) throw new PatternError('string', this.#at)
    this.#seen.add('lone-backslash')
    this.#at++
    return '\\'
  }
}
