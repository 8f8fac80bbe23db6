import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Page, PageRequest, Upstream } from '../../kernel/ports.ts'
import { toWholeSeconds } from '../../stix/timestamp.ts'

/** A set of ids by 52 random bits of their uuids: 8 bytes each, so that a million fit in memory. */
export class IdSet {
  #ids = new Float64Array(1024)
  #size = 0
  #isSorted = true

  add(id: string): void {
    if (this.#size === this.#ids.length) {
      const larger = new Float64Array(this.#ids.length * 2)
      larger.set(this.#ids)
      this.#ids = larger
    }
    this.#ids[this.#size++] = bitsOf(id)
    this.#isSorted = false
  }

  /**
   * True if the id was added. With a million ids in the set, one in a few thousand million others is taken for one of
   * them.
   */
  has(id: string): boolean {
    if (!this.#isSorted) this.#ids.subarray(0, this.#size).sort()
    this.#isSorted = true
    const bits = bitsOf(id)
    let [low, high] = [0, this.#size]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ids[middle]! < bits) low = middle + 1
      else high = middle
    }
    return this.#ids[low] === bits && low < this.#size
  }
}

/** The uuid's first 12 hex digits and its last one; the 13th is its version. */
function bitsOf(id: string): number {
  const uuid = id.slice(id.indexOf('--') + 2)
  const hex = uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(-1)
  return Number.parseInt(hex, 16)
}

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
    const page = await upstream.page(caller, request)
    await onPage?.(page)
    const { nextCursor } = page
    const isStuck = nextCursor !== null && nextCursor === request.cursor
    // The same cursor again means the end, unless new objects came with it: then more would follow that cannot be asked for.
    if (isStuck && page.entries.some(({ id }) => !ids.has(id))) throw new GatewayError('bad-answer')
    for (const { id } of page.entries) ids.add(id)
    if (nextCursor === null || isStuck) return ids
    emptyPages = page.itemCount === 0 ? emptyPages + 1 : 0
    if (seen.has(nextCursor) || emptyPages > maxEmptyPages) throw new GatewayError('bad-answer')
    seen.add(nextCursor)
    request = { ...common, cursor: nextCursor }
  }
}
