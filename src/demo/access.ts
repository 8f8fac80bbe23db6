/** Keys and what they open (SEKOIA-1, SEKOIA-4, SEKOIA-9.2). */
import type { IncomingMessage } from 'node:http'
import { Problem } from './problem.ts'

export type Permission =
  | 'viewIntelligence'
  | 'viewFeeds'
  | 'manageFeeds'
  /** Objects by id and their files, nothing else. */
  | 'limitedIntelligence'

export interface KeyState {
  status: 'ok' | 'expired' | 'revoked'
  permissions: Permission[]
  /** Custom feeds of the key's community; the default feed is open to every key. */
  feeds: 'all' | string[]
}

/** A key that may do everything, with the given parts changed. */
export const makeKey = (members: Partial<KeyState> = {}): KeyState => ({
  status: 'ok',
  permissions: ['viewIntelligence', 'viewFeeds', 'manageFeeds'],
  feeds: 'all',
  ...members
})

/** The key of a request: Bearer, or Basic with any user name and the key as password. */
export function keyOf({ headers }: IncomingMessage): string | undefined {
  const [, scheme, value] = /^(bearer|basic) +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  if (!value || scheme?.toLowerCase() !== 'basic') return value
  const pair = Buffer.from(value, 'base64').toString()
  return pair.slice(pair.indexOf(':') + 1)
}

/** @throws Problem 401 with the code of the case */
export function authenticate(
  keys: ReadonlyMap<string, KeyState>,
  key: string | undefined
): KeyState {
  const state = key === undefined ? undefined : keys.get(key)
  if (!state) throw new Problem(401, 'The token is invalid', 'T300')
  if (state.status === 'expired') throw new Problem(401, 'The token has expired', 'T301')
  if (state.status === 'revoked') throw new Problem(401, 'The token has been revoked', 'T302')
  return state
}

/** One of the permissions is enough. @throws Problem 403 */
export function permit(key: KeyState, ...permissions: Permission[]): void {
  const has = permissions.some(permission => key.permissions.includes(permission))
  if (!has) throw new Problem(403, 'Permission is missing')
}
