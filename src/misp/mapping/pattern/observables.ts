import type { TemplateName } from '../model.ts'
import {
  isValueType,
  normalise,
  type ValueTypeName,
  valueTypes
} from '../values/attribute-types.ts'
import type { FallbackReason } from '../values/fallbacks.ts'
import {
  algorithmByLength,
  algorithmOf,
  certificateHashes,
  fileHashes,
  likenesses,
  outsideTemplate
} from '../values/file-hashes.ts'
import type { Equality } from './equalities.ts'

/** What a property of an observable becomes in MISP (MISP-3.1). */
export interface Meaning {
  /** Its name in composites, and its relation in the Object. */
  readonly name: string
  /** The attribute when it stands alone; absent if it means too little alone. */
  readonly alone?: Typed
  /** In an Object. */
  readonly related?: Related
  /** A hash: others beside it may be refused by MISP, and this one still identifies the file. */
  readonly isHash?: true
  /** It does not make an Object alone. */
  readonly isWeak?: true
  /** A strong identifier: it keeps `to_ids` whatever else the pattern demands (MP-3). */
  readonly isStrong?: true
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

const socket = (name: string, type: ValueTypeName, toIds = false): Meaning =>
  related('network-socket', name, type, { toIds, category: 'Network activity' })

const account = (name: string, type: ValueTypeName = 'text'): Meaning =>
  weak(related('user-account', name, type))

const directory = (name: string, type: ValueTypeName): Meaning =>
  weak(related('directory', name, type))

const registry = (name: string): Meaning =>
  weak(related('registry-key', name, 'text', { category: 'Persistence mechanism' }))

const hash = (template: TemplateName, type: ValueTypeName): Meaning => ({
  ...(outsideTemplate.has(type) ? { name: type } : related(template, type, type, { toIds: true })),
  ...alone(type, type, true),
  isHash: true,
  ...(!likenesses.has(type) && { isStrong: true as const })
})

const filename: Meaning = {
  ...alone('filename', 'filename', false),
  ...related('file', 'filename', 'filename')
}
const ip: Meaning = {
  ...alone('ip', 'ip-dst', true),
  ...weak(related('domain-ip', 'ip', 'ip-dst', { toIds: true }))
}

/** A property of a mail, alone and in an Object `email`. */
const email = (relation: string, type: ValueTypeName, toIds = false): Meaning => ({
  ...alone(relation, type, toIds),
  ...related('email', relation, type, { toIds })
})
const emailSource = email('from', 'email-src', true)
const emailTarget = (relation: string) => email(relation, 'email-dst', true)

/** A property of an HTTP request, alone and in an Object `http-request`. */
const request = (relation: string, type: ValueTypeName, toIds = false): Meaning => ({
  ...alone(relation, type, toIds),
  ...related('http-request', relation, type, { toIds })
})
const userAgent = request('user-agent', 'user-agent')
/** MISP has a type `cookie`, but the template wants a text. */
const cookie: Meaning = {
  ...alone('cookie', 'cookie', false),
  ...related('http-request', 'cookie', 'text')
}

/** Means of payment, each a strong identifier. */
const payment = (type: ValueTypeName): Meaning => ({ ...alone(type, type, true), isStrong: true })

/** An end of a connection, by the kind of its value. */
const connectionEnd =
  (side: 'dst' | 'src') =>
  (value: string): Meaning => {
    const type = side === 'dst' ? 'ip-dst' : 'ip-src'
    if (normalise(type, value) !== undefined)
      return { ...network(type, type, true), ...alone(type, type, true) }
    if (normalise('mac-address', value) !== undefined)
      return {
        ...network(`mac-${side}`, 'mac-address'),
        alone: { type: 'mac-address', toIds: false }
      }
    const host = network(`hostname-${side}`, 'hostname', true)
    return side === 'dst' ? { ...host, alone: { type: 'domain', toIds: true } } : host
  }

/** An end of a socket, by the kind of its value. */
const socketEnd =
  (side: 'dst' | 'src') =>
  (value: string): Meaning => {
    const type = side === 'dst' ? 'ip-dst' : 'ip-src'
    const isAddress = normalise(type, value) !== undefined
    return isAddress ? socket(type, type, true) : socket(`hostname-${side}`, 'hostname', true)
  }

const layer3: ReadonlySet<string> = new Set(['ip', 'ipv4', 'ipv6', 'icmp', 'icmpv6', 'arp'])
const layer4: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp'])

function protocol(value: string): Meaning {
  const name = value.toLowerCase()
  const layer = layer3.has(name) ? 3 : layer4.has(name) ? 4 : 7
  return weak(network(`layer${layer}-protocol`, 'text'))
}

/** A request to a proxy names a URL, others name a path. */
const requestValue = (value: string): Meaning =>
  /^https?:/i.test(value) ? request('url', 'url', true) : request('uri', 'uri', true)

/** An end of the connection of an HTTP request. */
const requestEnd =
  (side: 'dst' | 'src') =>
  (value: string): Meaning | FallbackReason => {
    const type = side === 'dst' ? 'ip-dst' : 'ip-src'
    if (normalise(type, value) !== undefined) return request(type, type, true)
    return side === 'dst' ? request('host', 'hostname', true) : 'unknown-path'
  }

/** A path without a host is a `uri` in MISP. */
const url = (value: string): Meaning =>
  /^\s*\/(?!\/)/.test(value) ? alone('uri', 'uri', true) : alone('url', 'url', true)

/** Dash and Monero have addresses of their own form. Other addresses become `btc`, the only type left. */
const wallet = (value: string): Meaning => {
  const type = (['xmr', 'dash', 'btc'] as const).find(type => normalise(type, value) !== undefined)
  return type ? { ...alone('wallet', type, true), isStrong: true } : alone('wallet', 'text', false)
}

/** The table of MISP-3.1, by object and path; hashes are in the tables above. */
const meanings: Readonly<Record<string, Meaning | ((value: string) => Meaning | FallbackReason)>> =
  {
    'ipv4-addr:value': ip,
    'ipv6-addr:value': ip,
    'domain-name:value': {
      ...alone('domain', 'domain', true),
      ...related('domain-ip', 'domain', 'domain', { toIds: true })
    },
    'domain-name:resolves_to_refs[*].value': weak(
      related('domain-ip', 'ip', 'ip-dst', { toIds: true })
    ),
    // Properties that MISP's exporter adds.
    'domain-name:x-hostname': weak(related('domain-ip', 'hostname', 'hostname', { toIds: true })),
    'domain-name:x-port': weak(related('domain-ip', 'port', 'port')),
    'hostname:value': alone('hostname', 'hostname', true),
    'url:value': url,
    'email-addr:value': emailSource,
    'email-addr:display_name': email('from-display-name', 'email-src-display-name'),
    'email-message:from_ref.value': emailSource,
    'email-message:sender_ref.value': emailSource,
    'email-message:from_ref.display_name': email('from-display-name', 'email-src-display-name'),
    'email-message:to_refs[*].value': emailTarget('to'),
    'email-message:to_refs[*].display_name': email('to-display-name', 'email-dst-display-name'),
    'email-message:cc_refs[*].value': emailTarget('cc'),
    'email-message:bcc_refs[*].value': emailTarget('bcc'),
    'email-message:cc_refs[*].display_name': email('cc-display-name', 'email-dst-display-name'),
    'email-message:bcc_refs[*].display_name': email('bcc-display-name', 'email-dst-display-name'),
    'email-message:date': weak(related('email', 'send-date', 'datetime')),
    'email-message:subject': email('subject', 'email-subject'),
    'email-message:message_id': email('message-id', 'email-message-id'),
    'email-message:additional_header_fields.reply-to': email('reply-to', 'email-reply-to'),
    'email-message:additional_header_fields.x-mailer': email('x-mailer', 'email-x-mailer'),
    'email-message:additional_header_fields.return-path': email('return-path', 'email-src', true),
    'email-message:additional_header_fields.thread-index': email(
      'thread-index',
      'email-thread-index'
    ),
    'email-message:additional_header_fields.mime-boundary': email(
      'mime-boundary',
      'email-mime-boundary'
    ),
    'email-message:additional_header_fields.x-originating-ip': email('ip-src', 'ip-src', true),
    'email-message:body_multipart[*].body_raw_ref.name': email(
      'attachment',
      'email-attachment',
      true
    ),
    'email-message:body': email('email-body', 'email-body'),
    'email-message:body_multipart[*].body': email('email-body', 'email-body'),
    'email-message:received_lines[*]': email('header', 'email-header'),
    'user-agent:value': userAgent,
    'phone-number:value': alone('phone-number', 'phone-number', false),
    'file:name': filename,
    // Not a type of STIX, but Sekoia writes it.
    'filename:value': filename,
    'file:size': weak(related('file', 'size-in-bytes', 'size-in-bytes')),
    'file:name_enc': weak(related('file', 'file-encoding', 'text')),
    'file:ctime': weak(related('file', 'creation-time', 'datetime')),
    'file:mtime': weak(related('file', 'modification-time', 'datetime')),
    'file:atime': weak(related('file', 'access-time', 'datetime')),
    'file:mime_type': weak(related('file', 'mimetype', 'mime-type')),
    'file:parent_directory_ref.path': weak(related('file', 'path', 'text')),
    'file:path': {
      ...alone('fullpath', 'filename', false),
      ...related('file', 'fullpath', 'text')
    },
    'network-traffic:dst_ref.value': connectionEnd('dst'),
    'network-traffic:src_ref.value': connectionEnd('src'),
    'network-traffic:dst_port': network('dst-port', 'port'),
    'network-traffic:src_port': network('src-port', 'port'),
    'network-traffic:protocols[*]': protocol,
    'network-traffic:start': weak(related('network-connection', 'first-packet-seen', 'datetime')),
    'network-traffic:end': weak(related('network-connection', 'last-packet-seen', 'datetime')),
    'network-traffic:src_byte_count': weak(
      related('network-connection', 'src-bytes-count', 'size-in-bytes')
    ),
    'network-traffic:dst_byte_count': weak(
      related('network-connection', 'dst-bytes-count', 'size-in-bytes')
    ),
    // Most of these paths are no STIX, see readings.ts.
    'network-traffic:extensions.socket-ext.address_family': weak(socket('address-family', 'text')),
    'network-traffic:extensions.socket-ext.socket_type': weak(socket('socket-type', 'text')),
    'network-traffic:extensions.socket-ext.protocol_family': weak(socket('domain-family', 'text')),
    'network-traffic:extensions.socket-ext.state': weak(socket('state', 'text')),
    'network-traffic:extensions.socket-ext.protocols[*]': weak(socket('protocol', 'text')),
    'network-traffic:extensions.socket-ext.dst_ref.value': socketEnd('dst'),
    'network-traffic:extensions.socket-ext.src_ref.value': socketEnd('src'),
    'network-traffic:extensions.socket-ext.dst_port': socket('dst-port', 'port'),
    'network-traffic:extensions.socket-ext.src_port': socket('src-port', 'port'),
    'network-traffic:extensions.http-request-ext.request_header.user-agent': userAgent,
    'network-traffic:extensions.http-request-ext.request_method': request('method', 'http-method'),
    'network-traffic:extensions.http-request-ext.request_header.cookie': cookie,
    'network-traffic:extensions.http-request-ext.request_header.host': request(
      'host',
      'hostname',
      true
    ),
    'network-traffic:extensions.http-request-ext.request_header.referer': weak(
      related('http-request', 'referer', 'other')
    ),
    'network-traffic:extensions.http-request-ext.request_header.content-type': weak(
      related('http-request', 'content-type', 'other')
    ),
    'network-traffic:extensions.http-request-ext.request_value': requestValue,
    // No properties of STIX, see readings.ts.
    'network-traffic:extensions.http-request-ext.dst': requestEnd('dst'),
    'network-traffic:extensions.http-request-ext.src': requestEnd('src'),
    // The data has no `to_ids`: many programs write the same data.
    'windows-registry-key:key': {
      ...alone('key', 'regkey', true),
      ...related('registry-key', 'key', 'regkey')
    },
    'windows-registry-key:values[*].data': registry('data'),
    'windows-registry-key:values[*].name': registry('name'),
    'windows-registry-key:values[*].data_type': registry('data-type'),
    'windows-registry-key:modified_time': weak(
      related('registry-key', 'last-modified', 'datetime')
    ),
    'mutex:name': alone('mutex', 'mutex', true),
    'x509-certificate:serial_number': related('x509', 'serial-number', 'text'),
    'x509-certificate:issuer': related('x509', 'issuer', 'text'),
    'x509-certificate:subject': related('x509', 'subject', 'text'),
    'x509-certificate:validity_not_before': weak(
      related('x509', 'validity-not-before', 'datetime')
    ),
    'x509-certificate:validity_not_after': weak(related('x509', 'validity-not-after', 'datetime')),
    'x509-certificate:signature_algorithm': weak(related('x509', 'signature_algorithm', 'text')),
    'x509-certificate:subject_public_key_algorithm': weak(
      related('x509', 'pubkey-info-algorithm', 'text')
    ),
    'x509-certificate:subject_public_key_modulus': related('x509', 'pubkey-info-modulus', 'text'),
    'x509-certificate:subject_public_key_exponent': weak(
      related('x509', 'pubkey-info-exponent', 'text')
    ),
    'x509-certificate:version': weak(related('x509', 'version', 'text')),
    'x509-certificate:is_self_signed': weak(related('x509', 'is_self_signed', 'boolean')),
    // What subject_alternative_name holds, see readings.ts.
    'x509-certificate:san.dns': related('x509', 'dns_names', 'hostname'),
    'x509-certificate:san.email': weak(related('x509', 'email', 'email-dst')),
    'x509-certificate:san.ip': weak(related('x509', 'ip', 'ip-dst')),
    'x509-certificate:san.uri': weak(related('x509', 'uri', 'uri')),
    'x509-certificate:san.rid': weak(related('x509', 'rid', 'text')),
    'autonomous-system:number': { ...alone('asn', 'AS', false), ...related('asn', 'asn', 'AS') },
    'autonomous-system:name': weak(related('asn', 'description', 'text')),
    'mac-addr:value': alone('mac', 'mac-address', false),
    'process:command_line': related('process', 'command-line', 'text'),
    'process:name': related('process', 'name', 'text'),
    'process:pid': related('process', 'pid', 'text'),
    'process:cwd': related('process', 'current-directory', 'text'),
    'process:created_time': weak(related('process', 'creation-time', 'datetime')),
    'process:image_ref.name': related('process', 'image', 'filename'),
    'process:binary_ref.name': related('process', 'image', 'filename'),
    'process:parent_ref.command_line': weak(related('process', 'parent-command-line', 'text')),
    'process:parent_ref.image_ref.name': weak(related('process', 'parent-image', 'filename')),
    'process:parent_ref.binary_ref.name': weak(related('process', 'parent-image', 'filename')),
    'process:parent_ref.pid': weak(related('process', 'parent-pid', 'text')),
    'process:extensions.windows-process-ext.integrity_level': weak(
      related('process', 'integrity-level', 'text')
    ),
    'process:is_hidden': weak(related('process', 'hidden', 'boolean')),
    'process:extensions.windows-service-ext.service_name': alone(
      'service',
      'windows-service-name',
      false
    ),
    'process:extensions.windows-service-ext.display_name': alone(
      'service-display-name',
      'windows-service-displayname',
      false
    ),
    'process:child_refs[*].pid': weak(related('process', 'child-pid', 'text')),
    'process:parent_ref.name': weak(related('process', 'parent-process-name', 'text')),
    'directory:path': related('directory', 'path', 'text'),
    'directory:path_enc': directory('path-encoding', 'text'),
    'directory:ctime': directory('creation-time', 'datetime'),
    'directory:mtime': directory('modification-time', 'datetime'),
    'directory:atime': directory('access-time', 'datetime'),
    'user-account:user_id': related('user-account', 'user-id', 'text'),
    'user-account:account_login': related('user-account', 'username', 'text'),
    'user-account:display_name': related('user-account', 'display-name', 'text'),
    'user-account:credential': related('user-account', 'password', 'text'),
    'user-account:github.account_login': alone('username', 'github-username', false),
    'user-account:twitter.account_login': alone('username', 'twitter-id', false),
    'user-account:account_type': account('account-type'),
    'user-account:can_escalate_privs': account('can_escalate_privs', 'boolean'),
    'user-account:is_disabled': account('disabled', 'boolean'),
    'user-account:is_privileged': account('privileged', 'boolean'),
    'user-account:is_service_account': account('is_service_account', 'boolean'),
    'user-account:account_created': account('created', 'datetime'),
    'user-account:account_expires': account('expires', 'datetime'),
    'user-account:account_first_login': account('first_login', 'datetime'),
    'user-account:account_last_login': account('last_login', 'datetime'),
    'user-account:credential_last_changed': account('password_last_changed', 'datetime'),
    'user-account:extensions.unix-account-ext.groups': account('group'),
    'user-account:extensions.unix-account-ext.gid': account('group-id'),
    'user-account:extensions.unix-account-ext.home_dir': account('home_dir'),
    'user-account:extensions.unix-account-ext.shell': account('shell'),
    'software:name': related('software', 'name', 'text'),
    'software:cpe': related('software', 'cpe', 'cpe'),
    'software:swid': related('software', 'swid', 'text'),
    'software:vendor': weak(related('software', 'vendor', 'text')),
    'software:version': weak(related('software', 'version', 'text')),
    'software:languages[*]': weak(related('software', 'language', 'text')),
    'cryptocurrency-wallet:value': wallet,
    // Observables of OpenCTI.
    'bank-account:iban': payment('iban'),
    // It identifies a bank, not an account.
    'bank-account:bic': alone('bic', 'bic', false),
    'bank-account:account_number': payment('bank-account-nr'),
    'payment-card:card_number': payment('cc-number'),
    'media-content:url': url
  }

const knownObjects: ReadonlySet<string> = new Set([
  ...Object.keys(meanings).map(key => key.slice(0, key.indexOf(':'))),
  'artifact',
  'x509-certificate'
])

/** Relations that an Object may have several of. */
export const repeatable: ReadonlySet<string> = new Set([
  'attachment',
  'bcc',
  'cc',
  'child-pid',
  'dns_names',
  'from',
  'from-display-name',
  'group',
  'ip',
  'language',
  'layer7-protocol',
  'protocol',
  'rid',
  'state',
  'to',
  'uri'
])

/** What an equality becomes in MISP, or why it becomes nothing. */
export function meaningOf({ object, path, value }: Equality): Meaning | FallbackReason {
  const known = object.endsWith('cryptocurrency-wallet') ? 'cryptocurrency-wallet' : object
  if (path.startsWith('hashes')) return hashMeaning(known, path, value)
  const key = `${known}:${path}`
  const meaning = Object.hasOwn(meanings, key) ? meanings[key]! : unknown(known)
  return typeof meaning === 'function' ? meaning(value) : meaning
}

function hashMeaning(object: string, path: string, value: string): Meaning | FallbackReason {
  const isFile = object === 'file' || object === 'artifact'
  const types = isFile ? fileHashes : certificateHashes
  if (!isFile && object !== 'x509-certificate') return unknown(object)
  const isAny = path === 'hashes[*]'
  const algorithm = isAny ? algorithmByLength[value.trim().length] : algorithmOf(path)
  const type = algorithm && types.get(algorithm)
  if (type) return hash(isFile ? 'file' : 'x509', type)
  return isAny ? 'refused-value' : 'unknown-path'
}

const unknown = (object: string): FallbackReason =>
  knownObjects.has(object) ? 'unknown-path' : 'unknown-object'

/** Composite types by the names of their two parts. */
const composites: Readonly<Record<string, ValueTypeName>> = {
  'domain+ip': 'domain|ip',
  'ip-dst+dst-port': 'ip-dst|port',
  'hostname-dst+dst-port': 'hostname|port',
  'ip-src+src-port': 'ip-src|port',
  'key+data': 'regkey|value'
}

/** The composite type of two parts in this order; a filename goes with every hash that MISP has a type for. */
export function compositeOf(first: string, second: string): ValueTypeName | undefined {
  if (first !== 'filename') return composites[`${first}+${second}`]
  const type = `filename|${second}`
  return isValueType(type) ? type : undefined
}
