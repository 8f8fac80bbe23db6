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
 * Who sent a request. What looks like a key, or is the key of the request, is hidden.
 *
 * @param address see {@link addressOf}
 */
export function identityOf(
  { headers, caller }: Pick<FastifyRequest, 'headers' | 'caller'>,
  address: string
): Identity {
  const key = caller?.key.reveal()
  const withoutKey = (text: string | undefined) =>
    text !== undefined && key !== undefined && text.includes(key) ? hidden : text
  const { authorization, 'user-agent': userAgent } = headers
  return {
    address,
    userAgent: withoutKey(userAgent && toUserAgent(userAgent)),
    user: withoutKey(authorization && toUser(authorization))
  }
}

const toUserAgent = memoize((text: string) => toLine(text, maxUserAgent))

const toUser = memoize((authorization: string) => {
  const name = basicUserName(authorization)
  return name && toLine(name, maxUser)
})

/** As long as a key, and of letters and digits; or with the beginning of Sekoia's keys. */
const keyLike = /\bsio_|(?=[\w+=/-]*\d)(?=[\w+=/-]*[a-z])[\w+=-]{20,}/i

/** Without what has no shape of its own, such as line ends and marks that turn the direction of writing. */
function toLine(text: string, maxLength: number): string | undefined {
  if (keyLike.test(text)) return hidden
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return line === '' ? undefined : line.slice(0, maxLength)
}
