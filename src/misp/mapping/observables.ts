import { normalise, type ValueTypeName, valueTypes } from './attribute-types.ts'
import type { Equality } from './equalities.ts'
import type { FallbackReason } from './fallbacks.ts'
import type { TemplateName } from './model.ts'

/** What a property of an observable is in MISP (MISP-3.1). */
export interface Meaning {
  /** Its name in composites, and its relation in the Object. */
  readonly name: string
  /** As an attribute by itself; absent where it says too little for that. */
  readonly alone?: Typed
  /** In an Object. */
  readonly related?: Related
  /** Each of several identifies the thing, whatever becomes of the others. */
  readonly isHash?: true
  /** It makes no Object without others. */
  readonly isWeak?: true
}

interface Typed {
  readonly type: ValueTypeName
  readonly toIds: boolean
}

interface Related extends Typed {
  readonly template: TemplateName
  readonly category: string
}

const alone = (name: string, type: ValueTypeName, toIds: boolean): Meaning => ({
  name,
  alone: { type, toIds }
})

const related = (
  template: TemplateName,
  name: string,
  type: ValueTypeName,
  options: { toIds?: boolean; category?: string } = {}
): Meaning => {
  const { toIds = false, category = valueTypes[type].categories[0] } = options
  return { name, related: { template, type, category, toIds } }
}

const weak = (meaning: Meaning): Meaning => ({ ...meaning, isWeak: true })

const network = (name: string, type: ValueTypeName, toIds = false): Meaning =>
  related('network-connection', name, type, { toIds, category: 'Network activity' })

const registry = (name: string): Meaning =>
  weak(related('registry-key', name, 'text', { category: 'Persistence mechanism' }))

/** The types of hashes by the name of the algorithm without hyphens. */
const fileHashes: ReadonlyMap<string, ValueTypeName> = new Map([
  ['md5', 'md5'],
  ['sha1', 'sha1'],
  ['sha224', 'sha224'],
  ['sha256', 'sha256'],
  ['sha384', 'sha384'],
  ['sha512', 'sha512'],
  ['sha3256', 'sha3-256'],
  ['ssdeep', 'ssdeep'],
  ['tlsh', 'tlsh']
])
const certificateHashes: ReadonlyMap<string, ValueTypeName> = new Map([
  ['md5', 'x509-fingerprint-md5'],
  ['sha1', 'x509-fingerprint-sha1'],
  ['sha256', 'x509-fingerprint-sha256']
])
const algorithmByLength: Readonly<Record<number, string>> = {
  32: 'md5',
  40: 'sha1',
  64: 'sha256',
  128: 'sha512'
}

const hash = (template: TemplateName, type: ValueTypeName): Meaning => ({
  ...related(template, type, type, { toIds: true }),
  ...alone(type, type, true),
  isHash: true
})

const filename: Meaning = {
  ...alone('filename', 'filename', false),
  ...related('file', 'filename', 'filename')
}
const ip = alone('ip', 'ip-dst', true)
const emailSource = alone('from', 'email-src', true)

/** The other end of a connection by what its value is. */
const endOf =
  (side: 'dst' | 'src') =>
  (value: string): Meaning => {
    const type = side === 'dst' ? 'ip-dst' : 'ip-src'
    if (normalise(type, value) !== undefined)
      return { ...network(type, type, true), ...alone(type, type, true) }
    const host = network(`hostname-${side}`, 'hostname', true)
    return side === 'dst' ? { ...host, alone: { type: 'domain', toIds: true } } : host
  }

const layer3: ReadonlySet<string> = new Set(['ipv4', 'ipv6', 'icmp'])
const layer4: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp'])

function protocol(value: string): Meaning {
  const name = value.toLowerCase()
  const layer = layer3.has(name) ? 3 : layer4.has(name) ? 4 : 7
  return weak(network(`layer${layer}-protocol`, 'text'))
}

const wallet = (value: string): Meaning => {
  const type = normalise('btc', value) === undefined ? 'text' : 'btc'
  return alone('wallet', type, type === 'btc')
}

/** The table of MISP-3.1, by object and path; hashes are in the tables above. */
const meanings: Readonly<Record<string, Meaning | ((value: string) => Meaning)>> = {
  'ipv4-addr:value': ip,
  'ipv6-addr:value': ip,
  'domain-name:value': alone('domain', 'domain', true),
  'domain-name:resolves_to_refs[*].value': { name: 'ip' },
  'url:value': alone('url', 'url', true),
  'email-addr:value': emailSource,
  'email-message:from_ref.value': emailSource,
  'email-message:sender_ref.value': emailSource,
  'email-message:to_refs[*].value': alone('to', 'email-dst', true),
  'email-message:subject': alone('subject', 'email-subject', false),
  'file:name': filename,
  // Not a type of STIX, but Sekoia writes it.
  'filename:value': filename,
  'file:size': weak(related('file', 'size-in-bytes', 'size-in-bytes')),
  'file:mime_type': weak(related('file', 'mimetype', 'mime-type')),
  'file:parent_directory_ref.path': weak(related('file', 'path', 'text')),
  'network-traffic:dst_ref.value': endOf('dst'),
  'network-traffic:src_ref.value': endOf('src'),
  'network-traffic:dst_port': network('dst-port', 'port'),
  'network-traffic:src_port': network('src-port', 'port'),
  'network-traffic:protocols[*]': protocol,
  'network-traffic:extensions.http-request-ext.request_header.user-agent': alone(
    'user-agent',
    'user-agent',
    false
  ),
  // In an Object each value would be looked for by itself, and many programs use the same key.
  'windows-registry-key:key': {
    ...alone('key', 'regkey', true),
    ...related('registry-key', 'key', 'regkey')
  },
  'windows-registry-key:values[*].data': registry('data'),
  'windows-registry-key:values[*].name': registry('name'),
  'mutex:name': alone('mutex', 'mutex', true),
  'x509-certificate:serial_number': related('x509', 'serial-number', 'text'),
  'x509-certificate:issuer': related('x509', 'issuer', 'text'),
  'x509-certificate:subject': related('x509', 'subject', 'text'),
  'x509-certificate:validity_not_before': weak(related('x509', 'validity-not-before', 'datetime')),
  'x509-certificate:validity_not_after': weak(related('x509', 'validity-not-after', 'datetime')),
  'x509-certificate:signature_algorithm': weak(related('x509', 'signature_algorithm', 'text')),
  'x509-certificate:subject_public_key_algorithm': weak(
    related('x509', 'pubkey-info-algorithm', 'text')
  ),
  'x509-certificate:version': weak(related('x509', 'version', 'text')),
  'autonomous-system:number': alone('as', 'AS', false),
  'mac-addr:value': alone('mac', 'mac-address', false),
  'process:command_line': related('process', 'command-line', 'text'),
  'process:name': related('process', 'name', 'text'),
  'directory:path': related('directory', 'path', 'text'),
  'user-account:user_id': related('user-account', 'user-id', 'text'),
  'user-account:account_login': related('user-account', 'username', 'text'),
  'user-account:display_name': related('user-account', 'display-name', 'text'),
  'user-account:credential': related('user-account', 'password', 'text'),
  'user-account:account_type': weak(related('user-account', 'account-type', 'text')),
  'software:name': related('software', 'name', 'text'),
  'software:cpe': related('software', 'cpe', 'cpe'),
  'software:swid': related('software', 'swid', 'text'),
  'software:vendor': weak(related('software', 'vendor', 'text')),
  'software:version': weak(related('software', 'version', 'text')),
  'software:languages[*]': weak(related('software', 'language', 'text')),
  'cryptocurrency-wallet:value': wallet
}

const knownObjects: ReadonlySet<string> = new Set([
  ...Object.keys(meanings).map(key => key.slice(0, key.indexOf(':'))),
  'x509-certificate'
])

/** Relations that an Object may have several of. */
export const repeatable: ReadonlySet<string> = new Set(['layer7-protocol', 'language'])

/** What a fact is in MISP, or why there is nothing for it. */
export function meaningOf({ object, path, value }: Equality): Meaning | FallbackReason {
  const known = object.endsWith('cryptocurrency-wallet') ? 'cryptocurrency-wallet' : object
  if (path.startsWith('hashes')) return hashMeaning(known, path, value)
  const key = `${known}:${path}`
  const meaning = Object.hasOwn(meanings, key) ? meanings[key]! : unknown(known)
  return typeof meaning === 'function' ? meaning(value) : meaning
}

function hashMeaning(object: string, path: string, value: string): Meaning | FallbackReason {
  const types = object === 'file' ? fileHashes : certificateHashes
  if (object !== 'file' && object !== 'x509-certificate') return unknown(object)
  const isAny = path === 'hashes[*]'
  const algorithm = isAny ? algorithmByLength[value.trim().length] : path.slice('hashes.'.length)
  const type = algorithm && types.get(algorithm.replaceAll('-', ''))
  if (type) return hash(object === 'file' ? 'file' : 'x509', type)
  return isAny ? 'refused-value' : 'unknown-path'
}

const unknown = (object: string): FallbackReason =>
  knownObjects.has(object) ? 'unknown-path' : 'unknown-object'

/** Types of two parts, by the names of both. */
const composites: Readonly<Record<string, ValueTypeName>> = {
  'domain+ip': 'domain|ip',
  'ip-dst+dst-port': 'ip-dst|port',
  'hostname-dst+dst-port': 'hostname|port',
  'ip-src+src-port': 'ip-src|port',
  'filename+md5': 'filename|md5',
  'filename+sha1': 'filename|sha1',
  'filename+sha224': 'filename|sha224',
  'filename+sha256': 'filename|sha256',
  'filename+sha384': 'filename|sha384',
  'filename+sha512': 'filename|sha512',
  'filename+sha3-256': 'filename|sha3-256',
  'filename+ssdeep': 'filename|ssdeep',
  'filename+tlsh': 'filename|tlsh',
  'key+data': 'regkey|value'
}

export const compositeOf = (first: string, second: string): ValueTypeName | undefined =>
  composites[`${first}+${second}`]
