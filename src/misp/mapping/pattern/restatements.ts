import { normalise } from '../values/attribute-types.ts'
import type { Equality } from './equalities.ts'

/** Removes comparisons that repeat what another one beside them says (MP-1), in one pass. */

/** Removes types that the value shows, such as `dst_ref.type = 'ipv4-addr'` (STIX 2.1 §9.8), and formal members. */
export function withoutTypes(equalities: readonly Equality[]): readonly Equality[] {
  const shown = new Set(equalities.flatMap(shownBy))
  return equalities.filter(
    equality =>
      !isFormal(equality) && !shown.has(typeKey(equality.object, equality.path, equality.value))
  )
}

/** Members that do not describe what is observed. The id of an observable is derived from its value. */
const isFormal = ({ object, path, value }: Equality): boolean =>
  path === 'spec_version' ||
  path === 'defanged' ||
  (path === 'id' && value.startsWith(`${object}--`))

const typeKey = (object: string, path: string, value: string): string =>
  JSON.stringify([object, path, value.toLowerCase()])

/** Keys of the comparisons that an equality makes redundant. */
function shownBy({ object, path, value }: Equality): string[] {
  const [, parent = '', last = path] = /^(.*)\.([^.]+)$/.exec(path) ?? []
  if (last === 'type') return []
  const own = typeKey(object, 'type', object)
  if (parent === '') return [own]
  const multipart = path.startsWith('body_multipart[')
    ? [
        typeKey(object, 'is_multipart', 'true'),
        typeKey(object, 'body_multipart[*].content_disposition', 'attachment')
      ]
    : []
  return [own, typeKey(object, `${parent}.type`, typeOf(last, value)), ...multipart]
}

/** The type of the object that has the property. */
function typeOf(property: string, value: string): string {
  if (property !== 'value') return property === 'path' ? 'directory' : 'file'
  const address = normalise('ip-dst', value)
  if (address !== undefined) return address.includes(':') ? 'ipv6-addr' : 'ipv4-addr'
  if (normalise('mac-address', value) !== undefined) return 'mac-addr'
  return normalise('email-src', value) === undefined ? 'domain-name' : 'email-addr'
}

const ends: ReadonlySet<string> = new Set([
  'network-traffic:dst_ref.value',
  'network-traffic:src_ref.value'
])

/** Removes a host that also stands in a URL or at the end of a connection. */
export function withoutHosts(
  equalities: readonly Equality[],
  isHost: (equality: Equality) => boolean
): readonly Equality[] {
  const shown = new Set(
    equalities.flatMap(({ object, path, value }) => {
      if (ends.has(`${object}:${path}`)) return [hostText(value)]
      return object === 'url' && path === 'value' ? [hostOfUrl(value)] : []
    })
  )
  return equalities.filter(equality => !(isHost(equality) && shown.has(hostText(equality.value))))
}

const hostText = (value: string): string =>
  normalise('ip-dst', value) ?? normalise('domain', value) ?? value

/** Removes port, protocol and destination of a connection that a URL beside them contains. */
export function withoutUrlParts(equalities: readonly Equality[]): readonly Equality[] {
  const shown = new Set(equalities.flatMap(partsOfUrl))
  return equalities.filter(({ object, path, value }) => {
    if (object !== 'network-traffic') return true
    return !shown.has(`${path} ${path === 'dst_ref.value' ? hostText(value) : value.toLowerCase()}`)
  })
}

const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443', ftp: '21' }

function partsOfUrl({ object, path, value }: Equality): string[] {
  const url = object === 'url' && path === 'value' ? (normalise('url', value) ?? '') : ''
  const [, scheme = '', , port] = authority.exec(url) ?? []
  if (scheme === '') return []
  const name = scheme.toLowerCase()
  const protocols = ['tcp', name, ...(name === 'https' ? ['http', 'tls', 'ssl'] : [])]
  return [
    `dst_ref.value ${hostOfUrl(value)}`,
    `dst_port ${port ?? defaultPorts[name]}`,
    ...protocols.map(protocol => `protocols[*] ${protocol}`)
  ]
}

const authority = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d+))?/i

function hostOfUrl(value: string): string {
  const host = authority.exec(normalise('url', value) ?? '')?.[2] ?? ''
  return hostText(host.replace(/^\[(.*)\]$/, '$1'))
}
