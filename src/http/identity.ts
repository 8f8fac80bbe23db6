import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { basicUserName } from '../auth/credential.ts'
import type { Identity } from '../kernel/identity.ts'
import { memoize } from '../kernel/memoize.ts'

const hidden = '[hidden]'
const maxUserAgent = 200
const maxUser = 64

/**
 * The address of a client; '' when it is gone already. To be asked for on arrival: a socket that is closed has none. A
 * proxy that believes everybody passes on any text: then it is the address of the proxy.
 */
export const addressOf = ({ ip, socket }: FastifyRequest): string =>
  isIP(ip) ? ip : (socket.remoteAddress ?? '')

/**
 * Who sent a request. What looks like a key, holds the credential of the request, or is the operator token, is hidden.
 *
 * @param address see {@link addressOf}
 */
export function identityOf(request: FastifyRequest, address: string): Identity {
  const { authorization, 'user-agent': userAgent } = request.headers
  const user = authorization && toUser(authorization)
  const told = (text: string | undefined, toText: (text: string) => string | undefined) =>
    text && (request.holdsSecret?.(text) ? hidden : toText(text))
  return { address, userAgent: told(userAgent, toUserAgent), user: told(user, toUserName) }
}

const toUser = memoize(basicUserName)
const toUserAgent = memoize((text: string) => toLine(text, maxUserAgent))
const toUserName = memoize((text: string) => toLine(text, maxUser))

/** As long as a key, and of letters and digits; or with the beginning of Sekoia's keys. */
const keyLike = /\bsio_|(?=[\w+=/-]*\d)(?=[\w+=/-]*[a-z])[\w+=-]{20,}/i

/** Without what has no shape of its own, such as line ends and marks that turn the direction of writing. */
function toLine(text: string, maxLength: number): string | undefined {
  if (keyLike.test(text)) return hidden
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return line === '' ? undefined : line.slice(0, maxLength)
}
