/**
 * Keys of documents as bytes. A key is any JavaScript string. One with half a surrogate pair has no UTF-8 form, and
 * two such keys would become equal: they are kept as UTF-16 after a byte that UTF-8 never has.
 */

const utf16 = 0xff

export const encodeKey = (key: string): Buffer =>
  key.isWellFormed()
    ? Buffer.from(key)
    : Buffer.concat([Buffer.of(utf16), Buffer.from(key, 'utf16le')])

export const decodeKey = (bytes: Buffer): string =>
  bytes[0] === utf16 ? bytes.toString('utf16le', 1) : bytes.toString()
