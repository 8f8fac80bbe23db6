import type { IncomingHttpHeaders } from 'node:http'
import { ApiKey } from '../kernel/caller.ts'
import { memoize } from '../kernel/memoize.ts'

export interface CredentialOptions {
  /** Lower-case name of the header that may carry a bare key. */
  readonly headerName: string
  /** Name of the query parameter that may carry a key; undefined: keys in URLs are not looked at. */
  readonly queryParameter: string | undefined
  /** False accepts the standard forms alone. Default true. */
  readonly lenient?: boolean
}

/** What can travel upstream in a header: visible ASCII, up to 4 kB. */
const keyShape = /^[\x21-\x7e]{1,4096}$/
const base64Shape = /^[A-Za-z0-9+/_-]+={0,2}$/

/**
 * The Sekoia key of a request, by every style clients have (CLIENT-11): a named header, a query
 * parameter, `Bearer`, `Token`, `Basic` (key as password, or as user name when the password is empty). Lenient:
 * also `ApiKey`, no scheme at all, and `Basic` before the key itself. The first place that holds a usable key wins;
 * `Authorization` comes last, since a proxy in front may have put its own credentials there. Nothing usable anywhere
 * is `undefined`.
 *
 * @param url path and query as received; read only when `queryParameter` is set.
 */
export function parseCredential(
  headers: IncomingHttpHeaders,
  url: string,
  options: CredentialOptions
): ApiKey | undefined {
  const { headerName, queryParameter, lenient = true } = options
  const key =
    usable(headers[headerName]) ??
    (queryParameter === undefined ? undefined : usable(fromQuery(url, queryParameter))) ??
    inAuthorization[lenient ? 'lenient' : 'strict'](headers.authorization ?? '')
  return key === undefined ? undefined : new ApiKey(key)
}

const usable = (text: unknown): string | undefined =>
  typeof text === 'string' && keyShape.test(text) ? text : undefined

const inAuthorization = {
  lenient: memoize((header: string) => usable(fromAuthorization(header, true))),
  strict: memoize((header: string) => usable(fromAuthorization(header, false)))
}

function fromAuthorization(header: string, lenient: boolean): string | undefined {
  const [, scheme = '', value = ''] = /^(?:([A-Za-z-]+) +)?(\S+) *$/.exec(header) ?? []
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'token':
      return value
    case 'basic':
      return fromBasic(value, lenient)
    case 'apikey':
    case 'api-key':
      return lenient ? value : undefined
    case '':
      return lenient && !schemes.test(value) ? value : undefined
    default:
      return undefined
  }
}

/** A scheme without a credential is no key. */
const schemes = /^(bearer|token|basic|api-?key|digest|negotiate)$/i

/** RFC 7617. Python clients without credentials send `None:None`, which counts as no key. */
function fromBasic(encoded: string, lenient: boolean): string | undefined {
  const text = decodeBase64(encoded)
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon === -1) return lenient ? encoded : undefined
  if (text === 'None:None') return undefined
  return text.slice(colon + 1) || text.slice(0, colon)
}

/**
 * The user name of `Basic`, when it comes with a password: without one the name may be the key.
 *
 * @param authorization the header `Authorization`
 */
export function basicUserName(authorization: string): string | undefined {
  const encoded = /^basic +(\S+) *$/i.exec(authorization)?.[1]
  const text = encoded === undefined ? undefined : decodeBase64(encoded)
  const [, user, password] = /^([^:]*):(.*)$/s.exec(text ?? '') ?? []
  return user && password && text !== 'None:None' ? user : undefined
}

/** Decodes base64 to text, without a newline at its end, which `echo` adds. Undefined if the bytes are no text. */
function decodeBase64(encoded: string): string | undefined {
  if (!base64Shape.test(encoded)) return undefined
  try {
    const text = utf8.decode(Buffer.from(encoded, 'base64')).replace(/[\r\n]+$/, '')
    return /\p{Cc}/u.test(text) ? undefined : text
  } catch {
    return undefined
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function fromQuery(url: string, name: string): string | undefined {
  const start = url.indexOf('?')
  return start === -1
    ? undefined
    : (new URLSearchParams(url.slice(start + 1)).get(name) ?? undefined)
}
