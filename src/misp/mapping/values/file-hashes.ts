import type { ValueTypeName } from './attribute-types.ts'

/** Hashes of files and certificates by the names that STIX and tools of the field have for their algorithms. */

/** The types of MISP for hashes of files, by {@link algorithmOf}. */
export const fileHashes: ReadonlyMap<string, ValueTypeName> = new Map([
  ['md5', 'md5'],
  ['sha1', 'sha1'],
  ['sha224', 'sha224'],
  ['sha256', 'sha256'],
  ['sha384', 'sha384'],
  ['sha512', 'sha512'],
  ['sha512/224', 'sha512/224'],
  ['sha512/256', 'sha512/256'],
  ['sha512224', 'sha512/224'],
  ['sha512256', 'sha512/256'],
  ['sha3224', 'sha3-224'],
  ['sha3256', 'sha3-256'],
  ['sha3384', 'sha3-384'],
  ['sha3512', 'sha3-512'],
  ['authentihash', 'authentihash'],
  ['imphash', 'imphash'],
  ['pehash', 'pehash'],
  ['cdhash', 'cdhash'],
  ['telfhash', 'telfhash'],
  ['impfuzzy', 'impfuzzy'],
  ['vhash', 'vhash'],
  ['ssdeep', 'ssdeep'],
  ['tlsh', 'tlsh']
])

/** The types of MISP for hashes of certificates. */
export const certificateHashes: ReadonlyMap<string, ValueTypeName> = new Map([
  ['md5', 'x509-fingerprint-md5'],
  ['sha1', 'x509-fingerprint-sha1'],
  ['sha256', 'x509-fingerprint-sha256']
])

/** Hashes that many files share: they say what is alike, not which file it is. */
export const likenesses: ReadonlySet<string> = new Set([
  'imphash',
  'impfuzzy',
  'pehash',
  'ssdeep',
  'telfhash',
  'tlsh',
  'vhash'
])

/** The template `file` of MISP has no relation for these. */
export const outsideTemplate: ReadonlySet<string> = new Set(['cdhash', 'impfuzzy', 'pehash'])

/** Algorithms that are told apart by the length of their digits. */
export const algorithmByLength: Readonly<Record<number, string>> = {
  32: 'md5',
  40: 'sha1',
  56: 'sha224',
  64: 'sha256',
  96: 'sha384',
  128: 'sha512'
}

/** The algorithm of a path such as `hashes.sha-256`, without what tools put between its parts. */
export const algorithmOf = (path: string): string =>
  path.slice('hashes.'.length).replace(/[-_ ]/g, '')
