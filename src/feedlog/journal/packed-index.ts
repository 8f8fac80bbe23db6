import type { Entry } from '../../kernel/ports.ts'

/** An index over the objects of a body, in their order. An array of entries is one too. */
export interface EntryList extends Iterable<Entry> {
  readonly length: number
  /** Negative numbers count from the end. */
  at(index: number): Entry | undefined
}

/** The same thing said about the same object: its id and the time Sekoia gave it. */
export const entryKey = (entry: Pick<Entry, 'id' | 'time'>): string =>
  `${entry.id}|${entry.time ?? ''}`

export const hasLater = 1
export const hasEarlier = 2

const column = { object: 0, id: 1, time: 2, modified: 3, created: 4, count: 5 } as const

/** In the place of a length: the entry has no such text, or one equal to its `time`. */
const none = 0xffff_ffff
const asTime = 0xffff_fffe

const prefixBytes = 16
const wordBytes = 4
/** Of each entry: its lengths, the number of its kind, its repeats. */
const rowBytes = column.count * wordBytes + 2 + 1

/** What few entries differ in: type and spec_version. */
type Kind = readonly [type: string, specVersion: string | null]

/**
 * The index of a segment in one piece of memory outside the JavaScript heap, in the form it has in a store: held as
 * objects, the entries of a full cache would be most of what the garbage collector has to go through.
 *
 * Little-endian: number of entries, bytes of the kinds, bytes of the texts, whether the texts are UTF-16 (else
 * Latin-1); lengths by column; the number of each entry's kind; its repeats; the kinds in JSON; the texts, entry by
 * entry.
 */
export class PackedIndex implements EntryList {
  readonly length: number
  readonly bytes: Buffer
  readonly #lengths: Uint32Array
  readonly #kindOf: Uint16Array
  readonly #repeats: Uint8Array
  readonly #kinds: readonly Kind[]
  readonly #texts: Buffer
  readonly #encoding: 'latin1' | 'utf16le'
  /** Of each entry, where its object and its texts begin; at the end, where the next ones would. */
  readonly #objectAt: Uint32Array
  readonly #textAt: Uint32Array

  /** @param bytes as {@link PackedIndex.bytes} gives them. Throws when they are nothing of the kind. */
  constructor(bytes: Buffer) {
    this.bytes = aligned(bytes)
    const [length, kindBytes, textBytes, isWide] = new Uint32Array(
      this.bytes.buffer,
      this.bytes.byteOffset,
      prefixBytes / wordBytes
    )
    this.length = length!
    const textFrom = prefixBytes + this.length * rowBytes + kindBytes!
    if (textFrom + textBytes! !== bytes.length) throw new Error('these are no packed entries')
    let at = this.bytes.byteOffset + prefixBytes
    const { buffer } = this.bytes
    this.#lengths = new Uint32Array(buffer, at, this.length * column.count)
    at += this.#lengths.byteLength
    this.#kindOf = new Uint16Array(buffer, at, this.length)
    at += this.#kindOf.byteLength
    this.#repeats = new Uint8Array(buffer, at, this.length)
    this.#kinds = JSON.parse(this.bytes.toString('utf8', textFrom - kindBytes!, textFrom))
    this.#texts = this.bytes.subarray(textFrom)
    this.#encoding = isWide === 1 ? 'utf16le' : 'latin1'
    this.#objectAt = new Uint32Array(this.length + 1)
    this.#textAt = new Uint32Array(this.length + 1)
    this.#addUp()
    if (this.#textAt[this.length] !== textBytes) throw new Error('these are no packed entries')
  }

  static of(entries: EntryList): PackedIndex {
    return entries instanceof PackedIndex ? entries : new PackedIndex(pack(entries))
  }

  #addUp(): void {
    let [object, text] = [0, 0]
    for (let i = 0; i < this.length; i++) {
      object += this.#lengthOf(column.object, i) + 1
      for (let part = column.id; part < column.count; part++)
        text += sizeOf(this.#lengthOf(part, i))
      this.#objectAt[i + 1] = object
      this.#textAt[i + 1] = text
    }
  }

  #lengthOf(part: number, index: number): number {
    return this.#lengths[part * this.length + index]!
  }

  #text(from: number, length: number): string | undefined {
    return length === none ? undefined : this.#texts.toString(this.#encoding, from, from + length)
  }

  /** @param index from 0 to `length` - 1, as in all that follow. */
  idAt(index: number): string {
    return this.#text(this.#textAt[index]!, this.#lengthOf(column.id, index))!
  }

  timeAt(index: number): string | undefined {
    const from = this.#textAt[index]! + this.#lengthOf(column.id, index)
    return this.#text(from, this.#lengthOf(column.time, index))
  }

  /** Bytes from the beginning of the body. */
  offsetAt(index: number): number {
    return this.#objectAt[index]!
  }

  /** Bytes. */
  lengthAt(index: number): number {
    return this.#lengthOf(column.object, index)
  }

  /** Bytes of the whole body: the objects, and the commas between them. */
  get bodyLength(): number {
    return Math.max(0, this.#objectAt[this.length]! - 1)
  }

  /** 0 = the only one of its id here, bit 1 = a later one follows, bit 2 = an earlier one precedes. */
  repeatsAt(index: number): number {
    return this.#repeats[index]!
  }

  at(index: number): Entry | undefined {
    const i = index < 0 ? index + this.length : index
    if (i < 0 || i >= this.length) return undefined
    const id = this.idAt(i)
    const time = this.timeAt(i)
    const [type, specVersion] = this.#kinds[this.#kindOf[i]!]!
    const modifiedLength = this.#lengthOf(column.modified, i)
    const createdLength = this.#lengthOf(column.created, i)
    const createdAt = this.#textAt[i + 1]! - sizeOf(createdLength)
    const modifiedAt = createdAt - sizeOf(modifiedLength)
    return {
      id,
      type,
      modified: modifiedLength === asTime ? time : this.#text(modifiedAt, modifiedLength),
      created: createdLength === asTime ? time : this.#text(createdAt, createdLength),
      specVersion: specVersion ?? undefined,
      time,
      offset: this.offsetAt(i),
      length: this.lengthAt(i)
    }
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (let i = 0; i < this.length; i++) yield this.at(i)!
  }

  /** The ids of all entries. */
  ids(): string[] {
    return Array.from({ length: this.length }, (_, i) => this.idAt(i))
  }
}

const sizeOf = (length: number): number => (length >= asTime ? 0 : length)

/** Numbers can be read in place only where they are at a multiple of their size. */
const aligned = (bytes: Buffer): Buffer =>
  bytes.byteOffset % wordBytes === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer)

function pack(entries: EntryList): Buffer {
  const count = entries.length
  const lengths = new Uint32Array(count * column.count)
  const kindOf = new Uint16Array(count)
  const kinds = new Kinds()
  const texts: string[] = []
  const add = (text: string | undefined): number => {
    if (text === undefined) return none
    texts.push(text)
    return text.length
  }
  let i = 0
  for (const { id, time, modified, created, length, type, specVersion } of entries) {
    const isSame = (text: string | undefined) => text !== undefined && text === time
    lengths[column.object * count + i] = length
    lengths[column.id * count + i] = add(id)
    lengths[column.time * count + i] = add(time)
    lengths[column.modified * count + i] = isSame(modified) ? asTime : add(modified)
    lengths[column.created * count + i] = isSame(created) ? asTime : add(created)
    kindOf[i++] = kinds.numberOf(type, specVersion ?? null)
  }
  const text = texts.join('')
  const isWide = /[^\0-\xff]/.test(text)
  if (isWide) for (let n = count; n < lengths.length; n++) lengths[n] = twice(lengths[n]!)
  const kindBytes = Buffer.from(JSON.stringify(kinds.list))
  const textBytes = Buffer.from(text, isWide ? 'utf16le' : 'latin1')
  const prefix = Uint32Array.of(count, kindBytes.length, textBytes.length, isWide ? 1 : 0)
  return Buffer.concat([
    ...[prefix, lengths, kindOf].map(words => new Uint8Array(words.buffer)),
    findRepeats(entries),
    kindBytes,
    textBytes
  ])
}

/** Kinds in the order in which they come up. */
class Kinds {
  readonly list: Kind[] = []
  readonly #numbers = new Map<string, Map<string | null, number>>()

  numberOf(...kind: Kind): number {
    const [type, specVersion] = kind
    const ofType = this.#numbers.get(type) ?? new Map<string | null, number>()
    const known = ofType.get(specVersion)
    if (known !== undefined) return known
    this.#numbers.set(type, ofType.set(specVersion, this.list.length))
    return this.list.push(kind) - 1
  }
}

const twice = (length: number): number => (length >= asTime ? length : length * 2)

/** Marks entries whose id occurs more than once. */
function findRepeats(entries: EntryList): Uint8Array {
  const repeats = new Uint8Array(entries.length)
  const latest = new Map<string, number>()
  let i = 0
  for (const { id } of entries) {
    const before = latest.get(id)
    if (before !== undefined) {
      repeats[before]! |= hasLater
      repeats[i]! |= hasEarlier
    }
    latest.set(id, i++)
  }
  return repeats
}
