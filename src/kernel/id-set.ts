import type { Page } from './ports.ts'

/** A set of ids by 52 random bits of their uuids: 8 bytes each, so that a million fit in memory. */
export class IdSet {
  /** How many objects were there whose ids could not be made out: each may be any that is missing. */
  unnamed = 0
  #ids = new Float64Array(1024)
  #size = 0
  #isSorted = true

  add(id: string): void {
    if (this.#size === this.#ids.length) {
      const larger = new Float64Array(this.#ids.length * 2)
      larger.set(this.#ids)
      this.#ids = larger
    }
    this.#ids[this.#size++] = bitsOf(id)
    this.#isSorted = false
  }

  /**
   * True if the id was added. With a million ids in the set, one in a few thousand million others is taken for one of
   * them.
   */
  has(id: string): boolean {
    if (!this.#isSorted) this.#ids.subarray(0, this.#size).sort()
    this.#isSorted = true
    const bits = bitsOf(id)
    let [low, high] = [0, this.#size]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ids[middle]! < bits) low = middle + 1
      else high = middle
    }
    return this.#ids[low] === bits && low < this.#size
  }
}

/** The uuid's first 12 hex digits and its last one; the 13th is its version. */
function bitsOf(id: string): number {
  const uuid = id.slice(id.indexOf('--') + 2)
  const hex = uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(-1)
  return Number.parseInt(hex, 16)
}

const stixId = /[a-z0-9-]+--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi

/** Adds the ids of a page; of what cannot be read, every id in it: damage may have joined objects. */
export function takeIds({ entries, unreadable = [], skipped = 0 }: Page, ids: IdSet): void {
  for (const { id } of entries) ids.add(id)
  for (const { id, bytes } of unreadable) {
    if (id === undefined) ids.unnamed++
    for (const named of bytes.toString('latin1').match(stixId) ?? []) ids.add(named)
  }
  ids.unnamed += skipped
}
