import * as addresses from './hosts.ts'
import {
  escapeWide,
  lowerAscii,
  refangUrl,
  trimBlanks,
  withoutControls,
  withoutWide
} from './text.ts'
import { link } from './url-filter.ts'

/** Takes a trimmed value without wide characters. Returns it as MISP stores it, undefined when MISP refuses it. */
type Normaliser = (text: string) => string | undefined

interface ValueType {
  /** Categories that the gateway uses; MISP allows more. */
  readonly categories: readonly [string, ...string[]]
  readonly normalise: Normaliser
}

const any: Normaliser = text => text
const oneLine: Normaliser = text => (text.includes('\n') ? undefined : text)
/** Part of a composite. */
const plainPart: Normaliser = text => (isBlank(text) || /[|\n]/.test(text) ? undefined : text)

const hex =
  (length: number): Normaliser =>
  text => {
    const value = lowerAscii(text)
    return value.length === length && /^[0-9a-f]+$/.test(value) ? value : undefined
  }

const fingerprint =
  (length: number): Normaliser =>
  text =>
    hex(length)(text.replaceAll(':', ''))

const matching =
  (shape: RegExp): Normaliser =>
  text =>
    shape.test(text) ? text : undefined

const ssdeep = matching(/^[0-9]+:[0-9a-zA-Z/+]*:[0-9a-zA-Z/+]*$/)
const impfuzzy = ssdeep
const vhash: Normaliser = text => plainPart(lowerAscii(text))
const cdhash: Normaliser = text => hex(40)(text) ?? hex(64)(text)
const telfhash: Normaliser = text => matching(/^(?:t1)?[0-9a-f]{70}$/)(lowerAscii(text))

/** More than 35 hex digits, the `t1` of newer ones aside. */
const tlsh: Normaliser = text => matching(/^t?[0-9a-f]{36,}$/)(lowerAscii(text))

const composite =
  (first: Normaliser, second: Normaliser): Normaliser =>
  text => {
    const at = text.indexOf('|')
    if (at < 0) return undefined
    const [a, b] = [first(text.slice(0, at)), second(text.slice(at + 1))]
    return a === undefined || b === undefined ? undefined : `${a}|${b}`
  }

const withHash = (hash: Normaliser): ValueType => ({
  categories: ['Payload delivery'],
  normalise: composite(plainPart, hash)
})

const ipPort: Normaliser = text => addresses.hostAndPort(text, addresses.address)

const cve: Normaliser = text =>
  matching(/^CVE-[0-9]{4}-[0-9]{4,}$/)(text.replaceAll('–', '-').toUpperCase())

/** Those that MISP knows. */
const methods = `OPTIONS|GET|HEAD|POST|PUT|DELETE|TRACE|CONNECT|PROPFIND|PROPPATCH|MKCOL|COPY|MOVE|LOCK|UNLOCK|\
VERSION-CONTROL|REPORT|CHECKOUT|CHECKIN|UNCHECKOUT|MKWORKSPACE|UPDATE|LABEL|MERGE|BASELINE-CONTROL|MKACTIVITY|\
ORDERPATCH|ACL|PATCH|SEARCH`
const httpMethod: Normaliser = text => matching(new RegExp(`^(?:${methods})$`))(text.toUpperCase())

/** Digits only, after a plus if the number begins with one or with 00. */
const phoneNumber: Normaliser = text => {
  const digits = text
    .replace(/^00/, '+')
    .replaceAll('(0)', '')
    .replace(/[^+\d]+/g, '')
  return matching(/^(?:\+|(?!00))\d+$/)(digits)
}

/** Upper case without separators, as MISP stores IBAN and BIC. */
const account: Normaliser = text =>
  matching(/^[0-9A-Z]+$/)(text.toUpperCase().replace(/[^0-9A-Z]+/g, ''))
const cardNumber: Normaliser = text => matching(/^[0-9]{8,}$/)(text.replace(/[^0-9]+/g, ''))

/** MISP refuses more than 256 bytes, slashes and backslashes. */
const serviceName: Normaliser = text =>
  Buffer.byteLength(text) > 256 || /[\\/\n]/.test(text) ? undefined : text

/** MISP stores `1` or `0`. */
const boolean: Normaliser = text =>
  /^(?:true|1)$/i.test(text) ? '1' : /^(?:false|0)$/i.test(text) ? '0' : undefined

/** RFC 3339, also as Python prints it: with a blank, and with an offset. */
const dateTimeShape = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-]\d\d):?(\d\d))$/

/** With microseconds and `+0000`, in UTC. */
const dateTime: Normaliser = text => {
  const [, day, time, fraction = '', hours = '+00', minutes = '00'] = dateTimeShape.exec(text) ?? []
  const local = Date.parse(`${day}T${time}Z`)
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== `${day}T${time}`)
    return undefined
  const offset = Number(`${hours[0]}1`) * (Number(hours.slice(1)) * 60 + Number(minutes))
  const instant = new Date(local - offset * 60_000)
  if (Number(minutes) > 59 || !/^\d{4}-/.test(instant.toISOString())) return undefined
  return `${instant.toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}+0000`
}

/**
 * Every type that the gateway gives to MISP: its categories, of which the first is its own and others stand in
 * Objects, and how its values are stored (MISP-1.9, MISP-3.1).
 */
export const valueTypes = {
  md5: { categories: ['Payload delivery'], normalise: hex(32) },
  sha1: { categories: ['Payload delivery'], normalise: hex(40) },
  sha224: { categories: ['Payload delivery'], normalise: hex(56) },
  sha256: { categories: ['Payload delivery'], normalise: hex(64) },
  sha384: { categories: ['Payload delivery'], normalise: hex(96) },
  sha512: { categories: ['Payload delivery'], normalise: hex(128) },
  'sha512/224': { categories: ['Payload delivery'], normalise: hex(56) },
  'sha512/256': { categories: ['Payload delivery'], normalise: hex(64) },
  'sha3-224': { categories: ['Payload delivery'], normalise: hex(56) },
  'sha3-256': { categories: ['Payload delivery'], normalise: hex(64) },
  'sha3-384': { categories: ['Payload delivery'], normalise: hex(96) },
  'sha3-512': { categories: ['Payload delivery'], normalise: hex(128) },
  authentihash: { categories: ['Payload delivery'], normalise: hex(64) },
  imphash: { categories: ['Payload delivery'], normalise: hex(32) },
  pehash: { categories: ['Payload delivery'], normalise: hex(40) },
  cdhash: { categories: ['Payload delivery'], normalise: cdhash },
  telfhash: { categories: ['Payload delivery'], normalise: telfhash },
  impfuzzy: { categories: ['Payload delivery'], normalise: impfuzzy },
  vhash: { categories: ['Payload delivery'], normalise: vhash },
  ssdeep: { categories: ['Payload delivery'], normalise: ssdeep },
  tlsh: { categories: ['Payload delivery'], normalise: tlsh },
  filename: { categories: ['Payload delivery'], normalise: oneLine },
  'filename|md5': withHash(hex(32)),
  'filename|sha1': withHash(hex(40)),
  'filename|sha224': withHash(hex(56)),
  'filename|sha256': withHash(hex(64)),
  'filename|sha384': withHash(hex(96)),
  'filename|sha512': withHash(hex(128)),
  'filename|sha512/224': withHash(hex(56)),
  'filename|sha512/256': withHash(hex(64)),
  'filename|sha3-224': withHash(hex(56)),
  'filename|sha3-256': withHash(hex(64)),
  'filename|sha3-384': withHash(hex(96)),
  'filename|sha3-512': withHash(hex(128)),
  'filename|authentihash': withHash(hex(64)),
  'filename|imphash': withHash(hex(32)),
  'filename|pehash': withHash(hex(40)),
  'filename|vhash': withHash(vhash),
  'filename|ssdeep': withHash(ssdeep),
  'filename|tlsh': withHash(tlsh),
  'size-in-bytes': { categories: ['Other'], normalise: matching(/^[0-9]+$/) },
  'mime-type': { categories: ['Artifacts dropped'], normalise: any },
  'ip-dst': { categories: ['Network activity'], normalise: addresses.addressOrNetwork },
  'ip-src': { categories: ['Network activity'], normalise: addresses.addressOrNetwork },
  'ip-dst|port': { categories: ['Network activity'], normalise: ipPort },
  'ip-src|port': { categories: ['Network activity'], normalise: ipPort },
  port: { categories: ['Network activity'], normalise: addresses.port },
  domain: { categories: ['Network activity'], normalise: addresses.domain },
  hostname: { categories: ['Network activity'], normalise: addresses.domain },
  'hostname|port': {
    categories: ['Network activity'],
    normalise: text => addresses.hostAndPort(text, addresses.domain)
  },
  'domain|ip': {
    categories: ['Network activity'],
    normalise: composite(addresses.domain, addresses.address)
  },
  url: { categories: ['Network activity'], normalise: text => oneLine(refangUrl(text) ?? '') },
  'user-agent': { categories: ['Network activity'], normalise: oneLine },
  AS: { categories: ['Network activity'], normalise: addresses.asNumber },
  'mac-address': { categories: ['Network activity'], normalise: addresses.macAddress },
  'x509-fingerprint-md5': { categories: ['Network activity'], normalise: fingerprint(32) },
  'x509-fingerprint-sha1': { categories: ['Network activity'], normalise: fingerprint(40) },
  'x509-fingerprint-sha256': { categories: ['Network activity'], normalise: fingerprint(64) },
  'email-src': { categories: ['Payload delivery'], normalise: addresses.mailbox },
  'email-dst': { categories: ['Network activity'], normalise: addresses.mailbox },
  'email-subject': { categories: ['Payload delivery'], normalise: oneLine },
  'email-reply-to': { categories: ['Payload delivery'], normalise: oneLine },
  'email-message-id': { categories: ['Payload delivery'], normalise: oneLine },
  'email-attachment': { categories: ['Payload delivery'], normalise: oneLine },
  'email-x-mailer': { categories: ['Payload delivery'], normalise: oneLine },
  'email-body': { categories: ['Payload delivery'], normalise: any },
  'email-header': { categories: ['Payload delivery'], normalise: any },
  'email-src-display-name': { categories: ['Payload delivery'], normalise: oneLine },
  'email-dst-display-name': { categories: ['Payload delivery'], normalise: oneLine },
  'email-thread-index': { categories: ['Payload delivery'], normalise: oneLine },
  'email-mime-boundary': { categories: ['Payload delivery'], normalise: oneLine },
  'phone-number': { categories: ['Person'], normalise: phoneNumber },
  uri: { categories: ['Network activity'], normalise: oneLine },
  cookie: { categories: ['Network activity'], normalise: any },
  'http-method': { categories: ['Network activity'], normalise: httpMethod },
  boolean: { categories: ['Other'], normalise: boolean },
  regkey: { categories: ['Persistence mechanism'], normalise: oneLine },
  'regkey|value': {
    categories: ['Persistence mechanism'],
    normalise: composite(plainPart, plainPart)
  },
  mutex: { categories: ['Artifacts dropped'], normalise: any },
  'windows-service-name': { categories: ['Artifacts dropped'], normalise: serviceName },
  'windows-service-displayname': { categories: ['Artifacts dropped'], normalise: serviceName },
  'github-username': { categories: ['Social network'], normalise: oneLine },
  'twitter-id': { categories: ['Social network'], normalise: oneLine },
  xmr: {
    categories: ['Financial fraud'],
    normalise: matching(/^[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}$/)
  },
  dash: { categories: ['Financial fraud'], normalise: matching(/^X[1-9A-HJ-NP-Za-km-z]{33}$/) },
  iban: { categories: ['Financial fraud'], normalise: account },
  bic: { categories: ['Financial fraud'], normalise: account },
  'bank-account-nr': { categories: ['Financial fraud'], normalise: matching(/^[0-9]+$/) },
  'cc-number': { categories: ['Financial fraud'], normalise: cardNumber },
  btc: { categories: ['Financial fraud'], normalise: matching(/^[a-zA-Z0-9]+$/) },
  text: {
    categories: ['Other', 'Network activity', 'Persistence mechanism'],
    normalise: any
  },
  other: { categories: ['Other'], normalise: any },
  cpe: { categories: ['Other'], normalise: any },
  datetime: { categories: ['Other'], normalise: dateTime },
  yara: { categories: ['Payload installation'], normalise: any },
  sigma: { categories: ['Payload installation'], normalise: any },
  zeek: { categories: ['Network activity'], normalise: any },
  snort: { categories: ['Network activity'], normalise: any },
  'kusto-query': { categories: ['Artifacts dropped'], normalise: any },
  'stix2-pattern': { categories: ['Network activity'], normalise: any },
  link: { categories: ['External analysis'], normalise: link },
  vulnerability: { categories: ['External analysis'], normalise: cve }
} as const satisfies Record<string, ValueType>

export type ValueTypeName = keyof typeof valueTypes

/** Most bytes of a value: the limit of MISP's column. */
export const maxBytes = 65_535

/**
 * A value as MISP will store it, and as it is to be sent and hashed; undefined when MISP would refuse it, or does not
 * know the type. The result is stable: normalising it again changes nothing. Where MISP is lax (leading zeros of
 * numbers, the end dot of a hostname) the plain form is chosen, which MISP leaves alone.
 */
export function normalise(type: string, raw: string): string | undefined {
  if (!isValueType(type)) return undefined
  const trimmed = trimBlanks(withoutWide(type === 'url' ? escapeWide(raw) : raw))
  if (isBlank(trimmed)) return undefined
  const isLong = multiline.has(type)
  if (!isLong && /\p{Cc}/u.test(trimmed)) return undefined
  const text = isLong ? withoutControls(trimmed) : trimmed
  const value = valueTypes[type].normalise(text)
  return value && Buffer.byteLength(value) <= maxBytes ? value : undefined
}

/** Types of several lines. In other types a control character is an error or an attack on a terminal: refused. */
const multiline: ReadonlySet<ValueTypeName> = new Set([
  'text',
  'yara',
  'sigma',
  'snort',
  'zeek',
  'kusto-query',
  'email-body',
  'email-header',
  'stix2-pattern'
])

/** True for a type that the gateway gives to MISP. */
export const isValueType = (type: string): type is ValueTypeName => Object.hasOwn(valueTypes, type)

/** MISP takes a value of nothing but control characters for empty. */
const isBlank = (text: string): boolean => /^\p{Cc}*$/u.test(text)
