import { normalise } from '../values/attribute-types.ts'
import { algorithmByLength, algorithmOf } from '../values/file-hashes.ts'
import { refangUrl } from '../values/text.ts'
import type { Equality } from './equalities.ts'
import { plainDigits, plainSsdeep } from './hash-digits.ts'
import { withoutHosts, withoutTypes, withoutUrlParts } from './restatements.ts'

/** Rewrites equalities that AND joins into what they mean: wrong objects, redundant parts, split connections. */

const network = 'network-traffic'
const hosts: ReadonlySet<string> = new Set(['domain-name', 'hostname', 'ipv4-addr', 'ipv6-addr'])

const isHost = ({ object, path }: Equality): boolean => hosts.has(object) && path === 'value'
const isEnd = ({ object, path }: Equality): boolean =>
  object === network && /^(?:dst|src)_ref\.value$/.test(path)

/**
 * Moves each value to the object of its real kind (MP-13), removes equalities that repeat another (MP-1), and makes
 * host and port the end of one connection (MP-2). The work is linear in the number of equalities.
 */
export function readMeaning(equalities: readonly Equality[]): readonly Equality[] {
  if (equalities.length === 1) return ofItsKind(inFile(equalities[0]!))
  const byKind = withoutTypes(equalities).map(inFile).flatMap(ofItsKind)
  return joinAccount(
    joinExtension(joinEnds(joinPaths(withoutUrlParts(withoutHosts(byKind, isHost)))))
  )
}

/** References to files. A hash of the file behind one is mapped like a hash of `file` itself. */
const references = [
  '(?:(?:parent_ref|child_refs\\[\\*\\])\\.)?(?:binary_ref|image_ref)',
  'content_ref',
  'raw_email_ref',
  'body_multipart\\[\\*\\]\\.body_raw_ref',
  '(?:extensions\\.archive-ext\\.)?contains_refs\\[\\*\\]',
  '(?:src|dst)_payload_ref',
  'extensions\\.http-request-ext\\.message_body_data_ref'
]
const fileReference = new RegExp(`^(?:${references.join('|')})\\.(hashes.*)$`)

/** Moves properties of a referenced object to the object itself. */
function inFile(equality: Equality): Equality {
  const { object, path } = equality
  const hash = fileReference.exec(path)?.[1]
  if (hash !== undefined) return { ...equality, object: 'file', path: hash }
  if (object === 'file' && path === 'extensions.windows-pebinary-ext.imphash')
    return { ...equality, path: 'hashes.imphash' }
  if (object === 'artifact' && path === 'mime_type') return { ...equality, object: 'file' }
  if (object === 'artifact' && path === 'url') return { ...equality, object: 'url', path: 'value' }
  const connection = /^opened_connection_refs\[\*\]\.(.+)$/.exec(path)?.[1]
  return object === 'process' && connection
    ? { ...equality, object: network, path: connection }
    : equality
}

/** Moves a value to the object of its kind: an address under `domain-name` is an address. */
function ofItsKind(equality: Equality): readonly Equality[] {
  if (equality.path.startsWith('hashes')) return [ofItsLength(equality)]
  if (isMailbox(equality)) return [{ ...equality, value: mailboxIn(equality.value) }]
  if (equality.path === alternativeName) return alternativeNames(equality)
  if (!isHost(equality) && !isEnd(equality)) return [equality]
  const value = equality.value
    .trim()
    .replace(/^\[([0-9a-f:.]+)\]$/i, '$1')
    .replace(/(:\d{1,5})\/(?:tcp|udp)$/i, '$1')
  if (plainName.test(value)) return [ofKind(equality, 'domain-name')]
  if (isUrl(value)) return [{ object: 'url', path: 'value', value }]
  if (normalise('ip-dst', value) !== undefined) return [ofKind({ ...equality, value }, 'ipv4-addr')]
  const end = normalise('ip-dst|port', value) ?? normalise('hostname|port', value)
  if (end !== undefined) return toConnectionEnd(end, equality)
  if (isHost(equality) && normalise('email-src', value) !== undefined)
    return [{ object: 'email-addr', path: 'value', value }]
  return [normalise('domain', value) === undefined ? equality : ofKind(equality, 'domain-name')]
}

const isMailbox = ({ object, path }: Equality): boolean =>
  object === 'email-addr'
    ? path === 'value'
    : object === 'email-message' && /_refs?(?:\[\*\])?\.value$/.test(path)

/** The mailbox in `mailto:a@example.com` and in `Name <a@example.com>`. */
function mailboxIn(value: string): string {
  const text = value.trim().replace(/^mailto:/i, '')
  const at = text.lastIndexOf('<')
  return at >= 0 && text.endsWith('>') ? text.slice(at + 1, -1) : text
}

const alternativeName = 'x509_v3_extensions.subject_alternative_name'

/** Kinds of names of a certificate, as OpenSSL and MISP's exporter write them. */
const nameKinds: Readonly<Record<string, string>> = {
  dns: 'dns',
  'dns name': 'dns',
  email: 'email',
  ip: 'ip',
  'ip address': 'ip',
  rid: 'rid',
  uri: 'uri'
}

/** Splits `DNS:a.example.com, email:a@example.com` into names. Other contents are left as they are. */
function alternativeNames(equality: Equality): readonly Equality[] {
  const names = equality.value.split(',').map(part => {
    const [, name = '', value = ''] = /^([a-z ]+)[:=](.+)$/i.exec(part.trim()) ?? []
    const kind = name.trim().toLowerCase()
    return {
      value: value.trim(),
      kind: Object.hasOwn(nameKinds, kind) ? nameKinds[kind] : undefined
    }
  })
  return names.every(({ kind }) => kind !== undefined)
    ? names.map(({ value, kind }) => ({ ...equality, path: `san.${kind}`, value }))
    : [equality]
}

/** A domain of ASCII whose last label begins with a letter: no other check is needed for it. */
const plainName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+$/i

const scheme = /^[a-z][a-z0-9+.-]*:\/\//i

/** True for a text with a scheme, or with a host and a path. A network such as `192.0.2.0/24` is none. */
function isUrl(value: string): boolean {
  if (scheme.test(refangUrl(value) ?? value)) return true
  const slash = value.indexOf('/')
  if (slash < 1 || normalise('ip-dst', value) !== undefined) return false
  const host = value.slice(0, slash)
  const isKnown = (['ip-dst', 'domain', 'ip-dst|port', 'hostname|port'] as const).some(
    type => normalise(type, host) !== undefined
  )
  return isKnown && !/^[\d.]+$/.test(value.slice(slash + 1))
}

/** Moves a host to the object of its kind. Ends of connections have the same path for names and addresses. */
function ofKind(equality: Equality, object: 'ipv4-addr' | 'domain-name'): Equality {
  const isAlready = isEnd(equality) || equality.object.startsWith('ip') === (object === 'ipv4-addr')
  return isAlready ? equality : { ...equality, object }
}

const sideOf = ({ path }: Equality): 'dst' | 'src' => (path.startsWith('src') ? 'src' : 'dst')

function toConnectionEnd(end: string, equality: Equality): readonly Equality[] {
  const side = sideOf(equality)
  const [host, port] = end.split('|') as [string, string]
  return [
    { object: network, path: `${side}_ref.value`, value: host },
    { object: network, path: `${side}_port`, value: port }
  ]
}

const withLength = Object.values(algorithmByLength)

/** Corrects the algorithm when the number of digits belongs to another one. */
function ofItsLength(equality: Equality): Equality {
  const named = algorithmOf(equality.path)
  if (named === 'ssdeep') return { ...equality, value: plainSsdeep(equality.value) }
  const digits = plainDigits(equality.value)
  const algorithm = /^[0-9a-f]+$/i.test(digits) ? algorithmByLength[digits.length] : undefined
  const isOther = algorithm !== undefined && withLength.includes(named) && named !== algorithm
  return { ...equality, value: digits, ...(isOther && { path: `hashes.${algorithm}` }) }
}

/** Properties of a connection other than its ends. */
const ofConnection: ReadonlySet<string> = new Set(['dst_port', 'src_port', 'protocols[*]'])

/**
 * Makes a host beside a port or protocol the end of the connection that the port belongs to, or else the destination,
 * as MISP's exporter means it. If an end is given as well, hosts stay as they are.
 */
function joinEnds(equalities: readonly Equality[]): readonly Equality[] {
  const paths = new Set(
    equalities.filter(({ object }) => object === network).map(({ path }) => path)
  )
  if (![...ofConnection].some(path => paths.has(path)) || equalities.some(isEnd)) return equalities
  const path = paths.has('src_port') && !paths.has('dst_port') ? 'src_ref.value' : 'dst_ref.value'
  return equalities.map(equality =>
    isHost(equality) || equality.path === 'resolves_to_refs[*].value'
      ? { object: network, path, value: equality.value }
      : equality
  )
}

/** Makes a directory beside a file the directory of the file. */
function joinPaths(equalities: readonly Equality[]): readonly Equality[] {
  if (!equalities.some(({ object }) => object === 'file')) return equalities
  return equalities.map(equality =>
    equality.object === 'directory' && equality.path === 'path'
      ? { ...equality, object: 'file', path: 'parent_directory_ref.path' }
      : equality
  )
}

const inRequest = 'extensions.http-request-ext.'
const inSocket = 'extensions.socket-ext.'

/** Makes the ends of a connection, and hosts, parts of the HTTP request or of the socket beside them. */
function joinExtension(equalities: readonly Equality[]): readonly Equality[] {
  const has = (extension: string) =>
    equalities.some(({ object, path }) => object === network && path.startsWith(extension))
  if (has(inRequest)) return equalities.map(toRequest)
  return has(inSocket) ? equalities.map(toSocket) : equalities
}

const toRequest = (equality: Equality): Equality =>
  isEnd(equality) || isHost(equality)
    ? { ...equality, object: network, path: inRequest + sideOf(equality) }
    : equality

function toSocket(equality: Equality): Equality {
  const { object, path, value } = equality
  if (isHost(equality)) return { ...equality, object: network, path: `${inSocket}dst_ref.value` }
  const state = /\.is_(blocking|listening)$/.exec(path)?.[1]
  if (state && value === 'true') return { ...equality, path: `${inSocket}state`, value: state }
  const isShared = object === network && (isEnd(equality) || ofConnection.has(path))
  return isShared ? { ...equality, path: inSocket + path } : equality
}

/** Services whose accounts have a type of their own in MISP. */
const services: ReadonlySet<string> = new Set(['github', 'twitter'])

/** Joins login and service of an account. */
function joinAccount(equalities: readonly Equality[]): readonly Equality[] {
  const [first, second, more] = equalities
  if (!first || !second || more) return equalities
  const type = [first, second].find(({ path }) => path === 'account_type')
  const login = [first, second].find(({ path }) => path === 'account_login')
  const service = type?.value.toLowerCase() ?? ''
  const isKnown = login && services.has(service) && [first, second].every(isAccount)
  return isKnown ? [{ ...login, path: `${service}.account_login` }] : equalities
}

const isAccount = ({ object }: Equality): boolean => object === 'user-account'
