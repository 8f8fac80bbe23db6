import { LRUCache } from 'lru-cache'
import type { Chunk, Stretch } from '../kernel/chunk.ts'
import type { Clock } from '../kernel/ports.ts'
import type { Validity } from '../kernel/validity.ts'

/** Most bytes of small pieces of one response; they are copied. */
const maxCopied = 32 * 1024
/** Larger pieces are not copied but referred to. */
const minReferred = 4096
/** Most bytes of all entries: the copies, and a kilobyte each for the rest. */
const maxBytes = 8 * 1024 * 1024

interface CacheEntry<T> {
  readonly response: T
  readonly pieces: readonly Piece[]
  readonly validity: Validity
  readonly madeAt: number
  readonly size: number
}

/** A copy, or a reference to memory that its owner may release at any time, so that bytes are counted once (G9). */
type Piece =
  | Buffer
  | (() => Stretch | undefined)
  | { readonly memory: WeakRef<ArrayBufferLike>; readonly offset: number; readonly length: number }

export interface Cached<T> {
  readonly response: T
  readonly pieces: readonly Chunk[]
}

/**
 * Responses of all dialects, by caller and URL (G5). A response is sent again while its validity is true and its
 * bytes are still in memory.
 */
export class ResponseCache<T> {
  readonly #clock: Pick<Clock, 'now'>
  readonly #entries = new LRUCache<string, CacheEntry<T>>({
    maxSize: maxBytes,
    sizeCalculation: ({ size }) => size
  })

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** @param key holds the scope of the caller and the URL. */
  get(key: string): Cached<T> | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    const now = this.#clock.now()
    const pieces = now < entry.madeAt ? undefined : recall(entry.pieces)
    if (pieces && entry.validity(now)) return { response: entry.response, pieces }
    this.#entries.delete(key)
    return undefined
  }

  /** Keeps a response unless it lies in too many small pieces. @param pieces bytes that never change. */
  set(key: string, response: T, pieces: readonly Chunk[], validity: Validity): void {
    const copied = pieces.filter(isCopied).reduce((sum, { length }) => sum + length, 0)
    if (copied > maxCopied) return
    this.#entries.set(key, {
      response,
      pieces: pieces.map(keep),
      validity,
      madeAt: this.#clock.now(),
      size: 1024 + copied
    })
  }
}

const isCopied = (chunk: Chunk): boolean => Buffer.isBuffer(chunk) && chunk.length < minReferred

function keep(chunk: Chunk): Piece {
  if (!Buffer.isBuffer(chunk)) return chunk.weakly()
  return isCopied(chunk)
    ? Buffer.from(new Uint8Array(chunk).buffer)
    : { memory: new WeakRef(chunk.buffer), offset: chunk.byteOffset, length: chunk.length }
}

/** Undefined if some of the memory was released. */
function recall(pieces: readonly Piece[]): Chunk[] | undefined {
  const found: Chunk[] = []
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) found.push(piece)
    else if (typeof piece === 'function') {
      const stretch = piece()
      if (!stretch) return undefined
      found.push(stretch)
    } else {
      const memory = piece.memory.deref()
      if (!memory) return undefined
      found.push(Buffer.from(memory, piece.offset, piece.length))
    }
  }
  return found
}
