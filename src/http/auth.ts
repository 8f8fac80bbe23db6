import fp from 'fastify-plugin'
import { type CredentialOptions, parseCredential } from '../auth/credential.ts'
import type { IsOperator } from '../auth/operator-token.ts'
import type { ApiKey, Caller } from '../kernel/caller.ts'
import { addVary } from './caching.ts'

export interface AuthOptions {
  readonly credentials: CredentialOptions
  readonly toCaller: (key: ApiKey) => Caller
  /** Left out: nobody is the operator. */
  readonly isOperator?: IsOperator
}

/**
 * Sets `request.caller`, undefined without a usable credential, and `request.isOperator`. The operator is no caller:
 * their token never goes to Sekoia. Refuses nobody.
 */
export const authPlugin = fp<AuthOptions>(
  async (app, { credentials, toCaller, isOperator = () => false }) => {
    app.decorateRequest('caller')
    app.decorateRequest('isOperator', false)
    app.addHook('onRequest', (request, reply, done) => {
      const key = parseCredential(request.headers, request.raw.url ?? '', credentials)
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
  }
}
