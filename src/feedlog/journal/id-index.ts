import { createHash } from 'node:crypto'

/**
 * Which segment holds the newest version of an object: an open-addressing table from a 64-bit fingerprint of
 * the STIX id to a segment number. 12 bytes a slot, at most 60 % full.
 */
export class IdIndex {
  #high: Uint32Array
  #low: Uint32Array
  #no: Uint32Array
  #mask: number
  #size = 0

  constructor(slots = 1024) {
    this.#mask = slots - 1
    this.#high = new Uint32Array(slots)
    this.#low = new Uint32Array(slots)
    this.#no = new Uint32Array(slots)
  }

  get size(): number {
    return this.#size
  }

  get(print: Fingerprint): number | undefined {
    const no = this.#no[this.#slot(print)]!
    return no === 0 ? undefined : no
  }

  /** `no` is a segment number, at least 1. */
  set(print: Fingerprint, no: number): void {
    if (this.#size * 5 >= this.#mask * 3) this.#grow()
    const slot = this.#slot(print)
    if (this.#no[slot] === 0) this.#size++
    this.#high[slot] = print.high
    this.#low[slot] = print.low
    this.#no[slot] = no
  }

  #slot(print: Fingerprint): number {
    let slot = (print.high ^ print.low) & this.#mask
    while (this.#no[slot] !== 0) {
      if (this.#high[slot] === print.high && this.#low[slot] === print.low) return slot
      slot = (slot + 1) & this.#mask
    }
    return slot
  }

  #grow(): void {
    const [high, low, no] = [this.#high, this.#low, this.#no]
    const slots = (this.#mask + 1) * 2
    this.#mask = slots - 1
    this.#high = new Uint32Array(slots)
    this.#low = new Uint32Array(slots)
    this.#no = new Uint32Array(slots)
    for (let i = 0; i < no.length; i++) {
      if (no[i] === 0) continue
      const slot = this.#slot({ high: high[i]!, low: low[i]! })
      this.#high[slot] = high[i]!
      this.#low[slot] = low[i]!
      this.#no[slot] = no[i]!
    }
  }
}

export interface Fingerprint {
  readonly high: number
  readonly low: number
}

/** 64 bits of the UUID in a STIX id, mixed with its type; of a SHA-256 when the id has no UUID. */
export function fingerprint(id: string): Fingerprint {
  const uuid = id.length > 36 ? id.length - 36 : -1
  const high = uuid < 0 ? Number.NaN : Number.parseInt(id.slice(uuid, uuid + 8), 16)
  const low = uuid < 0 ? Number.NaN : Number.parseInt(id.slice(-8), 16)
  if (Number.isNaN(high) || Number.isNaN(low)) {
    const digest = createHash('sha256').update(id).digest()
    return { high: digest.readUInt32LE(0), low: digest.readUInt32LE(4) }
  }
  return { high: (high ^ (id.charCodeAt(0) << 8) ^ uuid) >>> 0, low: low >>> 0 }
}
