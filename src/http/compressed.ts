import { LRUCache } from 'lru-cache'
import { bytesOf, type Chunk } from '../kernel/chunk.ts'
import { giveWayIfDue } from '../kernel/give-way.ts'
import { SingleFlight } from '../kernel/single-flight.ts'
import { compress, type Encoding } from './encodings.ts'
import { toGzipMember } from './gzip-member.ts'

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
  make(tag: string, encoding: Encoding, body: readonly Chunk[]): Promise<Buffer> {
    const name = `${tag} ${encoding}`
    return this.#running.run(name, async () => {
      await giveWayIfDue()
      const compressed = await (encoding === 'gzip' ? gzipOf(body) : wholly(encoding, body))
      this.#held.set(name, compressed)
      return compressed
    })
  }
}

const wholly = (encoding: Encoding, body: readonly Chunk[]): Promise<Buffer> =>
  compress(encoding, Buffer.concat(body.map(bytesOf)))

/** Where less than this much of an answer is held deflated, it is smaller when it is compressed as a whole. */
const minDeflated = 1 / 2

/** Out of what is held deflated, where that is enough. */
async function gzipOf(body: readonly Chunk[]): Promise<Buffer> {
  if (body.every(chunk => Buffer.isBuffer(chunk))) return wholly('gzip', body)
  const parts = (
    await Promise.all(body.map(chunk => (Buffer.isBuffer(chunk) ? [chunk] : chunk.parts())))
  ).flat()
  const [all, held] = [parts, parts.filter(part => !Buffer.isBuffer(part))].map(some =>
    some.reduce((sum, { length }) => sum + length, 0)
  )
  return held! < all! * minDeflated ? wholly('gzip', body) : toGzipMember(parts)
}
