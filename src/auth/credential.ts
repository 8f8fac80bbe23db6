import type { IncomingHttpHeaders } from 'node:http'
import { ApiKey } from '../kernel/caller.ts'

export interface CredentialOptions {
  /** Lower-case name of the header that may carry a bare key. */
  readonly headerName: string
  /** Name of the query parameter that may carry a key; undefined: keys in URLs are not looked at. */
  readonly queryParameter: string | undefined
}

export const defaultCredentialOptions: CredentialOptions = {
  headerName: 'x-api-key',
  queryParameter: undefined
}

/** What can travel upstream in a header: visible ASCII, and no longer than any key Sekoia makes. */
const keyShape = /^[\x21-\x7e]{1,256}$/
const base64Shape = /^[A-Za-z0-9+/_-]+={0,2}$/

/**
 * The Sekoia key of a request, by every style clients have (CLIENT-11): `Bearer`, `Token`, `Basic`
 * (key as password, or as user name when the password is empty), a named header, a query parameter. The first
 * place that holds a usable key wins; nothing usable anywhere is `undefined`.
 *
 * @param url path and query as received; read only when `queryParameter` is set.
 */
export function parseCredential(
  headers: IncomingHttpHeaders,
  url: string,
  options: CredentialOptions
): ApiKey | undefined {
  const candidates = [
    fromAuthorization(headers.authorization),
    headers[options.headerName],
    options.queryParameter === undefined ? undefined : fromQuery(url, options.queryParameter)
  ]
  const key = candidates.find(text => typeof text === 'string' && keyShape.test(text))
  return typeof key === 'string' ? new ApiKey(key) : undefined
}

function fromAuthorization(header: string | undefined): string | undefined {
  const match = /^([A-Za-z]+) +(\S+) *$/.exec(header ?? '')
  if (!match) return undefined
  const [, scheme = '', value = ''] = match
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'token':
      return value
    case 'basic':
      return fromBasic(value)
    default:
      return undefined
  }
}

/** RFC 7617. Python clients without credentials send the text `None:None`: that is nobody. */
function fromBasic(encoded: string): string | undefined {
  if (!base64Shape.test(encoded)) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1 || text === 'None:None') return undefined
  return text.slice(colon + 1) || text.slice(0, colon)
}

function fromQuery(url: string, name: string): string | undefined {
  const start = url.indexOf('?')
  return start === -1
    ? undefined
    : (new URLSearchParams(url.slice(start + 1)).get(name) ?? undefined)
}
