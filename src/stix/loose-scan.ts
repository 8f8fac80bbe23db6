import { type Brackets, byte, closerOf } from './bytes.ts'

/**
 * Scans a part of a body that is not valid JSON as a whole. It knows white space, strings and brackets, but no
 * grammar.
 */
export class LooseScan {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** The next place that is neither white space nor the code. */
  skip(from: number, code?: number): number {
    let at = from
    while (at < this.end && (isSpace(this.bytes[at]!) || this.bytes[at] === code)) at++
    return at
  }

  /** The position after the last byte before `end` that is neither white space nor the code; at least `start`. */
  trim(start: number, end: number, code?: number): number {
    let at = end
    while (at > start && (isSpace(this.bytes[at - 1]!) || this.bytes[at - 1] === code)) at--
    return at
  }

  /** The position after the quote that ends a string, whatever the string holds. */
  stringEnd(start: number): number | undefined {
    for (let at = start + 1; at < this.end; at++) {
      if (this.bytes[at] === byte.backslash) at++
      else if (this.bytes[at] === byte.quote) return at + 1
    }
    return undefined
  }

  /**
   * The position where all brackets are closed, or of a comma outside of any; undefined if the brackets do not match.
   */
  bracketEnd(start: number, open: Brackets): number | undefined {
    for (let at = start; at < this.end; at++) {
      const code = this.bytes[at]
      const closer = closerOf(code)
      if (closer !== undefined) {
        if (!this.#mayOpen(at, open)) return undefined
        open.push(closer)
      } else if (code === byte.quote) {
        const end = this.stringEnd(at)
        if (end === undefined || this.#holdsStart(at, end)) return undefined
        at = end - 1
      } else if (code === byte.closeBrace || code === byte.closeBracket) {
        if (open.last !== code) return undefined
        open.pop()
        if (open.depth === 0) return at + 1
      } else if (code === byte.comma && open.depth === 0) return at
    }
    return undefined
  }

  /** In an object a bracket must follow a colon. */
  #mayOpen(at: number, open: Brackets): boolean {
    const before = this.bytes[this.trim(this.start, at) - 1]
    return open.last !== byte.closeBrace || before === byte.colon
  }

  /** True for a "string" such as `},{`: a quote is missing before it, so that inside and outside are swapped. */
  #holdsStart(start: number, end: number): boolean {
    const brace = this.trim(start, end - 1) - 1
    if (this.bytes[brace] !== byte.openBrace) return false
    return this.bytes[this.trim(start, brace) - 1] === byte.comma
  }
}

const isSpace = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
