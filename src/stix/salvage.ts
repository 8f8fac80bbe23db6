import { isUtf8 } from 'node:buffer'
import type { Work } from '../kernel/give-way.ts'
import type { UnreadableItem } from '../kernel/ports.ts'
import { Brackets, byte } from './bytes.ts'
import type { Item, ItemReader } from './item-reader.ts'
import { JsonError } from './json-reader.ts'
import { LooseScan } from './loose-scan.ts'

/**
 * An item of a list that is not valid JSON as a whole. An item that can be read, and is followed by another one or
 * the end, is taken as it is. The end of one that cannot be read is found by its brackets. If these do not match, the
 * next item begins at the next object with a STIX id that can be read; what lies between is one unreadable item.
 */
export interface SalvagedItem extends Item {
  /** What is wrong with the bytes; undefined when they can be read. */
  readonly fault?: UnreadableItem['fault']
}

/** That many items in a row prove that a list goes on. */
const provenItems = 20

/**
 * Bounds of the search: it may read the list this many times, up to so many bytes in all, but at least a few times.
 */
const maxReadings = 64
const maxBytesRead = 256 * 1024 * 1024
const fewReadings = 4

/**
 * @param start behind the bracket that opens the list
 * @param end where the bracket stands that closes it
 * @throws JsonError when finding the items would take too long
 */
export function salvageItems(reader: ItemReader, start: number, end: number): Work<SalvagedItem[]> {
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
  readonly #list: LooseScan
  #budget: number

  constructor(reader: ItemReader, start: number, end: number) {
    this.#reader = reader
    this.#list = new LooseScan(reader.bytes, start, end)
    const size = end - start
    this.#budget = Math.max(size * fewReadings, Math.min(size * maxReadings, maxBytesRead))
  }

  *items(): Work<SalvagedItem[]> {
    const items: SalvagedItem[] = []
    for (let at = this.#list.start; ; at = items.at(-1)!.end) {
      at = this.#list.skip(at, byte.comma)
      if (at >= this.#list.end) return items
      items.push(this.#soundItem(at) ?? this.#unreadable(at))
      yield
    }
  }

  item(): SalvagedItem {
    const start = this.#list.start
    if (this.#list.bytes[start] !== byte.openBrace) throw new JsonError('expected an object', start)
    const sound = this.#soundItem(start)
    if (sound) return sound
    const end = this.#closingEnd(start)
    if (end === undefined) throw new JsonError('no end of the object', this.#list.end)
    return { start, end, entry: undefined, edits: undefined, fault: 'json' }
  }

  #unreadable(start: number): SalvagedItem {
    const end = this.#closingEnd(start) ?? this.#nextItem(start + 1) ?? this.#list.end
    return {
      start,
      end: this.#list.trim(start, end, byte.comma),
      entry: undefined,
      edits: undefined,
      fault: 'json'
    }
  }

  /** The item that begins here, when it can be read and the list goes on after it. */
  #soundItem(at: number): SalvagedItem | undefined {
    const item = this.#read(at)
    if (item === undefined || !this.#goesOn(item.end)) return undefined
    return isUtf8(this.#list.bytes.subarray(at, item.end))
      ? item
      : { ...item, entry: undefined, edits: undefined, fault: 'utf-8' }
  }

  #read(at: number): Item | undefined {
    if (this.#budget < 0) throw new JsonError('too damaged', at)
    const reader = this.#reader
    reader.at = at
    try {
      const item = reader.item()
      return item.end <= this.#list.end ? item : undefined
    } catch {
      return undefined
    } finally {
      this.#budget -= reader.at - at
    }
  }

  /** The end by brackets alone, see {@link LooseScan.bracketEnd}. */
  #bracketEnd(start: number, open: Brackets): number | undefined {
    if (this.#budget < 0) throw new JsonError('too damaged', start)
    const end = this.#list.bracketEnd(start, open)
    this.#budget -= (end ?? this.#list.end) - start
    return end
  }

  /** True when the list ends here or another item begins: an object (its comma may be missing) or any other value. */
  #goesOn(at: number): boolean {
    const next = this.#list.skip(at)
    if (next >= this.#list.end || this.#list.bytes[next] === byte.openBrace) return true
    if (this.#list.bytes[next] !== byte.comma) return false
    const value = this.#list.skip(next, byte.comma)
    return this.#list.bytes[value] !== byte.quote || !this.#isKey(value) || this.#lacksBrace(value)
  }

  /** True for a string that a colon follows: what seemed the end of an item was inside it. */
  #isKey(at: number): boolean {
    const end = this.#list.stringEnd(at)
    return end === undefined || this.#list.bytes[this.#list.skip(end)] === byte.colon
  }

  /**
   * True if the members that begin here are those of another item whose opening brace is missing: they have an id of
   * their own.
   */
  #lacksBrace(at: number): boolean {
    const open = new Brackets()
    open.push(byte.closeBrace)
    const end = this.#bracketEnd(at, open) ?? this.#nextItem(at) ?? this.#list.end
    return ownId.test(this.#list.bytes.toString('latin1', at, end))
  }

  /** The end of the item by its brackets, whatever stands between them; undefined when they do not fit. */
  #closingEnd(start: number): number | undefined {
    const end = this.#bracketEnd(start, new Brackets())
    if (end === undefined || !this.#goesOn(end)) return undefined
    const next = this.#list.skip(end, byte.comma)
    return this.#innerListEnd(next) === undefined ? end : undefined
  }

  /** Where the next item begins that can be read; undefined when there is none. */
  #nextItem(from: number): number | undefined {
    for (let at = from; ; at++) {
      at = this.#list.bytes.indexOf(byte.openBrace, at)
      if (at === -1 || at >= this.#list.end) return undefined
      if (this.#list.bytes[this.#list.trim(from - 1, at) - 1] !== byte.comma) continue
      const item = this.#read(at)
      const { id, type } = item?.entry ?? {}
      if (!id?.startsWith(`${type}--`)) continue
      const inner = this.#innerListEnd(at)
      if (inner === undefined) return at
      at = inner - 1
    }
  }

  /** The end of the list that begins here, if it is a list inside an item: `]` follows, then more of that item. */
  #innerListEnd(start: number): number | undefined {
    let at = start
    for (let count = 0; count < provenItems; count++) {
      const item = this.#read(at)
      if (item === undefined) return undefined
      const next = this.#list.skip(item.end)
      if (next >= this.#list.end) return undefined
      if (this.#list.bytes[next] === byte.closeBracket)
        return this.#goesOn(next + 1) ? undefined : next
      at = this.#list.skip(next, byte.comma)
      if (at >= this.#list.end) return undefined
    }
    return undefined
  }
}

const ownId = /"id"\s*:\s*"[a-z][a-z0-9-]*--[0-9a-f-]{36}"/
