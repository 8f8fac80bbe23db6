/** x^32 without its highest term, bits reversed, as gzip has it (RFC 1952 §8). */
const polynomial = 0xedb8_8320

const highest = 0x8000_0000

/** The product of two polynomials modulo the one of CRC-32; x^0 is the highest bit. */
function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = highest, power = b; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= power
    power = power & 1 ? (power >>> 1) ^ polynomial : power >>> 1
  }
  return product >>> 0
}

/** x^(8 · 2^n) for n from 0. */
const powers = [0x0080_0000]
while (powers.length < 53) powers.push(multiply(powers.at(-1)!, powers.at(-1)!))

/** x^(8 · bytes). */
function shiftBy(bytes: number): number {
  let shift = highest
  for (let n = 0, left = bytes; left > 0; n++, left = Math.floor(left / 2))
    if (left % 2 === 1) shift = multiply(powers[n]!, shift)
  return shift
}

/**
 * The CRC-32 of two contents one after the other.
 *
 * @param first CRC-32 of the first
 * @param second CRC-32 of the second
 * @param length of the second, in bytes
 */
export const combineCrc32 = (first: number, second: number, length: number): number =>
  (multiply(shiftBy(length), first) ^ second) >>> 0
