import { isIPv6 } from 'node:net'
import { refangUrl } from './text.ts'

const web = /^https?:\/\/([^/?#]*)/i
const printable = /^[!-~]+$/
const userInfo = /^(?:[\w.~!$&'()*+,;=:-]|%[0-9a-f]{2})*$/i
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/**
 * A link of http or https that passes PHP's URL filter, with which MISP checks the type `link` (MISP-1.9):
 * ASCII without spaces, a host of letters, digits and hyphens. MISP takes other schemes too; reports have none.
 */
export function link(text: string): string | undefined {
  const url = refangUrl(text) ?? ''
  const authority = web.exec(url)?.[1]
  return authority && printable.test(url) && isAuthority(authority) ? url : undefined
}

function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at >= 0 && !userInfo.test(text.slice(0, at))) return false
  const [, host = '', , port = ''] = /^(\[.*\]|[^:]*)(:(\d{1,5}))?$/.exec(text.slice(at + 1)) ?? []
  return isHost(host) && Number(port) <= 65_535
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return isIPv6(host.slice(1, -1)) && !host.includes('%')
  const name = host.replace(/\.$/, '')
  return name.length <= 253 && name.split('.').every(part => label.test(part))
}
