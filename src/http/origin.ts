import { compile } from '@fastify/proxy-addr'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** The address under which the client reaches the gateway. */
export interface Origin {
  readonly protocol: string
  /** Host and port as the client named them. */
  readonly host: string
  /** Path that a proxy in front takes off; '' without one. */
  readonly prefix: string
}

/** True for the address of a proxy whose `X-Forwarded-*` are believed. */
export type IsTrusted = (address: string | undefined) => boolean

/** @param trustProxy as in Fastify: nobody, everybody, or addresses and networks. */
export function compileTrust(trustProxy: boolean | string | readonly string[]): IsTrusted {
  if (typeof trustProxy === 'boolean') return () => trustProxy
  const isListed = compile(typeof trustProxy === 'string' ? trustProxy : [...trustProxy])
  return address => address !== undefined && isListed(address, 0)
}

const forwarded = ['proto', 'host', 'port', 'prefix'].map(name => `x-forwarded-${name}`)

/**
 * Sets `request.origin`. If several proxies add values, the first counts, which is the one the client used; Fastify's
 * own `host` and `protocol` take the last. Headers from an address that is not trusted are ignored, with one warning
 * in the log: `SERVER_TRUST_PROXY` may be missing.
 */
export function decorateOrigin(app: FastifyInstance, isTrusted: IsTrusted): void {
  let isWarned = false
  app.decorateRequest('origin', {
    getter(this: FastifyRequest) {
      return originOf(this, isTrusted)
    }
  })
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isWarned && !isTrusted(request.socket.remoteAddress)) {
      const header = forwarded.find(name => request.headers[name] !== undefined)
      if (header) {
        isWarned = true
        const address = request.socket.remoteAddress
        request.log.warn(
          { header, address },
          'a proxy that is not trusted forwards requests: name its address in SERVER_TRUST_PROXY'
        )
      }
    }
    done()
  })
}

function originOf({ headers, socket, raw }: FastifyRequest, isTrusted: IsTrusted): Origin {
  const isTls = 'encrypted' in raw.socket
  const own = { protocol: isTls ? 'https' : 'http', host: headers.host ?? '', prefix: '' }
  if (!isTrusted(socket.remoteAddress)) return own
  const first = (name: string) =>
    String(headers[`x-forwarded-${name}`] ?? '')
      .split(',', 1)[0]!
      .trim()
  const protocol = /^https?$/i.test(first('proto')) ? first('proto').toLowerCase() : own.protocol
  const prefix = first('prefix').replace(/\/+$/, '')
  return {
    protocol,
    host: withPort(first('host') || own.host, first('port'), protocol),
    prefix: /^(\/[\w.~-]+)+$/.test(prefix) ? prefix : ''
  }
}

/** A host without a port gets the forwarded one, unless it is the usual one. */
function withPort(host: string, port: string, protocol: string): string {
  const usual = protocol === 'https' ? '443' : '80'
  const hasPort = /:\d+$/.test(host)
  return hasPort || !/^\d{1,5}$/.test(port) || port === usual ? host : `${host}:${port}`
}

/** Base of the URLs for the client, without a slash at its end; the path prefix alone if the host is malformed. */
export const baseUrlOf = ({ protocol, host, prefix }: Origin): string =>
  /^[\w.:[\]-]+$/.test(host) ? `${protocol}://${host}${prefix}` : prefix

declare module 'fastify' {
  interface FastifyRequest {
    readonly origin: Origin
  }
}
