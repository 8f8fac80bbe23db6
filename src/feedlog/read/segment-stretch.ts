import { hash } from 'node:crypto'
import type { Stretch } from '../../kernel/chunk.ts'
import type { DeflatedPart } from '../../kernel/deflated-part.ts'
import { partCount, partObjects, placeOfPart } from '../journal/body-content.ts'
import type { Segment } from '../journal/segment.ts'

/** A stretch that is a smaller part of its body is compressed alone, as long as nothing of that is held deflated. */
const minPart = 1 / 4

/** Bodies smaller than this are compressed with the pages that they are on. */
const minBody = 256 * 1024

const comma = Buffer.from(',')

/** A run of objects of a segment. `first` and `last` are places in its index, `last` exclusive. */
export class SegmentStretch implements Stretch {
  readonly #segment: Segment
  readonly #first: number
  readonly #last: number

  constructor(segment: Segment, first: number, last: number) {
    this.#segment = segment
    this.#first = first
    this.#last = last
  }

  get length(): number {
    return this.#endAt(this.#last) - this.#segment.entries.offsetAt(this.#first)
  }

  bytes(): Buffer {
    return this.#between(this.#first, this.#last)
  }

  /** Whole parts count with their own digests, so that it is the same however the bytes are held. */
  digest(): string {
    const { content, entries } = this.#segment
    const digests = this.#pieces().map(([part, first, last]) =>
      part === undefined
        ? hash('sha256', this.#between(first, last))
        : content!.digestOf(entries, part)
    )
    return hash('sha256', JSON.stringify([this.length, digests]))
  }

  async parts(): Promise<readonly (Buffer | DeflatedPart)[]> {
    const { content, entries } = this.#segment
    const held =
      content?.parts ?? (this.#isWorthDeflating ? await content!.deflate(entries) : undefined)
    if (!held) return [this.bytes()]
    return this.#pieces().flatMap(([part, first, last], i) => {
      const bytes = part === undefined ? this.#between(first, last) : held[part]!
      return i === 0 ? [bytes] : [comma, bytes]
    })
  }

  weakly(): () => SegmentStretch | undefined {
    const segment = new WeakRef(this.#segment)
    const [first, last] = [this.#first, this.#last]
    return () => {
      const held = segment.deref()
      return held && new SegmentStretch(held, first, last)
    }
  }

  get #isWorthDeflating(): boolean {
    const { content, entries } = this.#segment
    const all = entries.bodyLength
    return content?.keep !== undefined && all >= minBody && this.length >= all * minPart
  }

  #endAt(last: number): number {
    const { entries } = this.#segment
    return entries.offsetAt(last - 1) + entries.lengthAt(last - 1)
  }

  #between(first: number, last: number): Buffer {
    const { content, entries } = this.#segment
    return content
      ? content.slice(entries, first, last)
      : this.#segment.bytes.subarray(entries.offsetAt(first), this.#endAt(last))
  }

  /** Whole parts of the body, and what is left before and behind them, in order. */
  #pieces(): (readonly [part: number | undefined, first: number, last: number])[] {
    const { content, entries } = this.#segment
    const [first, last] = [this.#first, this.#last]
    const from = Math.ceil(first / partObjects)
    const to = last === entries.length ? partCount(last) : Math.floor(last / partObjects)
    if (!content || from >= to) return [[undefined, first, last]]
    const whole = Array.from({ length: to - from }, (_, i) => {
      const place = placeOfPart(entries, from + i)
      return [from + i, place.first, place.last] as const
    })
    const [begin, end] = [from * partObjects, whole.at(-1)![2]]
    return [
      ...(first < begin ? [[undefined, first, begin] as const] : []),
      ...whole,
      ...(end < last ? [[undefined, end, last] as const] : [])
    ]
  }
}
