import { randomBytes } from 'node:crypto'
import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { type Fetched, leadsNowhere } from '../../kernel/leading-on.ts'
import type { Page } from '../../kernel/ports.ts'
import type { DescentPage, Pass } from '../journal/journal-state.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import { entryKey } from '../journal/packed-index.ts'
import { arrange, type Body, concat } from '../journal/segment.ts'
import type { Source } from '../journal/segment-head.ts'
import { RisingError } from './feed-order.ts'
import { liesBelow, rises, spanOf } from './walkable.ts'

/** Where reading down stands. */
export interface DescentPlace {
  readonly source: Source
  /** The place at which the reading began: begun again from there when Sekoia refuses a cursor. */
  readonly top: Source
  /** Below this instant nothing is wanted; undefined: down to the end. */
  readonly bound: number | undefined
  /** Cursors that were read from. */
  readonly followed: ReadonlySet<string | undefined>
}

/** Pages of one feed from Sekoia; `restart` is read where it refuses the cursor. */
export interface PageReader {
  fetch(caller: Caller, source: Source, restart: Source): Promise<Fetched>
}

/** One page further down. */
export interface Step {
  readonly page: Page
  readonly isEnd: boolean
  /** True when the cursor was refused: this is the first page again. */
  readonly isRestart: boolean
}

export interface HeldPage extends DescentPage {
  /** Undefined where it would take too much memory: it is read again. */
  readonly body: Body | undefined
  readonly itemCount: number
}

/** A date may be so much later than the own time it comes from, and neighbours stand in text order. */
const roundingMs = 2000
/** How often an answer that cannot be is asked for again. */
const patience = 3
/** One reading holds no more objects than this part of what segments in memory may take. */
const heldPart = 4
/** How often one reading begins again because its cursor was refused. */
export const maxRestarts = 3

/** Reads a feed that Sekoia lists newest first, page by page to older ones. */
export class Descent {
  readonly #parts: FeedLogDeps
  readonly #pages: PageReader

  constructor(parts: FeedLogDeps, pages: PageReader) {
    this.#parts = parts
    this.#pages = pages
  }

  /**
   * One page. An answer that leads nowhere is the end when it comes twice. Throws GatewayError `bad-answer` when the
   * cursor leads back, RisingError when times rise, again and again.
   */
  async next(caller: Caller, place: DescentPlace): Promise<Step> {
    const { source, top, bound, followed } = place
    let hasAskedAgain = false
    for (let refused = 0; ; ) {
      const fetched = await this.#pages.fetch(caller, source, top)
      const { page, isRestart } = fetched
      const now = this.#parts.clock.now()
      const cursor = page.nextCursor
      const isStuck = leadsNowhere(fetched)
      const isBack = !isStuck && followed.has(cursor!)
      const isRising = rises(page, now)
      if (!isRestart && (isBack || isRising)) {
        if (++refused > patience) throw contradiction(isRising)
        continue
      }
      if (isStuck && !hasAskedAgain) {
        hasAskedAgain = true
        continue
      }
      const isSought = isRestart || source.cursor === undefined
      const { pageLimit } = this.#parts.settings
      const isBelow =
        bound !== undefined && liesBelow(page.entries, bound, { now, pageLimit, isSought })
      return { page, isRestart, isEnd: isStuck || isBelow }
    }
  }

  /**
   * All pages from a place down to `bound`, newest first; of many the older ones are held. `top` is where reading begins
   * again when Sekoia refuses a cursor: above all that is wanted.
   */
  async all(caller: Caller, from: Source, bound: number, top: Source = from): Promise<HeldPage[]> {
    let pages: HeldPage[] = []
    let source = from
    for (let restarts = 0, bytes = 0, firstHeld = 0; ; ) {
      const followed = new Set(pages.map(page => page.source.cursor))
      const step = await this.next(caller, { source, top, bound, followed })
      const { page } = step
      if (step.isRestart) {
        if (++restarts > maxRestarts) throw new GatewayError('bad-answer')
        pages = []
        bytes = 0
        firstHeld = 0
        source = top
      }
      const span = spanOf(page.entries, this.#parts.clock.now())
      pages.push({ source, body: page, low: span?.low, itemCount: page.itemCount })
      bytes += page.bytes.length
      while (
        bytes > this.#parts.settings.cacheMaxBytes / heldPart &&
        firstHeld < pages.length - 1
      ) {
        bytes -= pages[firstHeld]!.body?.bytes.length ?? 0
        pages[firstHeld] = { ...pages[firstHeld]!, body: undefined }
        firstHeld++
      }
      if (step.isEnd) return pages
      source = { cursor: page.nextCursor! }
    }
  }

  /**
   * What lies from a place down to `low`, in ascending order; at least what lay there when it was read before. More than
   * that where Sekoia refuses its cursor by now: then it is read from `top`.
   */
  async again(caller: Caller, { source, low }: DescentPage, top: Source): Promise<Body> {
    const bound = low === undefined ? Number.NEGATIVE_INFINITY : low - roundingMs
    const pages = await this.all(caller, source, bound, top)
    const bodies = await Promise.all(
      pages.map((page, i) => page.body ?? this.#downTo(pages[i + 1]!.source, page, caller))
    )
    return ascending(bodies.reduce((whole, body) => concat(whole, body)))
  }

  /** A page that is not held, as far as the next one: new objects, or fewer at a time, may move its end up. */
  async #downTo(
    { cursor: end }: Source,
    { source, itemCount }: HeldPage,
    caller: Caller
  ): Promise<Body> {
    let whole: Body | undefined
    let from = source
    for (let items = 0; ; ) {
      const fetched = await this.#pages.fetch(caller, from, from)
      const { page } = fetched
      const cursor = page.nextCursor
      whole = whole ? concat(whole, page) : page
      items += page.itemCount
      const isOver = cursor === end || items >= 2 * itemCount
      if (isOver || leadsNowhere(fetched)) return whole
      from = { cursor: cursor! }
    }
  }
}

function contradiction(isRising: boolean): GatewayError {
  return isRising
    ? new RisingError()
    : new GatewayError('bad-answer', { detail: 'Sekoia gave a cursor that leads back' })
}

/** A body in the opposite order; of what came twice the first. */
export function ascending(body: Body): Body {
  const seen = new Set<string>()
  const order: number[] = []
  let i = 0
  for (const entry of body.entries) {
    const key = entryKey(entry)
    if (!seen.has(key)) order.push(i)
    seen.add(key)
    i++
  }
  return arrange(body, order.reverse())
}

export const newPass = (now: number): Pass => ({
  startedAt: now,
  stamp: randomBytes(4).toString('hex'),
  isTurned: false,
  cursor: null,
  pages: [],
  objects: 0
})
