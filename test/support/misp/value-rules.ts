import { isIP } from 'node:net'
import { isComposite } from './categories.ts'
import { toMicros } from './instant.ts'

/** What MISP 2.5.1 refuses (MISP-1.9). Nothing here comes from the code that it judges. */

const maxBytes = 65_535

/** Why MISP refuses the value in its stored form; undefined when it takes it. */
export function valueRefusal(type: string, value: string): string | undefined {
  if (value === '') return 'the value is empty'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/^[\0-\x1f\x7f]+$/.test(value)) return 'the value is all control characters'
  if (Buffer.byteLength(value) > maxBytes) return `the value is longer than ${maxBytes} bytes`
  if (isComposite(type) && value.split('|').length !== 2) return 'the value has not exactly one |'
  const accepts = rules.get(type)
  return accepts && !accepts(value) ? `the value is not of type ${type}` : undefined
}

export const isDomain = (text: string): boolean => /^[a-z\d._-]+\.[a-z\d-]{2,}$/i.test(text)

const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%')

const isWithin = (text: string, low: number, high: number): boolean =>
  /^\d+$/.test(text) && Number(text) >= low && Number(text) <= high

const isPort = (text: string): boolean => isWithin(text, 1, 65_535)

function isAddressOrRange(value: string): boolean {
  const [ip = '', range, ...more] = value.split('/')
  if (!isAddress(ip) || more.length > 0) return false
  return range === undefined || isWithin(range, 0, isIP(ip) === 4 ? 32 : 128)
}

const isOneLine = (value: string): boolean => !value.includes('\n')
const isEmail = (value: string): boolean => /^\S+@\S*\.\S*$/.test(value)
const isSsdeep = (value: string): boolean => /^\d+:[\da-z/+]*:[\da-z/+]*$/i.test(value)
const isTlsh = (value: string): boolean => /^t?[\da-f]{36,}$/i.test(value)
const isHex = (length: number) => (value: string) =>
  value.length === length && /^[\da-f]+$/i.test(value)

/** PHP's URL filter: ASCII without blanks, a scheme, and a host of plain labels where the scheme has one. */
function isPhpUrl(value: string): boolean {
  const [, scheme, rest = ''] = /^([a-z][a-z\d+.-]*):([!-~]+)$/i.exec(value) ?? []
  if (scheme === undefined) return false
  const [, authority] = /^\/\/([^/?#]*)/.exec(rest) ?? []
  if (authority === undefined) return /^(?:mailto|news|file)$/i.test(scheme)
  const host = authority.replace(/^.*@/, '').replace(/:\d*$/, '')
  return /^\[[\da-f:.]+\]$/i.test(host) || isPlainHost(host)
}

const isPlainHost = (host: string): boolean =>
  host.length <= 253 &&
  host.split('.').every(label => /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i.test(label))

const parts =
  (...checks: ((part: string) => boolean)[]) =>
  (value: string) =>
    value.split('|').every((part, n) => checks[n]?.(part) ?? false)

const hexLengths = { md5: 32, sha1: 40, sha224: 56, sha256: 64, sha384: 96, sha512: 128 }
const otherLengths = {
  'sha512/224': 56,
  'sha512/256': 64,
  'sha3-224': 56,
  'sha3-256': 64,
  'sha3-384': 96,
  'sha3-512': 128,
  authentihash: 64,
  imphash: 32,
  pehash: 40
}
const hashes: [string, (value: string) => boolean][] = [
  ...Object.entries({ ...hexLengths, ...otherLengths }).map(
    ([type, length]) => [type, isHex(length)] as [string, (value: string) => boolean]
  ),
  ['ssdeep', isSsdeep],
  ['tlsh', isTlsh],
  ['vhash', isOneLine]
]
const isAlphanumeric = (value: string) => /^[a-z\d]+$/i.test(value)
/** The first of each: MISP looks for them anywhere in the value. */
const httpMethods =
  'OPTIONS GET HEAD POST PUT DELETE TRACE CONNECT PROP MKCOL COPY MOVE LOCK VERSION-CONTROL'
    .concat(
      ' REPORT CHECK MKWORKSPACE UPDATE LABEL MERGE BASELINE MKACTIVITY ORDER ACL PATCH SEARCH'
    )
    .split(' ')
const isNumeric = (value: string) => /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value)
const isServiceName = (value: string) => Buffer.byteLength(value) <= 256 && !/[\\/]/.test(value)
const isName = (text: string) => text !== '' && isOneLine(text)

const rules = new Map<string, (value: string) => boolean>([
  ...hashes,
  ...hashes.map(([type, check]) => [`filename|${type}`, parts(isName, check)] as const),
  ...(['md5', 'sha1', 'sha256'] as const).map(
    hash => [`x509-fingerprint-${hash}`, isHex(hexLengths[hash])] as const
  ),
  ...['email', 'email-src', 'email-dst'].map(type => [type, isEmail] as const),
  ...[
    ...['url', 'user-agent', 'regkey', 'regkey|value', 'filename', 'pdb', 'email-subject'],
    ...['windows-scheduled-task', 'github-username', 'twitter-id', 'uri', 'email-reply-to'],
    ...['email-x-mailer', 'email-message-id', 'email-src-display-name', 'email-dst-display-name'],
    ...['email-thread-index', 'email-mime-boundary']
  ].map(type => [type, isOneLine] as const),
  ['domain', isDomain],
  ['hostname', isDomain],
  ['ip-src', isAddressOrRange],
  ['ip-dst', isAddressOrRange],
  ['domain|ip', parts(isDomain, isAddress)],
  ['ip-src|port', parts(isAddress, isPort)],
  ['ip-dst|port', parts(isAddress, isPort)],
  ['hostname|port', parts(isDomain, isPort)],
  ['port', isPort],
  ['link', isPhpUrl],
  ['vulnerability', value => /^CVE-\d{4}-\d{4,}$/.test(value)],
  ...['btc', 'dash', 'xmr', 'iban', 'bic'].map(type => [type, isAlphanumeric] as const),
  ...['bank-account-nr', 'cc-number'].map(type => [type, isNumeric] as const),
  ...['windows-service-name', 'windows-service-displayname'].map(
    type => [type, isServiceName] as const
  ),
  ['impfuzzy', value => /^\d+:[^:]*:[^:]*$/.test(value)],
  ['telfhash', value => value.length === 70 || value.length === 72],
  ['cdhash', value => /^[\da-f]{40,}$/.test(value)],
  ['http-method', value => httpMethods.some(method => value.includes(method))],
  ['mac-address', value => /^(?:[a-f\d]{2}:?){6}$/i.test(value)],
  ['AS', value => isWithin(value, 0, 4_294_967_295)],
  ['size-in-bytes', value => /^\d+$/.test(value)],
  ['counter', value => /^\d+$/.test(value)],
  // A value of a JSON string is never an integer to MISP 2.5.1.
  ['integer', () => false],
  ['float', isNumeric],
  ['phone-number', value => /^[+-]?\d+$/.test(value)],
  ['datetime', value => toMicros(value) !== undefined]
])
