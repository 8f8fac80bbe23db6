/** The structural bytes of JSON. */
export const byte = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  zero: 0x30,
  colon: 0x3a,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  n: 0x6e,
  openBrace: 0x7b,
  closeBrace: 0x7d
} as const

/** The bracket that closes the one given; undefined for every other byte. */
export const closerOf = (code: number | undefined): number | undefined =>
  code === byte.openBrace || code === byte.openBracket ? code + 2 : undefined

/** The closing brackets that are still expected, innermost last: one byte each. */
export class Brackets {
  depth = 0
  #codes = Buffer.alloc(64)

  get last(): number | undefined {
    return this.depth > 0 ? this.#codes[this.depth - 1] : undefined
  }

  push(code: number): void {
    if (this.depth === this.#codes.length)
      this.#codes = Buffer.concat([this.#codes, Buffer.alloc(this.depth)])
    this.#codes[this.depth++] = code
  }

  pop(): void {
    this.depth--
  }
}
