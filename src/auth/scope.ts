import { createHmac, createSecretKey } from 'node:crypto'
import type { ApiKey, Caller, ScopeId } from '../kernel/caller.ts'
import { memoize } from '../kernel/memoize.ts'

/**
 * Turns keys into callers. The scope is an HMAC-SHA-256 of the key under the server's secret, cut to 128 bits and
 * written as 32 hex digits. Replicas with the same secret compute the same scope, and nobody can compute the key from
 * it (G6).
 */
export function createScopes(secret: Buffer): (key: ApiKey) => Caller {
  const secretKey = createSecretKey(secret)
  const toScope = memoize((key: string): ScopeId => {
    const digest = createHmac('sha256', secretKey).update(key).digest('hex')
    return digest.slice(0, 32) as ScopeId
  })
  return key => ({ key, scope: toScope(key.reveal()) })
}
