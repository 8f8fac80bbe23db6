import type { Caller } from '../kernel/caller.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Upstream } from '../kernel/ports.ts'
import { isRawRefusal, type RawUpstream } from '../kernel/raw-upstream.ts'
import { type Access, anyFeed } from './access.ts'

/** The upstream, with every answer of Sekoia noted for what it says about the key's rights. */
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

/** The same for requests of native clients: they tell whether the key as such is known. */
export function notingRawRights(raw: RawUpstream, access: Access): RawUpstream {
  return {
    async ask(caller, request, read) {
      const found = await raw.ask(caller, request, read)
      if (!isRawRefusal(found)) access.accepted(caller, anyFeed)
      else if (found.refused.status === 401)
        access.failed(caller, anyFeed, new GatewayError('unauthorized'))
      return found
    }
  }
}
