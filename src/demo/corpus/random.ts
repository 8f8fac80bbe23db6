/**
 * Seeded numbers without state: every property of an object is a hash of (seed, index, salt), so that any
 * object of a million can be made again on demand and nothing of it has to be kept.
 */

/** A bijection on 32 bits (the finalizer of MurmurHash3). */
export function mix(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** The inverse of {@link mix}. */
function unmix(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x7ed1b41d)
  x = Math.imul(x ^ (x >>> 13) ^ (x >>> 26), 0xa5cb9243)
  return (x ^ (x >>> 16)) >>> 0
}

/** 32 bits that depend on all three numbers. */
export const hash = (seed: number, index: number, salt: number): number =>
  mix(mix(index ^ seed) ^ Math.imul(salt, 0x9e3779b1))

/** A stateful source of numbers in [0, 1), for what is drawn once and in order. */
export function sequence(seed: number): () => number {
  let state = mix(seed ^ 0x5bd1e995)
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    return mix(state) / 2 ** 32
  }
}

const hex16 = Array.from({ length: 65536 }, (_, value) => value.toString(16).padStart(4, '0'))
const hex32 = (value: number): string => hex16[value >>> 16]! + hex16[value & 0xffff]!

/** Hex digits, eight for each salt. */
export const hexDigits = (seed: number, index: number, salts: readonly number[]): string =>
  salts.map(salt => hex32(hash(seed, index, salt))).join('')

/** A UUIDv4-shaped name for an index; its first 32 bits give the index back. */
export function uuidOf(seed: number, index: number): string {
  const second = hash(seed, index, 1)
  const third = hash(seed, index, 2)
  const versioned = hex16[(second & 0x0fff) | 0x4000]!
  const variant = hex16[((third >>> 16) & 0x3fff) | 0x8000]!
  const head = `${hex32(mix(index ^ seed))}-${hex16[second >>> 16]!}-${versioned}-${variant}`
  return `${head}-${hex16[third & 0xffff]!}${hex32(hash(seed, index, 3))}`
}

/** The index whose {@link uuidOf} this is; undefined when it is no uuid of this seed. */
export function indexOfUuid(seed: number, uuid: string): number | undefined {
  const index = (unmix(Number.parseInt(uuid.slice(0, 8), 16)) ^ seed) >>> 0
  return uuidOf(seed, index) === uuid ? index : undefined
}
