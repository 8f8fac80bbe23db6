import { LRUCache } from 'lru-cache'
import { giveWayIfDue } from '../kernel/give-way.ts'
import { SingleFlight } from '../kernel/single-flight.ts'
import { compress, type Encoding } from './encodings.ts'

/**
 * Compressed answers by tag and coding. An answer is compressed once, however many clients ask at the same time.
 * Bounded by bytes; the least recently used goes first (G9).
 */
export class CompressedAnswers {
  readonly #held: LRUCache<string, Buffer>
  readonly #running = new SingleFlight<string, Buffer>()

  /** @param maxBytes of compressed bodies held; 0 holds none. */
  constructor(maxBytes: number) {
    this.#held = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ length }) => length
    })
  }

  get(tag: string, encoding: Encoding): Buffer | undefined {
    return this.#held.get(`${tag} ${encoding}`)
  }

  /** Compresses the body of this tag, or waits for the call that is doing so. */
  make(tag: string, encoding: Encoding, body: readonly Buffer[]): Promise<Buffer> {
    const name = `${tag} ${encoding}`
    return this.#running.run(name, async () => {
      await giveWayIfDue()
      const compressed = await compress(encoding, Buffer.concat(body))
      this.#held.set(name, compressed)
      return compressed
    })
  }
}
