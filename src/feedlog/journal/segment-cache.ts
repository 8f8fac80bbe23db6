import { LRUCache } from 'lru-cache'
import { type Segment, segmentCost } from './segment.ts'
import type { SegmentHead } from './segment-head.ts'

/** Segments of one epoch of a log: another epoch may have other dates. */
export const cacheName = (
  { name }: { readonly name: string },
  { epoch }: { readonly epoch: string }
): string => `${name}#${epoch}`

/** Decoded segments of all logs in memory, bounded by bytes, least recently used first out (G9). */
export class SegmentCache {
  readonly #segments: LRUCache<string, Segment>

  /** @param maxBytes what the objects and their indexes may cost together. */
  constructor(maxBytes: number) {
    this.#segments = new LRUCache({ maxSize: maxBytes, sizeCalculation: segmentCost })
  }

  /** The segment as the head tells of it, no shorter and no longer. */
  get(log: string, head: SegmentHead): Segment | undefined {
    const segment = this.#segments.get(`${log}#${head.no}`)
    const isIt = segment?.stamp === head.stamp && segment.of === head.count
    return isIt ? segment : undefined
  }

  set(log: string, segment: Segment): void {
    this.#segments.set(`${log}#${segment.no}`, segment)
  }

  /** Counts a segment anew that has grown in memory, if it is still held. */
  recount(log: string, segment: Segment): void {
    const name = `${log}#${segment.no}`
    if (this.#segments.peek(name) !== segment) return
    // The size of what is set again as it was would stay.
    this.#segments.delete(name)
    this.#segments.set(name, segment)
  }

  get bytes(): number {
    return this.#segments.calculatedSize
  }
}
