import { LRUCache } from 'lru-cache'
import type { Caller, ScopeId } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Clock, Upstream } from '../kernel/ports.ts'
import { isRawRefusal, type RawAnswer, type RawUpstream } from '../kernel/raw-upstream.ts'
import { type Access, anyFeed } from './access.ts'

/** The Sekoia client, with each answer noted for what it says about the key's rights. */
export function notingRights<T extends Upstream>(upstream: T, access: Access): Upstream {
  const noted = async <R>(caller: Caller, feedId: string, call: Promise<R>): Promise<R> => {
    try {
      const answer = await call
      access.accepted(caller, feedId)
      return answer
    } catch (error) {
      access.failed(caller, feedId, error)
      throw error
    }
  }
  return {
    page: (caller, request, signal) =>
      noted(caller, request.feedId, upstream.page(caller, request, signal)),
    objects: (caller, ids, signal) => noted(caller, anyFeed, upstream.objects(caller, ids, signal)),
    feeds: (caller, signal) => noted(caller, anyFeed, upstream.feeds(caller, signal)),
    feed: (caller, feedId, signal) => noted(caller, anyFeed, upstream.feed(caller, feedId, signal)),
    verifyKey: (caller, signal) => noted(caller, anyFeed, upstream.verifyKey(caller, signal))
  }
}

export interface RawRightsOptions {
  readonly clock: Clock
  /** How long a refused key is refused without asking Sekoia again. */
  readonly refusedSeconds: number
}

interface Refused {
  readonly answer: RawAnswer
  readonly at: number
}

/**
 * The same for native clients, whose requests show whether Sekoia knows the key. A refused key is refused again for a
 * short time without a call, so that made-up keys cost few calls.
 */
export function notingRawRights(
  raw: RawUpstream,
  access: Pick<Access, 'accepted' | 'failed'>,
  { clock, refusedSeconds }: RawRightsOptions
): RawUpstream {
  const refused = new LRUCache<ScopeId, Refused>({ max: 10_000 })
  const isRecent = ({ at }: Refused) => clock.now() - at < refusedSeconds * 1000

  return {
    async ask(caller, request, read) {
      const known = refused.get(caller.scope)
      if (known && isRecent(known)) return { refused: known.answer }
      const found = await raw.ask(caller, request, read)
      if (!isRawRefusal(found)) access.accepted(caller, anyFeed)
      else if (found.refused.status === 401) {
        refused.set(caller.scope, { answer: found.refused, at: clock.now() })
        access.failed(caller, anyFeed, new GatewayError('unauthorized'))
      }
      return found
    }
  }
}
