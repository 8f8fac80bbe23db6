import { createHash, hash } from 'node:crypto'
import { giveWayIfDue, inPieces, type Work } from '../../kernel/give-way.ts'
import { hashedParts } from './md5s.ts'
import type { EventBody } from './wire.ts'

/** `hashes.csv`, MISP's quick cache: the md5 of every live value with its event (MISP-1.3). */

const md5Bytes = 16

/** The md5s of an event's live attributes, 16 bytes each, ascending, without repeats. Yields between attributes. */
export function* hashesOf(event: EventBody, live: ReadonlySet<string>): Work<Buffer> {
  const found = new Set<string>()
  for (const attribute of [...event.Attribute, ...event.Object.flatMap(o => o.Attribute)]) {
    yield
    if (!live.has(attribute.uuid)) continue
    for (const part of hashedParts(attribute.type, attribute.value))
      found.add(hash('md5', part, 'hex'))
  }
  return Buffer.from([...found].sort().join(''), 'hex')
}

/** Lines of these md5s. */
export const linesOf = (md5s: Buffer): number => md5s.length / md5Bytes

/** The md5s of one event. */
export interface EventHashes {
  readonly uuid: string
  readonly md5s: Buffer
}

/** Bytes of a line: the md5 in hex, a comma, the uuid, a newline. */
const lineBytes = 2 * md5Bytes + 1 + 36 + 1

/** Lines written out at a time. */
const lines = 4096

/** Of the 65,536 values of the first two bytes, and bytes, between two places where the work may be interrupted. */
const keysAtOnce = 64
const digestedAtOnce = 256 * 1024

/**
 * The whole file, sorted, in memory with 20 bytes per line. The md5s of many events are sorted by counting their
 * first two bytes, and written piece by piece.
 */
export class HashesFile {
  readonly #uuids: readonly string[]
  /** Numbers of lines by rank: which event, and which of its md5s. */
  readonly #event: Uint32Array
  readonly #md5s: Buffer
  /** Of the content. */
  digest = ''

  private constructor(uuids: readonly string[], total: number) {
    this.#uuids = uuids
    this.#event = new Uint32Array(total)
    this.#md5s = Buffer.alloc(total * md5Bytes)
  }

  /** Gives way, so that requests are answered meanwhile. */
  static async of(events: readonly EventHashes[]): Promise<HashesFile> {
    const sorted = events.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1))
    const uuids = sorted.map(({ uuid }) => uuid)
    const total = sorted.reduce((sum, { md5s }) => sum + linesOf(md5s), 0)
    const file = new HashesFile(uuids, total)
    const starts = await inPieces(countStarts(sorted))
    const next = starts.slice()
    for (const [event, { md5s }] of sorted.entries()) {
      file.#place(event, md5s, next)
      await giveWayIfDue()
    }
    for (let key = 0; key < 65_536; key++) {
      file.#sortRun(starts[key]!, next[key]!)
      if (key % keysAtOnce === 0) await giveWayIfDue()
    }
    file.digest = await inPieces(file.#digest())
    return file
  }

  /** Bytes of the file; 0 when there is no live value. */
  get length(): number {
    return Math.max(0, this.#event.length * lineBytes - 1)
  }

  *#digest(): Work<string> {
    const digest = createHash('sha256').update(this.#uuids.join())
    for (const bytes of [Buffer.from(this.#event.buffer), this.#md5s])
      for (let at = 0; at < bytes.length; at += digestedAtOnce) {
        digest.update(bytes.subarray(at, at + digestedAtOnce))
        yield
      }
    return digest.digest('hex')
  }

  #place(event: number, md5s: Buffer, next: Uint32Array): void {
    for (let at = 0; at < md5s.length; at += md5Bytes) {
      const place = next[md5s.readUInt16BE(at)]!++
      this.#event[place] = event
      md5s.copy(this.#md5s, place * md5Bytes, at, at + md5Bytes)
    }
  }

  /** The file in pieces; no newline at its end. */
  *pieces(): Generator<Buffer> {
    for (let from = 0; from < this.#event.length; from += lines) {
      const to = Math.min(from + lines, this.#event.length)
      const piece = Buffer.alloc((to - from) * lineBytes, '\n')
      for (let line = from; line < to; line++) {
        const at = (line - from) * lineBytes
        piece.write(this.#hex(line), at, 'latin1')
        piece.write(`,${this.#uuids[this.#event[line]!]}`, at + 2 * md5Bytes, 'latin1')
      }
      yield to === this.#event.length ? piece.subarray(0, -1) : piece
    }
  }

  #hex(line: number): string {
    return this.#md5s.toString('hex', line * md5Bytes, (line + 1) * md5Bytes)
  }

  /** Insertion sort of a few neighbours; equal md5s stay in the order of their events' uuids. */
  #sortRun(start: number, end: number): void {
    for (let i = start + 1; i < end; i++) {
      for (let j = i; j > start && this.#isAfter(j - 1, j); j--) this.#swap(j - 1, j)
    }
  }

  #isAfter(a: number, b: number): boolean {
    const [x, y] = [a * md5Bytes, b * md5Bytes]
    return this.#md5s.compare(this.#md5s, y, y + md5Bytes, x, x + md5Bytes) > 0
  }

  #swap(a: number, b: number): void {
    const [x, y] = [a * md5Bytes, b * md5Bytes]
    const kept = Buffer.from(this.#md5s.subarray(x, x + md5Bytes))
    this.#md5s.copyWithin(x, y, y + md5Bytes)
    kept.copy(this.#md5s, y)
    const event = this.#event[a]!
    this.#event[a] = this.#event[b]!
    this.#event[b] = event
  }
}

/** For each value of the first two bytes, how many md5s come before. */
function* countStarts(events: readonly EventHashes[]): Work<Uint32Array> {
  const starts = new Uint32Array(65_537)
  for (const { md5s } of events) {
    for (let at = 0; at < md5s.length; at += md5Bytes) starts[md5s.readUInt16BE(at) + 1]!++
    yield
  }
  for (let key = 1; key < starts.length; key++) starts[key]! += starts[key - 1]!
  return starts
}
