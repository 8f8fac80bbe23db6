import type {
  Comparison,
  Condition,
  Literal,
  Operator,
  PathStep,
  Pattern,
  Qualifier
} from '../../src/stix/pattern/ast.ts'

/** Words that stand for themselves only between quotes. */
export const keyword =
  /^(?:AND|OR|NOT|FOLLOWEDBY|IN|LIKE|MATCHES|ISSUBSET|ISSUPERSET|EXISTS|START|STOP|WITHIN|SECONDS|REPEATS|TIMES|LAST|true|false)$/

/** The text of a tree, with the spelling's blanks, comments, quotes, operators and needless parentheses. */
export const printPattern = (pattern: Pattern, spelling: readonly number[]): string =>
  new Printer(spelling).print(pattern)

const blanks = ['', '', '', ' ', '\n', '\t ', '\u00a0', '\u2003', "/* a ] ' */", "// b '\r\n"]
const spellings: Partial<Record<Operator, readonly string[]>> = {
  '=': ['=', '=='],
  '!=': ['!=', '<>']
}

/** How tight a kind binds; a part that does not bind tighter than the whole is put between parentheses. */
const strength = { 'followed-by': 0, or: 1, and: 2, qualified: 3, observation: 4, comparison: 4 }

class Printer {
  readonly #spelling: readonly number[]
  #choices = 0
  #text = ''

  constructor(spelling: readonly number[]) {
    this.#spelling = spelling
  }

  print(pattern: Pattern): string {
    this.#blank()
    this.#pattern(pattern, -1)
    this.#blank()
    return this.#text
  }

  #choose<T>(options: readonly T[]): T {
    const choice = this.#spelling[this.#choices++ % this.#spelling.length]!
    return options[choice % options.length]!
  }

  #blank(): void {
    this.#text += this.#choose(blanks)
  }

  /** With a blank before it where two words would become one. */
  #put(...tokens: readonly string[]): void {
    for (const token of tokens) {
      this.#blank()
      if (/[\w-]$/.test(this.#text) && /^\w/.test(token)) this.#text += ' '
      this.#text += token
    }
  }

  #parenthesised(isNeeded: boolean, print: () => void): void {
    const hasThem = isNeeded || this.#choose([true, false, false, false])
    if (hasThem) this.#put('(')
    print()
    if (hasThem) this.#put(')')
  }

  #joined<T>(terms: readonly T[], separator: string, print: (term: T) => void): void {
    for (const [n, term] of terms.entries()) {
      if (n > 0) this.#put(separator)
      print(term)
    }
  }

  #pattern(pattern: Pattern, outer: number): void {
    const own = strength[pattern.kind]
    this.#parenthesised(own <= outer, () => {
      if (pattern.kind === 'observation') this.#observation(pattern.condition)
      else if (pattern.kind === 'qualified') {
        this.#pattern(pattern.pattern, own)
        for (const qualifier of pattern.qualifiers) this.#qualifier(qualifier)
      } else {
        const separator = pattern.kind === 'followed-by' ? 'FOLLOWEDBY' : pattern.kind.toUpperCase()
        this.#joined(pattern.terms, separator, term => this.#pattern(term, own))
      }
    })
  }

  #observation(condition: Condition): void {
    this.#put('[')
    this.#condition(condition, -1)
    this.#put(']')
  }

  #qualifier(qualifier: Qualifier): void {
    if (qualifier.kind === 'start-stop')
      this.#put('START', `t'${qualifier.start}'`, 'STOP', `t'${qualifier.stop}'`)
    else if (qualifier.kind === 'within') this.#put('WITHIN', String(qualifier.seconds), 'SECONDS')
    else this.#put('REPEATS', String(qualifier.times), 'TIMES')
  }

  #condition(condition: Condition, outer: number): void {
    const own = strength[condition.kind]
    this.#parenthesised(own <= outer, () => {
      if (condition.kind === 'comparison') this.#comparison(condition)
      else
        this.#joined(condition.terms, condition.kind.toUpperCase(), term =>
          this.#condition(term, own)
        )
    })
  }

  #comparison({ object, path, operator, isNegated, values }: Comparison): void {
    const negation = isNegated ? ['NOT'] : []
    if (operator === 'EXISTS') this.#put(...negation, 'EXISTS')
    this.#put(object, ':')
    for (const [n, step] of path.entries()) this.#step(step, n === 0)
    if (operator === 'EXISTS') return
    this.#put(...negation, this.#choose(spellings[operator] ?? [operator]))
    if (operator === 'IN') this.#put('(')
    this.#joined(values, ',', value => this.#put(this.#literal(value)))
    if (operator === 'IN') this.#put(')')
  }

  #step(step: PathStep, isFirst: boolean): void {
    if (typeof step !== 'string') {
      this.#put('[', String(step.index), ']')
      return
    }
    const isPlain = /^[A-Za-z_]\w*$/.test(step) && !keyword.test(step)
    this.#put(
      ...(isFirst ? [] : ['.']),
      isPlain && this.#choose([true, false]) ? step : quote(step)
    )
  }

  #literal({ kind, value }: Literal): string {
    if (kind === 'string') return quote(value)
    if (kind === 'timestamp') return `t'${value}'`
    if (kind === 'number')
      return this.#choose(value < 0 ? [String(value)] : [`+${value}`, `${value}`])
    if (kind === 'boolean') return String(value)
    const hex = value.toString('hex')
    const texts = [`h'${hex}'`, `h'${hex.toUpperCase()}'`, `b'${value.toString('base64')}'`]
    return this.#choose(value.length === 0 ? texts.slice(0, 2) : texts)
  }
}

const quote = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`
