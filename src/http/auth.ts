import fp from 'fastify-plugin'
import { type CredentialOptions, parseCredential } from '../auth/credential.ts'
import type { ApiKey, Caller } from '../kernel/caller.ts'
import { addVary } from './caching.ts'

export interface AuthOptions {
  readonly credentials: CredentialOptions
  readonly toCaller: (key: ApiKey) => Caller
}

/** Sets `request.caller`, undefined without a usable credential. Refuses nobody. */
export const authPlugin = fp<AuthOptions>(
  async (app, { credentials, toCaller }) => {
    app.decorateRequest('caller')
    app.addHook('onRequest', (request, reply, done) => {
      const key = parseCredential(request.headers, request.raw.url ?? '', credentials)
      request.caller = key && toCaller(key)
      if (credentials.headerName !== '') addVary(reply, credentials.headerName)
      done()
    })
  },
  { name: 'auth', fastify: '5.x' }
)

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller | undefined
  }
}
