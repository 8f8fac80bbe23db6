import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ApiKey } from '../kernel/caller.ts'

/** True for the credential that is the operator's token, and no key of Sekoia. */
export type IsOperator = (given: ApiKey) => boolean

/**
 * Compares in a time that tells nothing of the token, not even its length.
 *
 * @param token '' when there is none: then nobody is the operator.
 */
export function createOperatorCheck(token: string): IsOperator {
  if (token === '') return () => false
  const salt = randomBytes(32)
  const digestOf = (text: string) => createHmac('sha256', salt).update(text).digest()
  const expected = digestOf(token)
  return given => timingSafeEqual(digestOf(given.reveal()), expected)
}
