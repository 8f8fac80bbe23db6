import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type CredentialOptions, parseCredential } from '../auth/credential.ts'
import type { IsOperator } from '../auth/operator-token.ts'
import { ApiKey, type Caller } from '../kernel/caller.ts'
import { memoize } from '../kernel/memoize.ts'
import { addVary } from './caching.ts'

export interface AuthOptions {
  readonly credentials: CredentialOptions
  readonly toCaller: (key: ApiKey) => Caller
  /** Left out: nobody is the operator. */
  readonly isOperator?: IsOperator
}

/**
 * Sets `request.caller`, undefined without a usable credential, `request.isOperator` and `request.holdsSecret`. The
 * operator is no caller: their token never goes to Sekoia. Refuses nobody.
 */
export const authPlugin = fp<AuthOptions>(
  async (app, { credentials, toCaller, isOperator = () => false }) => {
    app.decorateRequest('caller')
    app.decorateRequest('isOperator', false)
    app.decorateRequest('credential')
    const isToken = memoize(text => isOperator(new ApiKey(text)))
    app.decorateRequest('holdsSecret', function (this: FastifyRequest, text: string) {
      return isToken(text) || (this.credential && text.includes(this.credential.reveal())) === true
    })
    app.addHook('onRequest', (request, reply, done) => {
      const key = parseCredential(request.headers, request.raw.url ?? '', credentials)
      request.credential = key
      request.isOperator = key !== undefined && isOperator(key)
      request.caller = key && !request.isOperator ? toCaller(key) : undefined
      if (credentials.headerName !== '') addVary(reply, credentials.headerName)
      done()
    })
  },
  { name: 'auth', fastify: '5.x' }
)

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller | undefined
    isOperator: boolean
    /** The key or the operator token that the request carries. */
    credential?: ApiKey | undefined
    /** True for a text with the request's own credential in it, and for the operator token, whoever sends it. */
    holdsSecret?(text: string): boolean
  }
}
