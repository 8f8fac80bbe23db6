import { byte, JsonReader, tokenText } from './json-reader.ts'
import { Draft, type Edit, type FieldName, fieldNameAt, type Rule } from './repair.ts'

/** One STIX object as it stands in the body: its byte range, and what was learned of it. */
export interface Item {
  readonly start: number
  readonly end: number
  readonly draft: Draft
}

const maxDepth = 128

/** Reads JSON values. Of those that are items it records the fields and, with `repair`, the edits. */
export class ItemReader extends JsonReader {
  readonly #repair: boolean
  #draft: Draft

  constructor(bytes: Buffer, repair: boolean) {
    super(bytes)
    this.#repair = repair
    this.#draft = new Draft(bytes, repair)
  }

  /** Moves past any value; nothing of it is kept. */
  skip(): void {
    this.#draft = new Draft(this.bytes, this.#repair)
    this.#value(0)
  }

  /** Moves past one item; undefined when it is not an object with a string `id` and `type`. */
  item(): Item | undefined {
    const start = this.at
    if (this.bytes[start] !== byte.openBrace) {
      this.skip()
      return undefined
    }
    const draft = new Draft(this.bytes, this.#repair)
    this.#draft = draft
    this.#container(0, true)
    if (!draft.id || !draft.type) return undefined
    draft.settle(start)
    return { start, end: this.at, draft }
  }

  /** Moves past a value; the rule that takes it out, if one does. */
  #value(depth: number): Rule | undefined {
    switch (this.bytes[this.at]) {
      case byte.quote:
        this.string()
        return undefined
      case byte.openBrace:
      case byte.openBracket:
        return this.#container(depth, false)
      default: {
        const start = this.at
        this.scalar()
        return this.bytes[start] === byte.n ? 'null' : undefined
      }
    }
  }

  #container(depth: number, isItem: boolean): Rule | undefined {
    if (depth > maxDepth) this.fail('nested too deeply')
    const isObject = this.bytes[this.at] === byte.openBrace
    const close = isObject ? byte.closeBrace : byte.closeBracket
    this.at++
    this.space()
    if (this.bytes[this.at] === close) {
      this.at++
      return 'empty'
    }
    const isKept = this.#parts({ isObject, isItem, close, depth })
    this.at++
    return isKept ? undefined : 'empty'
  }

  /**
   * The members or elements up to the closing bracket; true when one stays. A part that goes takes the comma
   * before it along, or the one after it while nothing before it stays, so that the rest is well formed.
   */
  #parts(container: { isObject: boolean; isItem: boolean; close: number; depth: number }): boolean {
    const { isObject, isItem, close, depth } = container
    let isKept = false
    let leading: Edit | undefined
    for (let before = this.at; ; this.expect(byte.comma)) {
      const start = this.at
      if (leading) leading.remove = start - leading.at
      const mark = this.#draft.edits.length
      const rule = isObject ? this.#member(depth, isItem) : this.#value(depth + 1)
      leading = undefined
      if (rule === undefined || !this.#repair) isKept = true
      else {
        const edit = this.#remove(isKept ? before : start, mark, rule)
        if (!isKept) leading = edit
      }
      before = this.at
      this.space()
      if (this.bytes[this.at] === close) return isKept
    }
  }

  /** Takes out everything from `at` to where the reader stands, and the edits inside it. */
  #remove(at: number, mark: number, rule: Rule): Edit {
    const edit = { at, remove: this.at - at, insert: '', rule }
    this.#draft.edits.length = mark
    this.#draft.edits.push(edit)
    return edit
  }

  #member(depth: number, isItem: boolean): Rule | undefined {
    const keyStart = this.at
    this.string()
    const name = isItem ? this.#nameFrom(keyStart) : undefined
    this.space()
    this.expect(byte.colon)
    const start = this.at
    const rule = this.#value(depth + 1)
    if (name === undefined || rule !== undefined) return rule
    return this.#draft.take(name, { start, end: this.at })
  }

  #nameFrom(start: number): FieldName | undefined {
    if (!this.escaped) return fieldNameAt(this.bytes, start + 1, this.at - 1)
    const key = Buffer.from(tokenText(this.bytes, start, this.at))
    return fieldNameAt(key, 0, key.length)
  }
}
