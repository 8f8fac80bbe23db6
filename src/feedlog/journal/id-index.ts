import { createHash } from 'node:crypto'

/**
 * Which segment holds the newest version of an object, and which version that is: an open-addressing table from a
 * 64-bit fingerprint of the STIX id to a segment number and a digest of the version's time. 16 bytes a slot, at most
 * 60 % full.
 */
export class IdIndex {
  #high: Uint32Array
  #low: Uint32Array
  #no: Uint32Array
  #time: Uint32Array
  #mask: number
  #size = 0

  constructor(slots = 1024) {
    this.#mask = slots - 1
    this.#high = new Uint32Array(slots)
    this.#low = new Uint32Array(slots)
    this.#no = new Uint32Array(slots)
    this.#time = new Uint32Array(slots)
  }

  get size(): number {
    return this.#size
  }

  get(print: Fingerprint): number | undefined {
    return this.find(print)?.no
  }

  /** The digest of its time beside the segment's number. */
  find(print: Fingerprint): IndexedVersion | undefined {
    const slot = this.#slot(print)
    const no = this.#no[slot]!
    return no === 0 ? undefined : { no, time: this.#time[slot]! }
  }

  /** `no` is a segment number, at least 1; `time` what {@link timeDigest} gives. */
  set(print: Fingerprint, no: number, time = unknownTime): void {
    if (this.#size * 5 >= this.#mask * 3) this.#grow()
    const slot = this.#slot(print)
    if (this.#no[slot] === 0) this.#size++
    this.#high[slot] = print.high
    this.#low[slot] = print.low
    this.#no[slot] = no
    this.#time[slot] = time
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
    const [high, low, no, time] = [this.#high, this.#low, this.#no, this.#time]
    const slots = (this.#mask + 1) * 2
    this.#mask = slots - 1
    this.#high = new Uint32Array(slots)
    this.#low = new Uint32Array(slots)
    this.#no = new Uint32Array(slots)
    this.#time = new Uint32Array(slots)
    for (let i = 0; i < no.length; i++) {
      if (no[i] === 0) continue
      const slot = this.#slot({ high: high[i]!, low: low[i]! })
      this.#high[slot] = high[i]!
      this.#low[slot] = low[i]!
      this.#no[slot] = no[i]!
      this.#time[slot] = time[i]!
    }
  }
}

/** Where the newest version of an object lies, and the {@link timeDigest} of its time. */
export interface IndexedVersion {
  readonly no: number
  readonly time: number
}

/** In the place of a digest: an earlier version of the gateway kept none. */
export const unknownTime = 0

/** 32 bits of a version's time as Sekoia wrote it (FNV-1a), never {@link unknownTime}. */
export function timeDigest(time: string | undefined): number {
  if (time === undefined) return 1
  let digest = 0x811c_9dc5
  for (let i = 0; i < time.length; i++) digest = Math.imul(digest ^ time.charCodeAt(i), 0x0100_0193)
  return digest >>> 0 || 1
}

export interface Fingerprint {
  readonly high: number
  readonly low: number
}

/** 64 bits of the UUID in a STIX id, mixed with its type; of a SHA-256 when the id has no UUID. */
export function fingerprint(id: string): Fingerprint {
  const uuid = id.length > 36 ? id.length - 36 : -1
  const high = uuid < 0 ? Number.NaN : hexAt(id, uuid)
  const low = uuid < 0 ? Number.NaN : hexAt(id, id.length - 8)
  if (Number.isNaN(high) || Number.isNaN(low)) {
    const digest = createHash('sha256').update(id).digest()
    return { high: digest.readUInt32LE(0), low: digest.readUInt32LE(4) }
  }
  return { high: (high ^ (id.charCodeAt(0) << 8) ^ uuid) >>> 0, low: low >>> 0 }
}

/** What `parseInt` makes of eight characters; digits of both cases are read without a string of their own. */
function hexAt(text: string, start: number): number {
  let number = 0
  for (let at = start; at < start + 8; at++) {
    const code = text.charCodeAt(at)
    const digit = code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57
    if (digit < 0 || digit > 15 || (code > 0x39 && digit < 10))
      return Number.parseInt(text.slice(start, start + 8), 16)
    number = number * 16 + digit
  }
  return number
}
