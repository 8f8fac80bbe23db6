import { Brackets, byte, closerOf } from './bytes.ts'

/**
 * Checks JSON grammar (RFC 8259) on bytes; nothing is decoded unless asked for. The reader is at `at`; each method
 * moves it past what it read, and throws {@link JsonError} if the grammar is broken. The caller checks UTF-8, once
 * for the whole body.
 */

/** The bytes are not JSON, or not the JSON that was expected. The message says where, never what is there (G5). */
export class JsonError extends Error {
  override readonly name = 'JsonError'

  constructor(reason: string, at: number) {
    super(`${reason} at byte ${at}`)
  }
}

/** Decodes the string token `bytes[start, end)`, quotes included, which the reader has already passed. */
export function tokenText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, end - 1)
  return text.includes('\\') ? JSON.parse(`"${text}"`) : text
}

const literals = ['true', 'false', 'null'].map(text => Buffer.from(text))
const escapes = new Set(Buffer.from('"\\/bfnrt'))

const isDigit = (code: number | undefined): boolean =>
  code !== undefined && code >= byte.zero && code <= 0x39

/** 1 for the bytes that a string holds as they are: no control, quote or backslash. */
const isPlain = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x20 && code !== byte.quote && code !== byte.backslash ? 1 : 0
)

const isHex = (code: number | undefined): boolean =>
  code !== undefined && (isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66))

export class JsonReader {
  readonly bytes: Buffer
  at = 0
  /** True when the string read last holds an escape. */
  escaped = false

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  fail(reason: string): never {
    throw new JsonError(this.at >= this.bytes.length ? 'unexpected end' : reason, this.at)
  }

  space(): void {
    const { bytes } = this
    let at = this.at
    for (let code = bytes[at]; code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; ) {
      code = bytes[++at]
    }
    this.at = at
  }

  /** Moves past one structural byte and the white space after it. */
  expect(code: number): void {
    if (this.bytes[this.at] !== code) this.fail(`expected ${String.fromCharCode(code)}`)
    this.at++
    this.space()
  }

  string(): void {
    const { bytes } = this
    if (bytes[this.at] !== byte.quote) this.fail('expected a string')
    this.escaped = false
    let at = this.at + 1
    for (;;) {
      while (isPlain[bytes[at]!] === 1) at++
      if (bytes[at] === byte.quote) {
        this.at = at + 1
        return
      }
      this.at = at
      if (bytes[at] !== byte.backslash) this.fail('unfinished string')
      at = this.#escapeEnd(at) + 1
    }
  }

  /** Moves past one value of any depth. Each level of nesting costs one byte and no stack. */
  value(): void {
    const open = new Brackets()
    do {
      this.#opening(open)
      while (open.depth > 0 && !this.#separator(open)) open.pop()
    } while (open.depth > 0)
  }

  /** A string or null: Sekoia's cursors. */
  cursor(): string | null {
    const start = this.at
    const first = this.bytes[start]
    if (first !== byte.quote && first !== byte.n) this.fail('next_cursor is not a string')
    this.value()
    return first === byte.n ? null : tokenText(this.bytes, start, this.at)
  }

  /** Goes down to the first value that holds no other, and past it. */
  #opening(open: Brackets): void {
    for (;;) {
      const close = closerOf(this.bytes[this.at])
      if (close === undefined) {
        this.#leaf()
        return
      }
      this.at++
      this.space()
      if (this.bytes[this.at] === close) {
        this.at++
        return
      }
      open.push(close)
      if (close === byte.closeBrace) this.#key()
    }
  }

  /** After a value: true when another one follows, false when a bracket was closed. */
  #separator(open: Brackets): boolean {
    this.space()
    if (this.bytes[this.at] === open.last) {
      this.at++
      return false
    }
    this.expect(byte.comma)
    if (open.last === byte.closeBrace) this.#key()
    return true
  }

  #key(): void {
    this.string()
    this.space()
    this.expect(byte.colon)
  }

  #leaf(): void {
    if (this.bytes[this.at] === byte.quote) this.string()
    else this.scalar()
  }

  #escapeEnd(at: number): number {
    this.escaped = true
    const { bytes } = this
    if (escapes.has(bytes[at + 1]!)) return at + 1
    for (let digit = at + 2; digit < at + 6; digit++) {
      if (bytes[at + 1] !== 0x75 || !isHex(bytes[digit])) this.fail('bad escape in the string')
    }
    return at + 5
  }

  /** A number, `true`, `false` or `null`. */
  scalar(): void {
    const code = this.bytes[this.at]
    if (code === byte.minus || isDigit(code)) this.#number()
    else this.#literal()
  }

  #number(): void {
    if (this.bytes[this.at] === byte.minus) this.at++
    if (this.bytes[this.at] === byte.zero) this.at++
    else this.#digits()
    if (this.bytes[this.at] === byte.point) {
      this.at++
      this.#digits()
    }
    if ((this.bytes[this.at]! | 0x20) !== 0x65) return
    const sign = this.bytes[++this.at]
    if (sign === byte.minus || sign === 0x2b) this.at++
    this.#digits()
  }

  #digits(): void {
    const start = this.at
    while (isDigit(this.bytes[this.at])) this.at++
    if (this.at === start) this.fail('expected a digit')
  }

  #literal(): void {
    for (const literal of literals) {
      let length = 0
      while (length < literal.length && this.bytes[this.at + length] === literal[length]) length++
      if (length < literal.length) continue
      this.at += length
      return
    }
    this.fail('expected a value')
  }
}
