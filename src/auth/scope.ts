import { createHmac, createSecretKey } from 'node:crypto'
import type { ApiKey, Caller, ScopeId } from '../kernel/caller.ts'
import { memoize } from '../kernel/memoize.ts'

/**
 * Makes callers of keys. The scope is an HMAC-SHA-256 of the key under the server's secret, cut to 128 bits as
 * 32 hex digits: replicas with the same secret agree on it, and nobody gets back from it to the key (G6).
 */
export function createScopes(secret: Buffer): (key: ApiKey) => Caller {
  const secretKey = createSecretKey(secret)
  const toScope = memoize((key: string): ScopeId => {
    const digest = createHmac('sha256', secretKey).update(key).digest('hex')
    return digest.slice(0, 32) as ScopeId
  })
  return key => ({ key, scope: toScope(key.reveal()) })
}
