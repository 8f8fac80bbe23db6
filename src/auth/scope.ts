import { createHmac } from 'node:crypto'
import type { ApiKey, Caller, ScopeId } from '../kernel/caller.ts'

/**
 * Makes callers of keys. The scope is an HMAC-SHA-256 of the key under the server's secret, cut to 128 bits as
 * 32 hex digits: replicas with the same secret agree on it, and nobody gets back from it to the key (G6).
 */
export const createScopes =
  (secret: Buffer) =>
  (key: ApiKey): Caller => ({
    key,
    scope: createHmac('sha256', secret).update(key.reveal()).digest('hex').slice(0, 32) as ScopeId
  })
