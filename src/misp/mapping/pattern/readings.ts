import { normalise } from '../values/attribute-types.ts'
import { algorithmByLength, algorithmOf } from '../values/file-hashes.ts'
import type { Equality } from './equalities.ts'
import { withoutHosts, withoutTypes } from './restatements.ts'

/** What an equality, or several that hold together, mean where the words say something else or say it twice. */

const network = 'network-traffic'
const hosts: ReadonlySet<string> = new Set(['domain-name', 'hostname', 'ipv4-addr', 'ipv6-addr'])

const isHost = ({ object, path }: Equality): boolean => hosts.has(object) && path === 'value'
const isEnd = ({ object, path }: Equality): boolean =>
  object === network && /^(?:dst|src)_ref\.value$/.test(path)

/**
 * The equalities of a conjunction as they are meant: each value under the object it really is one of (MP-13),
 * without those that restate another (MP-1), host and port as the end of one connection (MP-2). Linear in their number.
 */
export function readMeaning(equalities: readonly Equality[]): readonly Equality[] {
  if (equalities.length === 1) return ofItsKind(inFile(equalities[0]!))
  const byKind = withoutTypes(equalities).map(inFile).flatMap(ofItsKind)
  return joinAccount(joinEnds(joinPaths(withoutHosts(byKind, isHost))))
}

/** What the file that another object refers to is called, and its hashes, stand for themselves. */
const fileReference =
  /^(?:binary_ref|image_ref|content_ref|raw_email_ref|body_multipart\[\*\]\.body_raw_ref)\.(hashes.*)$/

function inFile(equality: Equality): Equality {
  const path = fileReference.exec(equality.path)?.[1]
  return path === undefined ? equality : { ...equality, object: 'file', path }
}

/** The value decides: an address under `domain-name` is an address, 64 digits under MD5 are a SHA-256. */
function ofItsKind(equality: Equality): readonly Equality[] {
  if (equality.path.startsWith('hashes.')) return [ofItsLength(equality)]
  if (!isHost(equality) && !isEnd(equality)) return [equality]
  const value = equality.value.trim().replace(/^\[([0-9a-f:.]+)\]$/i, '$1')
  if (plainName.test(value)) return [ofKind(equality, 'domain-name')]
  if (isUrl(value)) return [{ object: 'url', path: 'value', value }]
  if (normalise('ip-dst', value) !== undefined) return [ofKind({ ...equality, value }, 'ipv4-addr')]
  const end = normalise('ip-dst|port', value) ?? normalise('hostname|port', value)
  if (end !== undefined) return endOf(end, equality)
  if (isHost(equality) && normalise('email-src', value) !== undefined)
    return [{ object: 'email-addr', path: 'value', value }]
  const isName = normalise('domain', value) !== undefined && !/^[\d.]+$/.test(value)
  return [isName ? ofKind(equality, 'domain-name') : equality]
}

/** What is nothing but a name: its last label is no number. */
const plainName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+$/i

const schemes = /^(?:[a-z][a-z0-9+.-]*|h\[tt\]p|hxxps?):\/\//i

/** With a scheme, or a path behind the host; an address with its length of prefix is none. */
function isUrl(value: string): boolean {
  if (schemes.test(value)) return true
  const slash = value.indexOf('/')
  if (slash < 1 || normalise('ip-dst', value) !== undefined) return false
  const host = value.slice(0, slash)
  const isKnown = (['ip-dst', 'domain', 'ip-dst|port', 'hostname|port'] as const).some(
    type => normalise(type, host) !== undefined
  )
  return isKnown && !/^\d+$/.test(value.slice(slash + 1))
}

/** A host under the object of its kind; the end of a connection has one place for all kinds. */
function ofKind(equality: Equality, object: 'ipv4-addr' | 'domain-name'): Equality {
  const isAlready = isEnd(equality) || equality.object.startsWith('ip') === (object === 'ipv4-addr')
  return isAlready ? equality : { ...equality, object }
}

function endOf(end: string, equality: Equality): readonly Equality[] {
  const side = equality.path.startsWith('src') ? 'src' : 'dst'
  const [host, port] = end.split('|') as [string, string]
  return [
    { object: network, path: `${side}_ref.value`, value: host },
    { object: network, path: `${side}_port`, value: port }
  ]
}

/** Only where the algorithm that is named has digits of another length. */
function ofItsLength(equality: Equality): Equality {
  const digits = equality.value.trim()
  const named = algorithmOf(equality.path)
  const known = Object.values(algorithmByLength)
  const algorithm = /^[0-9a-f]+$/i.test(digits) ? algorithmByLength[digits.length] : undefined
  const isOther = algorithm !== undefined && known.includes(named) && named !== algorithm
  return isOther ? { ...equality, path: `hashes.${algorithm}` } : equality
}

/** What a connection has beside its ends. */
const ofConnection: ReadonlySet<string> = new Set(['dst_port', 'src_port', 'protocols[*]'])

/**
 * Hosts by themselves beside a port or protocol are the end that the port is of, else the destination, as MISP's
 * own export means it. Beside an end that is told they stay what they are.
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

/** A directory beside a file is where the file lies. */
function joinPaths(equalities: readonly Equality[]): readonly Equality[] {
  if (!equalities.some(({ object }) => object === 'file')) return equalities
  return equalities.map(equality =>
    equality.object === 'directory' && equality.path === 'path'
      ? { ...equality, object: 'file', path: 'parent_directory_ref.path' }
      : equality
  )
}

/** Services whose accounts have a type of their own in MISP. */
const services: ReadonlySet<string> = new Set(['github', 'twitter'])

/** The name of an account with the service it is of. */
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
