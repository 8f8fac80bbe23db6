import type { Entry } from '../kernel/ports.ts'
import { byte, closerOf } from './bytes.ts'
import { fieldNameAt } from './fields.ts'
import { JsonReader, tokenText } from './json-reader.ts'
import { isRequiredIn } from './properties.ts'
import { Draft, type Edit, type Range, type Rule } from './repair.ts'

/** An entry whose place in the page is not known yet. */
export type UnplacedEntry = { -readonly [member in keyof Entry]: Entry[member] }

/** One item of the body: its byte range, and what was read of it. */
export interface Item extends Range {
  /** Undefined when it is not an object with a string `id` and `type`. */
  readonly entry: UnplacedEntry | undefined
  /** What repairs it; undefined where nothing does. */
  readonly edits: readonly Edit[] | undefined
}

/** Items are read recursively and repaired up to this depth; what is deeper is left as it is. */
const maxRepairDepth = 128

/** Elements of a list that is a top-level member. */
const elementDepth = 2

/** Reads JSON values. Of those that are items it records the fields and, with `repair`, the edits. */
export class ItemReader extends JsonReader {
  readonly #repair: boolean
  readonly #draft: Draft
  /** The position of the key of the top-level member that is being read. */
  #topKey = 0

  constructor(bytes: Buffer, repair: boolean) {
    super(bytes)
    this.#repair = repair
    this.#draft = new Draft(bytes, repair)
  }

  /** Moves past one item. */
  item(): Item {
    const start = this.at
    if (this.bytes[start] !== byte.openBrace) {
      this.value()
      return { start, end: this.at, entry: undefined, edits: undefined }
    }
    const draft = this.#draft
    draft.begin(start)
    this.#container(0, true)
    const end = this.at
    if (!draft.id || !draft.type) return { start, end, entry: undefined, edits: undefined }
    draft.settle({ start, end })
    const edits = draft.edits.length > 0 ? draft.edits : undefined
    return { start, end, entry: toEntry(draft), edits }
  }

  /** Moves past a value. Returns the rule that removes it, if one does. */
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
    if (depth > maxRepairDepth) {
      this.value()
      return undefined
    }
    const isObject = this.bytes[this.at] === byte.openBrace
    const close = closerOf(this.bytes[this.at])!
    this.at++
    this.space()
    if (this.bytes[this.at] === close) {
      this.at++
      return 'empty'
    }
    const isKept = this.#parts(isObject, isItem, close, depth)
    this.at++
    return isKept ? undefined : 'empty'
  }

  /**
   * Reads the members or elements up to the closing bracket; true if one stays. A removed part takes the comma before
   * it along, or the one after it if nothing before it stays, so that the rest is well formed.
   */
  #parts(isObject: boolean, isItem: boolean, close: number, depth: number): boolean {
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

  /** Removes everything from `at` to the current position, with the edits inside it. */
  #remove(at: number, mark: number, rule: Rule): Edit {
    const edit = { at, remove: this.at - at, insert: '', rule }
    this.#draft.keepEdits(mark)
    this.#draft.edit(edit)
    return edit
  }

  #member(depth: number, isItem: boolean): Rule | undefined {
    const key = this.at
    this.string()
    const name = isItem ? this.#nameFrom(key) : undefined
    if (isItem) this.#topKey = key
    this.space()
    this.expect(byte.colon)
    const start = this.at
    const mark = this.#draft.edits.length
    const rule = this.#value(depth + 1)
    if (rule !== undefined) {
      if (!this.#repair || !this.#mustKeep(key, depth)) return rule
      this.#draft.keepEdits(mark)
      if (name === undefined) this.#draft.leave(start)
    }
    return name === undefined ? undefined : this.#draft.take(name, { start, end: this.at })
  }

  /** True if a null or empty member has to stay because its object must have it. */
  #mustKeep(key: number, depth: number): boolean {
    if (depth > elementDepth) return false
    const name = stringAt(this.bytes, key)
    if (depth === 0) return name === 'spec_version' || this.#draft.mustKeep(name)
    return depth === elementDepth && isRequiredIn(stringAt(this.bytes, this.#topKey), name)
  }

  #nameFrom(start: number): string | undefined {
    if (!this.escaped) return fieldNameAt(this.bytes, start + 1, this.at - 1)
    const key = Buffer.from(tokenText(this.bytes, start, this.at))
    return fieldNameAt(key, 0, key.length)
  }
}

function toEntry(draft: Draft): UnplacedEntry {
  const { id, type, modified, created, specVersion, rawModified, rawCreated } = draft
  const time = rawModified ?? rawCreated
  return { id: id!, type: type!, modified, created, specVersion, time, offset: 0, length: 0 }
}

/** The string that begins at a quote, which the reader has already passed. */
function stringAt(bytes: Buffer, start: number): string {
  const reader = new JsonReader(bytes)
  reader.at = start
  reader.string()
  return tokenText(bytes, start, reader.at)
}
