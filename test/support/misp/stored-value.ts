import { domainToASCII } from 'node:url'
import { toStoredDatetime } from './instant.ts'
import { isDomain } from './value-rules.ts'

/** The form in which MISP stores a value (MISP-1.9): trimmed, refanged, without 4-byte UTF-8, then by type. */
export function storedValue(type: string, value: string): string {
  const trimmed = value.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '')
  const text = refang(type, trimmed).replace(/[\u{10000}-\u{10ffff}]/gu, '?')
  const normalise = byType.get(type)
  return normalise ? normalise(text) : text
}

/** PHP's `strtolower`, which knows ASCII only. */
export const toLower = (text: string): string => text.replace(/[A-Z]+/g, part => part.toLowerCase())
const toUpper = (text: string): string => text.replace(/[a-z]+/g, part => part.toUpperCase())

const mail = ['email', 'email-src', 'email-dst']
const links = ['url', 'link']
const dotted = [...links, ...mail, 'ip-src', 'ip-dst', 'domain', 'hostname', 'domain|ip']

const refangs: readonly { types: readonly string[]; from: RegExp; to: string }[] = [
  { types: links, from: /^(?:hxxp|hxtp|htxp|meow|h\[tt\]p)/i, to: 'http' },
  { types: dotted, from: /\[\.\]|\[dot\]|\(dot\)/g, to: '.' },
  { types: links, from: /\[hxxp:\/\/\]/g, to: 'http://' },
  { types: mail, from: /\[@\]|\[at\]/g, to: '@' },
  { types: links, from: /\[:\]/g, to: ':' }
]

const refang = (type: string, value: string): string =>
  refangs
    .filter(({ types }) => types.includes(type))
    .reduce((text, { from, to }) => text.replace(from, to), value)

function storedDomain(value: string): string {
  const name = toLower(value).replace(/^\.+|\.+$/g, '')
  return isDomain(name) ? name : domainToASCII(name) || name
}

/** MISP leaves an address alone that begins with a colon. */
const compressIpv6 = (ip: string): string => {
  if (ip.indexOf(':') < 1 || !URL.canParse(`http://[${ip}]`)) return ip
  const hexadecimal = new URL(`http://[${ip}]`).hostname.slice(1, -1)
  return hexadecimal.replace(
    /^::(ffff:)?([\da-f]{1,4}):([\da-f]{1,4})$/,
    (_, mapped = '', high: string, low: string) => `::${mapped}${octets(high)}.${octets(low)}`
  )
}

const octets = (group: string): string => {
  const number = Number.parseInt(group, 16)
  return `${number >> 8}.${number & 255}`
}

function storedIp(value: string): string {
  const [ip = '', ...ranges] = value.split('/')
  if (ranges.length === 0) return compressIpv6(ip)
  const range = ranges.join('/')
  const isWhole = range === (ip.includes('.') ? '32' : '128') && !ip.startsWith(':')
  return isWhole ? compressIpv6(ip) : `${compressIpv6(ip)}/${range}`
}

function storedDomainIp(value: string): string {
  const [domain = '', ...ip] = value.split('|')
  return ip.length === 1 ? `${storedDomain(domain)}|${storedIp(toLower(ip[0]!))}` : value
}

/** `a|1`, `a:1` and `[a]:1`; other spellings stay and are refused. */
function storedSocket(value: string): string {
  const [, bracketed, port] = /^\[([^\]]*)\]:(\d+)$/.exec(value) ?? []
  if (bracketed !== undefined) return `${storedIp(bracketed)}|${port}`
  const colons = value.split(':').length - 1
  const parts = value.split(colons === 1 ? /[:|]/ : '|')
  return parts.length === 2 ? `${storedIp(parts[0]!)}|${parts[1]}` : value
}

const storedFileHash = (value: string): string => {
  const bar = value.indexOf('|')
  return bar < 0 ? value : value.slice(0, bar) + toLower(value.slice(bar))
}

function storedAs(value: string): string {
  const number = value.replace(/^AS/i, '')
  const [, high, low] = /^(\d+)\.(\d+)$/.exec(number) ?? []
  return high === undefined ? number : String(Number(high) * 65_536 + Number(low))
}

const storedMac = (value: string): string => {
  const digits = toLower(value).replace(/[.:\- ]/g, '')
  return (digits.match(/.{1,2}/g) ?? []).join(':')
}

const hashes = [
  ...'md5 sha1 sha224 sha256 sha384 sha512 sha512/224 sha512/256'.split(' '),
  ...'sha3-224 sha3-256 sha3-384 sha3-512 authentihash imphash pehash vhash tlsh'.split(' ')
]
const lowered = [...hashes, ...mail, 'hostname', 'telfhash', 'cdhash']

const byType = new Map<string, (text: string) => string>([
  ...lowered.map(type => [type, toLower] as const),
  ...hashes.map(type => [`filename|${type}`, storedFileHash] as const),
  ...['md5', 'sha1', 'sha256'].map(
    hash =>
      [`x509-fingerprint-${hash}`, (text: string) => toLower(text.replaceAll(':', ''))] as const
  ),
  ['http-method', toUpper],
  ['cc-number', text => text.replace(/\D+/g, '')],
  ...['iban', 'bic'].map(
    type => [type, (text: string) => toUpper(text).replace(/[^0-9A-Z]+/g, '')] as const
  ),
  ['domain', storedDomain],
  ['domain|ip', storedDomainIp],
  ['ip-src', storedIp],
  ['ip-dst', storedIp],
  ['ip-src|port', storedSocket],
  ['ip-dst|port', storedSocket],
  ['hostname|port', text => toLower(text).replaceAll(':', '|')],
  ['mac-address', storedMac],
  ['AS', storedAs],
  ['vulnerability', text => toUpper(text.replaceAll('–', '-'))],
  ['boolean', text => (/^(?:|0|false)$/i.test(text.trim()) ? '0' : '1')],
  ['datetime', toStoredDatetime],
  [
    'phone-number',
    text =>
      text
        .replace(/^00/, '+')
        .replaceAll('(0)', '')
        .replace(/[^+\d]+/g, '')
  ]
])
