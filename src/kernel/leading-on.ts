import type { Caller } from './caller.ts'
import { GatewayError } from './errors.ts'
import { canBeShortened, mayBeFull } from './full-page.ts'
import type { Page, PageRequest, Upstream } from './ports.ts'
import { isTie, limitBeforeLastGroup } from './ties.ts'

export interface Fetched {
  readonly page: Page
  /** True when the cursor was refused and the page was read from a time instead (U-7). */
  readonly isRestart: boolean
  /** Where the page was read from. */
  readonly from: Pick<PageRequest, 'cursor' | 'modifiedAfter'>
  /** True for a page that was made to end before objects of another time. */
  readonly isShortened?: boolean
}

/** One page with at most so many objects, always from the same place. */
export type Ask = (limit: number) => Promise<Fetched>

export const asking =
  (upstream: Pick<Upstream, 'page'>, caller: Caller, from: PageRequest): Ask =>
  async limit => {
    return { page: await upstream.page(caller, { ...from, limit }), isRestart: false, from }
  }

/** Shorter pages cannot be asked for with one object less: more are asked for instead. */
const minProvable = 3
/** How often a shorter page is asked for whose cursor leads nowhere, although more must follow. */
const patience = 2

/**
 * A page that leads on, unless it is the end. A full page whose cursor leads nowhere may be a slip of Sekoia: it is
 * asked for again, and then without its last object, whose cursor has to lead there (G4). That costs three calls where
 * a feed ends with a full page without a cursor, and none elsewhere. Throws GatewayError `bad-answer` when it remains
 * unproven whether that is the end.
 */
export async function leadingOn(ask: Ask, limit: number): Promise<Fetched> {
  const first = await ask(limit)
  if (!isStuck(first, limit)) return first
  const most = Math.max(limit, minProvable)
  const whole = await ask(most)
  return isStuck(whole, most) ? shortened(ask, whole, most) : whole
}

/** A page that others follow. Throws GatewayError `bad-answer` when it is full and has no cursor, again and again. */
export async function withCursor(ask: Ask, limit: number): Promise<Fetched> {
  for (let asked = 0; asked < patience; asked++) {
    const found = await ask(limit)
    if (found.page.nextCursor !== null || !mayBeFull(found.page, limit)) return found
  }
  throw contradiction()
}

/** True when a page has no cursor, or the one that it was read from. A refused one that comes again is another matter. */
export const leadsNowhere = ({ page, from }: Pick<Fetched, 'page' | 'from'>): boolean =>
  page.nextCursor === null || page.nextCursor === from.cursor

const contradiction = (): GatewayError =>
  new GatewayError('bad-answer', { detail: 'Sekoia gave a full page whose cursor leads nowhere' })

const isStuck = (fetched: Fetched, asked: number): boolean =>
  mayBeFull(fetched.page, asked) && leadsNowhere(fetched)

async function shortened(ask: Ask, whole: Fetched, asked: number): Promise<Fetched> {
  const { page } = whole
  const isLong = canBeShortened(page, asked)
  const oneLess = isLong ? page.itemCount - 1 : 1
  for (const limit of [(isLong && limitBeforeLastGroup(page)) || oneLess, oneLess]) {
    const part = await ask(limit)
    if (!isStuck(part, limit)) return joined(part, whole)
  }
  // No number of objects proves that one which cannot be read took no others with it.
  if (!isLong && (page.unreadable?.length || page.skipped)) return whole
  throw contradiction()
}

/** It counts as full. Where it ends among objects of one time its cursor may skip the others: they are there already. */
function joined(part: Fetched, { page: whole, isRestart }: Fetched): Fetched {
  if (part.page.nextCursor === null || part.isRestart !== isRestart) return part
  const [last, wanted] = [part.page.entries.at(-1), whole.entries.at(-1)]
  const isApart = !last || !wanted || !isTie(last, wanted)
  const page = isApart ? part.page : { ...whole, nextCursor: part.page.nextCursor }
  return { ...part, page: asLongAs(whole, page), isShortened: true }
}

/** The page in place of a longer one: more follow it, so that it counts as full. */
export const asLongAs = ({ itemCount }: Page, page: Page): Page => ({
  ...page,
  itemCount,
  limit: itemCount
})
