import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { IdSet, takeIds } from '../../kernel/id-set.ts'
import { asking, leadingOn } from '../../kernel/leading-on.ts'
import type { Page, PageRequest, Upstream } from '../../kernel/ports.ts'
import { toWholeSeconds } from '../../stix/timestamp.ts'

export interface WalkRequest {
  readonly caller: Caller
  readonly feedId: string
  /** Only what was modified after this instant, ms since the epoch; 0 is all. */
  readonly since: number
  /** Objects asked for at a time, at most 2,000. */
  readonly limit: number
  /** Called with each page. */
  readonly onPage?: (page: Page) => Promise<void>
}

const types = ['indicator', 'report']
/** Empty pages with a cursor that moves, in a row. */
const maxEmptyPages = 20

/**
 * The ids of every indicator and report that the feed holds now, from Sekoia itself: the feed log also knows what the
 * feed held before.
 *
 * @throws GatewayError as the upstream does, and `bad-answer` if the walk finds no end. An incomplete walk says
 *    nothing about what is missing.
 */
export async function walkIds(
  upstream: Pick<Upstream, 'page'>,
  { caller, feedId, since, limit, onPage }: WalkRequest
): Promise<IdSet> {
  const ids = new IdSet()
  const seen = new Set<string>()
  const common = { feedId, types, all: true, limit }
  const first = since === 0 ? {} : { modifiedAfter: toWholeSeconds(since) }
  let request: PageRequest = { ...common, ...first }
  let emptyPages = 0
  for (;;) {
    const { page } = await leadingOn(asking(upstream, caller, request), limit)
    await onPage?.(page)
    const { nextCursor } = page
    const isStuck = nextCursor !== null && nextCursor === request.cursor
    // The same cursor again means the end, unless new objects came with it: then more would follow that cannot be asked for.
    if (isStuck && page.entries.some(({ id }) => !ids.has(id))) throw new GatewayError('bad-answer')
    takeIds(page, ids)
    if (nextCursor === null || isStuck) return ids
    emptyPages = page.itemCount === 0 ? emptyPages + 1 : 0
    if (seen.has(nextCursor) || emptyPages > maxEmptyPages) throw new GatewayError('bad-answer')
    seen.add(nextCursor)
    request = { ...common, cursor: nextCursor }
  }
}
