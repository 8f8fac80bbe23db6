import { normalise } from './attribute-types.ts'
import type { Equality } from './equalities.ts'
import { algorithmByLength } from './observables.ts'

/** What an equality, or several that hold together, mean where the words say something else or say it twice. */

const schemes = /^(?:[a-z][a-z0-9+.-]*|h\[tt\]p|hxxps?):\/\//i
const hosts: ReadonlySet<string> = new Set(['domain-name', 'hostname', 'ipv4-addr', 'ipv6-addr'])
const network = 'network-traffic'

/**
 * The equalities of a conjunction as they are meant: each value under the object it really is one of (MP-13),
 * without those that restate another (MP-1), host and port as the end of one connection (MP-2).
 */
export function readMeaning(equalities: readonly Equality[]): readonly Equality[] {
  const byKind = equalities.flatMap(equality => ofItsKind(equality, equalities.length === 1))
  return joinEnds(joinPaths(withoutRestatements(byKind)))
}

/** The value decides: an address under `domain-name` is an address, 64 digits under MD5 are a SHA-256. */
function ofItsKind(equality: Equality, isAlone: boolean): readonly Equality[] {
  const { object, path, value } = equality
  if (path.startsWith('hashes.')) return [ofItsLength(equality)]
  if (!hosts.has(object) || path !== 'value') return [equality]
  const isAddress = normalise('ip-dst', value) !== undefined
  if (isAddress) return [object.startsWith('ip') ? equality : { ...equality, object: 'ipv4-addr' }]
  if (schemes.test(value.trim())) return isAlone ? [{ ...equality, object: 'url' }] : [equality]
  const end = normalise('ip-dst|port', value) ?? normalise('hostname|port', value)
  if (end !== undefined && isAlone) return endOf(end)
  const isName = normalise('domain', value) !== undefined && !/^[\d.]+$/.test(value.trim())
  return [object.startsWith('ip') && isName ? { ...equality, object: 'domain-name' } : equality]
}

function endOf(end: string): readonly Equality[] {
  const [host, port] = end.split('|') as [string, string]
  return [
    { object: network, path: 'dst_ref.value', value: host },
    { object: network, path: 'dst_port', value: port }
  ]
}

/** Only where the algorithm that is named has digits of another length. */
function ofItsLength(equality: Equality): Equality {
  const digits = equality.value.trim()
  const named = equality.path.slice('hashes.'.length).replaceAll('-', '')
  const byLength = Object.values(algorithmByLength)
  const algorithm = /^[0-9a-f]+$/i.test(digits) ? algorithmByLength[digits.length] : undefined
  const isOther = algorithm !== undefined && byLength.includes(named) && named !== algorithm
  return isOther ? { ...equality, path: `hashes.${algorithm}` } : equality
}

/** `dst_ref.type = 'ipv4-addr'` says no more than the address itself (STIX 2.1 §9.8); a contradiction stays. */
function withoutRestatements(equalities: readonly Equality[]): readonly Equality[] {
  return equalities.filter(({ object, path, value }) => {
    const reference = path.endsWith('.type') ? path.slice(0, -'.type'.length) : undefined
    if (reference === undefined) return true
    const restated = equalities.filter(
      other => other.object === object && other.path === `${reference}.value`
    )
    return restated.length === 0 || !restated.every(other => isOfType(other.value, value))
  })
}

function isOfType(value: string, type: string): boolean {
  const address = normalise('ip-dst', value)
  if (type === 'domain-name') return address === undefined
  if (address === undefined) return false
  return type === (address.includes(':') ? 'ipv6-addr' : 'ipv4-addr')
}

/** A host of its own, beside a port or protocol, is the end that the port is of; with both ports it is not told. */
function joinEnds(equalities: readonly Equality[]): readonly Equality[] {
  const isHost = ({ object, path }: Equality) => hosts.has(object) && path === 'value'
  const hasPath = (path: string) =>
    equalities.some(equality => equality.object === network && equality.path === path)
  const isTold = hasPath('dst_ref.value') || hasPath('src_ref.value')
  const isOneEnd = hasPath('dst_port') !== hasPath('src_port')
  if (equalities.filter(isHost).length !== 1 || isTold || !isOneEnd) return equalities
  const path = hasPath('dst_port') ? 'dst_ref.value' : 'src_ref.value'
  return equalities.map(equality =>
    isHost(equality) ? { object: network, path, value: equality.value } : equality
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
