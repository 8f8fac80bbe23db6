import { isUtf8 } from 'node:buffer'
import type { UnreadableItem } from '../kernel/ports.ts'
import type { Item, ItemReader } from './item-reader.ts'
import { Brackets, byte, closerOf, JsonError } from './json-reader.ts'

/**
 * Items out of a list that is not JSON as a whole. Each item that can be read and is followed by another one, or by
 * the end, is taken as it is. Of one that cannot, the end is found by its brackets; where these do not fit, the next
 * item is where an object with a STIX id begins that can be read. What lies between is one unreadable item.
 */
export interface SalvagedItem extends Item {
  /** What is wrong with the bytes; undefined when they can be read. */
  readonly fault?: UnreadableItem['fault']
}

/** So many items in a row are proof enough that a list goes on. */
const provenItems = 20

/** All search for the next item may read so many times the size of the list; then the body is given up. */
const maxReadings = 16

/**
 * @param start behind the bracket that opens the list
 * @param end where the bracket stands that closes it
 * @throws JsonError when finding the items would take too long
 */
export function salvageItems(reader: ItemReader, start: number, end: number): SalvagedItem[] {
  return new Salvage(reader, start, end).items()
}

/**
 * The only item of an answer, between these places.
 * @throws JsonError when it is cut short
 */
export const salvageItem = (reader: ItemReader, start: number, end: number): SalvagedItem =>
  new Salvage(reader, start, end).item()

class Salvage {
  readonly #reader: ItemReader
  readonly #bytes: Buffer
  readonly #start: number
  readonly #end: number
  #budget: number

  constructor(reader: ItemReader, start: number, end: number) {
    this.#reader = reader
    this.#bytes = reader.bytes
    this.#start = start
    this.#end = end
    this.#budget = (end - start) * maxReadings + 1_000_000
  }

  items(): SalvagedItem[] {
    const items: SalvagedItem[] = []
    for (let at = this.#start; ; at = items.at(-1)!.end) {
      at = this.#skip(at, byte.comma)
      if (at >= this.#end) return items
      items.push(this.#soundItem(at) ?? this.#unreadable(at))
    }
  }

  item(): SalvagedItem {
    const start = this.#start
    if (this.#bytes[start] !== byte.openBrace) throw new JsonError('expected an object', start)
    const sound = this.#soundItem(start)
    if (sound) return sound
    const end = this.#closingEnd(start)
    if (end === undefined) throw new JsonError('no end of the object', this.#end)
    return { start, end, draft: undefined, fault: 'json' }
  }

  #unreadable(start: number): SalvagedItem {
    const end = this.#closingEnd(start) ?? this.#nextItem(start + 1) ?? this.#end
    return { start, end: this.#trim(start, end, byte.comma), draft: undefined, fault: 'json' }
  }

  /** The item that begins here, when it can be read and the list goes on after it. */
  #soundItem(at: number): SalvagedItem | undefined {
    const item = this.#read(at)
    if (item === undefined || !this.#goesOn(item.end)) return undefined
    return isUtf8(this.#bytes.subarray(at, item.end))
      ? item
      : { ...item, draft: undefined, fault: 'utf-8' }
  }

  #read(at: number): Item | undefined {
    if (this.#budget < 0) throw new JsonError('too damaged', at)
    const reader = this.#reader
    reader.at = at
    try {
      const item = reader.item()
      return item.end <= this.#end ? item : undefined
    } catch {
      return undefined
    } finally {
      this.#budget -= reader.at - at
    }
  }

  /** True when the list ends here or another item begins: an object (its comma may be missing) or any other value. */
  #goesOn(at: number): boolean {
    const next = this.#skip(at)
    if (next >= this.#end || this.#bytes[next] === byte.openBrace) return true
    if (this.#bytes[next] !== byte.comma) return false
    const value = this.#skip(next, byte.comma)
    return this.#bytes[value] !== byte.quote || !this.#isKey(value) || this.#lacksBrace(value)
  }

  /** True for a string that a colon follows: what seemed the end of an item was inside it. */
  #isKey(at: number): boolean {
    const end = this.#stringEnd(at)
    return end === undefined || this.#bytes[this.#skip(end)] === byte.colon
  }

  /** True when the members that begin here are another item's, whose brace is missing: they have an id of their own. */
  #lacksBrace(at: number): boolean {
    const open = new Brackets()
    open.push(byte.closeBrace)
    const end = this.#bracketEnd(at, open) ?? this.#nextItem(at) ?? this.#end
    return ownId.test(this.#bytes.toString('latin1', at, end))
  }

  /** The end of the item by its brackets, whatever stands between them; undefined when they do not fit. */
  #closingEnd(start: number): number | undefined {
    const end = this.#bracketEnd(start, new Brackets())
    if (end === undefined || !this.#goesOn(end)) return undefined
    const next = this.#skip(end, byte.comma)
    return this.#innerListEnd(next) === undefined ? end : undefined
  }

  /** Where all brackets are closed, or a comma stands outside of any. */
  #bracketEnd(start: number, open: Brackets): number | undefined {
    for (let at = start; at < this.#end; at++) {
      const code = this.#bytes[at]
      const closer = closerOf(code)
      if (closer !== undefined) {
        if (!this.#mayOpen(at, open)) return undefined
        open.push(closer)
      } else if (code === byte.quote) {
        const end = this.#stringEnd(at)
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

  /** In an object a bracket comes behind a colon. */
  #mayOpen(at: number, open: Brackets): boolean {
    const before = this.#bytes[this.#trim(this.#start, at) - 1]
    return open.last !== byte.closeBrace || before === byte.colon
  }

  /** Behind the quote that ends a string, whatever is in it. */
  #stringEnd(start: number): number | undefined {
    for (let at = start + 1; at < this.#end; at++) {
      if (this.#bytes[at] === byte.backslash) at++
      else if (this.#bytes[at] === byte.quote) return at + 1
    }
    return undefined
  }

  /** True for a "string" such as `},{`: a quote is missing before it, and what is inside and what outside is swapped. */
  #holdsStart(start: number, end: number): boolean {
    const brace = this.#trim(start, end - 1) - 1
    if (this.#bytes[brace] !== byte.openBrace) return false
    return this.#bytes[this.#trim(start, brace) - 1] === byte.comma
  }

  /** Where the next item begins that can be read; undefined when there is none. */
  #nextItem(from: number): number | undefined {
    for (let at = from; ; at++) {
      at = this.#bytes.indexOf(byte.openBrace, at)
      if (at === -1 || at >= this.#end) return undefined
      if (this.#bytes[this.#trim(from - 1, at) - 1] !== byte.comma) continue
      const item = this.#read(at)
      const { id, type } = item?.draft ?? {}
      if (!id?.startsWith(`${type}--`)) continue
      const inner = this.#innerListEnd(at)
      if (inner === undefined) return at
      at = inner - 1
    }
  }

  /** Where the list ends that begins here, when it is one inside of an item: `]` follows, then more of that item. */
  #innerListEnd(start: number): number | undefined {
    let at = start
    for (let count = 0; count < provenItems; count++) {
      const item = this.#read(at)
      if (item === undefined) return undefined
      const next = this.#skip(item.end)
      if (next >= this.#end) return undefined
      if (this.#bytes[next] === byte.closeBracket) return this.#goesOn(next + 1) ? undefined : next
      at = this.#skip(next, byte.comma)
      if (at >= this.#end) return undefined
    }
    return undefined
  }

  /** The next place that is neither white space nor the code. */
  #skip(from: number, code?: number): number {
    let at = from
    while (at < this.#end && (isSpace(this.#bytes[at]!) || this.#bytes[at] === code)) at++
    return at
  }

  /** Behind the last byte before `end` that is neither white space nor the code. */
  #trim(start: number, end: number, code?: number): number {
    let at = end
    while (at > start && (isSpace(this.#bytes[at - 1]!) || this.#bytes[at - 1] === code)) at--
    return at
  }
}

const ownId = /"id"\s*:\s*"[a-z][a-z0-9-]*--[0-9a-f-]{36}"/

const isSpace = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
