import type { FeedRecord } from '../../kernel/records.ts'

/** What a client does not want of a feed; decided when a page is made, by what is known then. */
export interface Unwanted {
  readonly revoked: boolean
  readonly expired: boolean
}

/** A test of what stays; undefined when everything does. */
export function wanted(
  { revoked, expired }: Unwanted,
  now: number
): ((record: FeedRecord) => boolean) | undefined {
  if (!revoked && !expired) return undefined
  return ({ bytes }) => {
    const mayBeRevoked = revoked && bytes.includes('"revoked"')
    const mayExpire = expired && bytes.includes('"valid_until"')
    if (!mayBeRevoked && !mayExpire) return true
    const object = JSON.parse(bytes.toString()) as Record<string, unknown>
    if (revoked && object['revoked'] === true) return false
    return !expired || !isExpired(object['valid_until'], now)
  }
}

/** A date that cannot be read never passes, as at Sekoia. */
const isExpired = (until: unknown, now: number): boolean =>
  typeof until === 'string' && Date.parse(until) <= now
