import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { domainToASCII } from 'node:url'
import { lowerAscii, refang } from './text.ts'

/** Addresses and names of hosts as MISP stores them, each undefined when MISP would refuse it (MISP-1.9). */

const digits = /^\d{1,10}$/

/** A whole number without leading zeros, at most `max`. */
export function wholeNumber(text: string, max: number): string | undefined {
  const value = Number(text)
  return digits.test(text) && value <= max ? String(value) : undefined
}

/** An address, IPv6 in its short form; no network. */
export function address(text: string): string | undefined {
  const plain = refang(text) ?? ''
  if (isIPv4(plain)) return plain
  if (!isIPv6(plain) || plain.includes('%')) return undefined
  return new SocketAddress({ address: plain, family: 'ipv6' }).address
}

/** An address, or a network in CIDR form; one of a single address becomes that address. */
export function addressOrNetwork(text: string): string | undefined {
  const plain = refang(text) ?? ''
  const slash = plain.indexOf('/')
  if (slash < 0) return address(plain)
  const ip = address(plain.slice(0, slash))
  if (ip === undefined) return undefined
  const bits = isIPv4(ip) ? 32 : 128
  const prefix = wholeNumber(toPrefix(plain.slice(slash + 1)), bits)
  if (prefix === undefined) return undefined
  if (prefix === String(bits)) return ip
  return isCutByMisp(ip, prefix) ? undefined : `${ip}/${prefix}`
}

/** The length of a mask such as `255.255.255.0`; what is none stays as it is. */
function toPrefix(text: string): string {
  if (!isIPv4(text)) return text
  const bits = text
    .split('.')
    .map(part => Number(part).toString(2).padStart(8, '0'))
    .join('')
  return /^1*0*$/.test(bits) ? String(bits.lastIndexOf('1') + 1) : text
}

/** MISP takes the dots of `::ffff:192.0.2.1/32` for IPv4, and drops the `/32`. */
const isCutByMisp = (ip: string, prefix: string): boolean =>
  ip.includes(':') && ip.includes('.') && prefix === '32'

/** A last label of digits alone is part of an address, or of a range of them. */
const domainShape = /^[a-z0-9._-]+\.(?![0-9-]+$)[a-z0-9-]{2,}$/

/** A domain or the name of a host: lower case, no dots at its ends, ASCII. */
export function domain(text: string): string | undefined {
  const plain = withoutEndDots(lowerAscii(refang(text) ?? ''))
  const name = /^[a-z0-9._-]*$/.test(plain) ? plain : toPunycode(plain)
  return name !== undefined && domainShape.test(name) ? name : undefined
}

function withoutEndDots(text: string): string {
  let start = 0
  let end = text.length
  while (text[start] === '.') start++
  while (end > start && text[end - 1] === '.') end--
  return text.slice(start, end)
}

/** Only names: `domainToASCII` also decodes percent signs and reads numbers as IPv4. */
function toPunycode(text: string): string | undefined {
  if (/[^a-z0-9._\u0080-\uffff-]/.test(text)) return undefined
  const name = withoutEndDots(domainToASCII(text))
  return isIPv4(name) ? undefined : name
}

export const port = (text: string): string | undefined => {
  const value = wholeNumber(text, 65_535)
  return value === '0' ? undefined : value
}

/** `<host>|<port>`, from that or from `<host>:<port>`, with brackets around an IPv6. */
export function hostAndPort(
  text: string,
  hostOf: (text: string) => string | undefined
): string | undefined {
  const match = /^\[([^\]|]*)\]:([^:|]*)$|^([^|]*)\|([^|]*)$|^([^:|]*):([^:|]*)$/.exec(
    refang(text) ?? text
  )
  if (!match) return undefined
  const host = hostOf(match[1] ?? match[3] ?? match[5]!)
  const number = port(match[2] ?? match[4] ?? match[6]!)
  return host === undefined || number === undefined ? undefined : `${host}|${number}`
}

/** `x@y.z`, lower case. */
export function mailbox(text: string): string | undefined {
  const plain = lowerAscii(refang(text) ?? '')
  if (/\s/.test(plain)) return undefined
  const at = plain.indexOf('@', 1)
  return at > 0 && plain.includes('.', at) ? plain : undefined
}

/** `aa:bb:cc:dd:ee:ff`. */
export function macAddress(text: string): string | undefined {
  const hex = lowerAscii(text).replace(/[.: -]/g, '')
  return /^[0-9a-f]{12}$/.test(hex) ? hex.match(/../g)!.join(':') : undefined
}

/** The number of an autonomous system, from `64500`, `AS64500` or `0.64500`. */
export function asNumber(text: string): string | undefined {
  const [high, low, more] = text.replace(/^as/i, '').split('.')
  if (low === undefined) return wholeNumber(high!, 4_294_967_295)
  const [first, second] = [wholeNumber(high!, 65_535), wholeNumber(low, 65_535)]
  if (first === undefined || second === undefined || more !== undefined) return undefined
  return String(Number(first) * 65_536 + Number(second))
}
