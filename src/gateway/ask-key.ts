import type { Caller } from '../kernel/caller.ts'
import { asGatewayError, type ErrorKind } from '../kernel/errors.ts'
import type { Upstream } from '../kernel/ports.ts'
import type { KeyAnswers } from './condition.ts'

/** Asks Sekoia for the list of feeds, and for one object of a feed that every community has. */
export async function askKey(
  upstream: Pick<Upstream, 'feeds' | 'page'>,
  caller: Caller,
  defaultFeedId: string
): Promise<KeyAnswers> {
  const [feeds, intelligence] = await Promise.all([
    kindOf(upstream.feeds(caller)),
    kindOf(upstream.page(caller, { feedId: defaultFeedId, types: [], limit: 1 }))
  ])
  return { feeds, intelligence }
}

const kindOf = (call: Promise<unknown>): Promise<ErrorKind | undefined> =>
  call.then(
    () => undefined,
    error => asGatewayError(error).kind
  )
