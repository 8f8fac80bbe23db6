import { hash } from 'node:crypto'
import { type DeflatedPart, deflatePart, inflatePart } from '../../kernel/deflated-part.ts'
import type { PackedIndex } from './packed-index.ts'

/**
 * Objects in one part: pages of 100, 1,000 or 2,000 objects of a full segment are whole parts. A part of Sekoia's objects
 * is some 100 kB, so that what a flush costs does not count.
 */
export const partObjects = 100

/** What a gzip answer and its tag need of a part. */
export interface HeldPart extends DeflatedPart {
  /** SHA-256 of the content, 64 hex digits. */
  readonly digest: string
}

/** Where a part lies in its body: objects, and bytes without the comma behind it; each `end` is exclusive. */
export interface PartPlace {
  readonly first: number
  readonly last: number
  readonly start: number
  readonly end: number
}

/** Number of parts that so many objects have. */
export const partCount = (objects: number): number => Math.ceil(objects / partObjects)

export function placeOfPart(entries: PackedIndex, no: number): PartPlace {
  const first = no * partObjects
  const last = Math.min(first + partObjects, entries.length)
  const end = entries.offsetAt(last - 1) + entries.lengthAt(last - 1)
  return { first, last, start: entries.offsetAt(first), end }
}

/** So many parts are inflated before a body is unpacked as a whole, which costs as much as three to five of them. */
const maxInflated = 4

const comma = Buffer.from(',')

/** What comes out of a store: bytes that are not unpacked before somebody asks, or that are there. */
export interface ContentSource {
  readonly bytes: Buffer | (() => Buffer)
  /** Each part of the body in turn. */
  readonly parts?: readonly HeldPart[] | undefined
  /** Bytes of memory that `parts` and what is not unpacked take. */
  readonly packedBytes?: number
}

/** The bytes of a body, and the same deflated in parts once a gzip answer has asked for them. They never change. */
export class BodyContent {
  #bytes: Buffer | (() => Buffer)
  #parts: readonly HeldPart[] | undefined
  #packedBytes: number
  readonly #digests: string[] = []
  /** Content by the number of its part: the next page begins where one ends. */
  readonly #inflated = new Map<number, Buffer>()
  #making: Promise<readonly HeldPart[]> | undefined
  /** Called once, when the parts were made. Undefined: nobody would keep them, and they are not made. */
  keep: ((parts: readonly HeldPart[]) => void) | undefined

  /** CRC-32 of the body as it was written to the store, or came out of it, last. */
  storedCrc: number | undefined

  constructor({ bytes, parts, packedBytes = 0 }: ContentSource) {
    this.#bytes = bytes
    this.#parts = parts
    this.#packedBytes = packedBytes
  }

  get bytes(): Buffer {
    if (typeof this.#bytes === 'function') this.#bytes = this.#bytes()
    this.#inflated.clear()
    return this.#bytes
  }

  /** Objects and the commas between them; `last` exclusive. A few are inflated rather than all unpacked. */
  slice(entries: PackedIndex, first: number, last: number): Buffer {
    const [from, to] = [Math.floor(first / partObjects), Math.floor((last - 1) / partObjects)]
    const start = entries.offsetAt(first)
    const end = entries.offsetAt(last - 1) + entries.lengthAt(last - 1)
    if (!this.#isLeftPacked(from, to)) return this.bytes.subarray(start, end)
    const pieces = Array.from({ length: to - from + 1 }, (_, i) => {
      const place = placeOfPart(entries, from + i)
      const bytes = this.#inflate(from + i)
      return bytes.subarray(Math.max(0, start - place.start), end - place.start)
    })
    return pieces.length === 1
      ? pieces[0]!
      : Buffer.concat(pieces.flatMap((piece, i) => (i === 0 ? [piece] : [comma, piece])))
  }

  #isLeftPacked(from: number, to: number): boolean {
    if (typeof this.#bytes !== 'function' || !this.#parts) return false
    let inflations = this.#inflated.size
    for (let no = from; no <= to && inflations <= maxInflated; no++)
      if (!this.#inflated.has(no)) inflations++
    return inflations <= maxInflated
  }

  #inflate(no: number): Buffer {
    const bytes = this.#inflated.get(no) ?? inflatePart(this.#parts![no]!)
    this.#inflated.set(no, bytes)
    return bytes
  }

  get parts(): readonly HeldPart[] | undefined {
    return this.#parts
  }

  /** Bytes of memory beside those of {@link bytes}. */
  get packedBytes(): number {
    return this.#packedBytes
  }

  /** SHA-256 of a part, 64 hex digits. */
  digestOf(entries: PackedIndex, no: number): string {
    const known = this.#parts?.[no]?.digest ?? this.#digests[no]
    if (known !== undefined) return known
    const { start, end } = placeOfPart(entries, no)
    const digest = hash('sha256', this.bytes.subarray(start, end))
    this.#digests[no] = digest
    return digest
  }

  /** The parts, made off the main thread where there are none yet: callers share the making. */
  deflate(entries: PackedIndex): Promise<readonly HeldPart[]> {
    if (this.#parts) return Promise.resolve(this.#parts)
    this.#making ??= this.#make(entries).finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #make(entries: PackedIndex): Promise<readonly HeldPart[]> {
    const { bytes } = this
    const made: HeldPart[] = []
    // One after the other: each takes a quarter of a megabyte, and other work wants its turn.
    for (let no = 0; no < partCount(entries.length); no++) {
      const { start, end } = placeOfPart(entries, no)
      const part = await deflatePart(bytes.subarray(start, end))
      made.push({ ...part, digest: this.digestOf(entries, no) })
    }
    const parts = inOnePiece(made)
    this.#parts = parts
    this.#packedBytes += parts.reduce((sum, { deflated }) => sum + deflated.length, 0)
    this.keep?.(parts)
    return parts
  }
}

/** zlib leaves room behind each piece that would stay in memory with it. */
function inOnePiece(parts: readonly HeldPart[]): HeldPart[] {
  const whole = Buffer.concat(parts.map(({ deflated }) => deflated))
  let end = 0
  return parts.map(part => {
    const start = end
    end += part.deflated.length
    return { ...part, deflated: whole.subarray(start, end) }
  })
}
