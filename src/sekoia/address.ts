import type { GatewayError } from '../kernel/errors.ts'
import { astray } from './failures.ts'

/**
 * Tells answers of Sekoia's API from those of something else: what stands at another address, or a server in
 * front that has lost its way. The words are ours: they go to the log, and nothing of the answer does.
 */
export interface Suspect {
  readonly status: number
  /** Without parameters, lower case. */
  readonly mediaType: string
  readonly location: string | undefined
  /** What was asked. */
  readonly url: URL
  /** True when the body is an error as Sekoia writes them. */
  readonly isSekoiaError: boolean
}

/** The error when it is no answer of Sekoia's API; undefined when it is one. */
export function toAstray(answer: Suspect): GatewayError | undefined {
  const { status, mediaType, isSekoiaError } = answer
  if (status >= 300 && status < 400) return astray(redirected(answer), status)
  if (status === 404 && !isSekoiaError)
    return astray('nothing is known of the path: sekoia.url has a wrong path, or a wrong host', 404)
  if (status === 200 && mediaType === 'text/html')
    return astray(
      'a web page came in place of JSON: sekoia.url is that of an application, or of a login page in front',
      200
    )
  return undefined
}

function redirected({ location = '', url }: Suspect): string {
  const to = URL.parse(location, url.href)
  const where =
    to === null || to.href === url.href
      ? 'to nowhere'
      : to.host !== url.host && to.hostname !== url.hostname
        ? 'to another host'
        : to.protocol !== url.protocol
          ? `to ${to.protocol.slice(0, -1)}`
          : 'to another path'
  return `the answer is a redirect ${where}, which is not followed with a key: sekoia.url must be the address it ends at`
}
