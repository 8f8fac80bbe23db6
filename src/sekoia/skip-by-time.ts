import type { Caller } from '../kernel/caller.ts'
import type { Page, PageRequest } from '../kernel/ports.ts'
import { toMillis } from '../stix/timestamp.ts'

export type ReadPage = (caller: Caller, request: PageRequest, signal?: AbortSignal) => Promise<Page>

export interface PastByTime {
  readonly caller: Caller
  /** Asks for the object that cannot be had, alone. */
  readonly one: PageRequest
  /** The time of the object before it; undefined when that is not known. */
  readonly after: string | undefined
  /** Cursors at which reading has been since that time. */
  readonly before: readonly string[]
  readonly signal: AbortSignal | undefined
  readonly read: ReadPage
  /** True for the failure of the object; any other ends the search. */
  isGone(error: unknown): boolean
}

const firstStepMs = 1000
const longestSearchMs = 400 * 86_400_000

/**
 * The last way past an object that cannot be had, where Sekoia gives no cursor beyond it: the first page that can
 * be read after the earliest time, to the millisecond, at which one can. When nothing follows it yet, a page of no
 * items that leads nowhere, which is the end of the feed. Undefined when there is no way.
 */
export async function pastByTime(search: PastByTime): Promise<Page | undefined> {
  const { after, one } = search
  const start = after === undefined ? undefined : toMillis(after)
  if (start === undefined) return undefined
  const { cursor: _, ...common } = one

  async function pageAt(millis: number): Promise<Page | undefined> {
    const modifiedAfter = new Date(millis).toISOString()
    try {
      const page = await search.read(search.caller, { ...common, modifiedAfter }, search.signal)
      const isPast = page.nextCursor === null || !search.before.includes(page.nextCursor)
      return isPast || page.itemCount === 0 ? page : undefined
    } catch (error) {
      if (search.isGone(error)) return undefined
      throw error
    }
  }

  let before = start
  let found: Page | undefined
  let step = firstStepMs
  for (; !found && step < longestSearchMs; step *= 2) {
    found = await pageAt(start + step)
    if (!found) before = start + step
  }
  let at = start + step / 2
  while (found && at - before > 1) {
    const middle = Math.floor((before + at) / 2)
    const earlier = await pageAt(middle)
    if (earlier) [found, at] = [earlier, middle]
    else before = middle
  }
  if (!found || found.entries.length > 0) return found && { ...found, limit: 1 }
  return endAt(one)
}

/** What says that nothing follows a place. */
export const endAt = ({ cursor }: PageRequest): Page => ({
  bytes: Buffer.alloc(0),
  entries: [],
  nextCursor: cursor ?? null,
  itemCount: 0,
  limit: 1
})
