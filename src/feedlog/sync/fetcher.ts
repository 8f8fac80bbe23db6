import type { Caller } from '../../kernel/caller.ts'
import { CursorRefusedError, isRefusal } from '../../kernel/errors.ts'
import { mayBeFull } from '../../kernel/full-page.ts'
import {
  type Ask,
  asLongAs,
  type Fetched,
  leadingOn,
  leadsNowhere,
  withCursor
} from '../../kernel/leading-on.ts'
import type { Entry, Page } from '../../kernel/ports.ts'
import { firstOfLastGroup, hasTies, isTie, limitBeforeLastGroup } from '../../kernel/ties.ts'
import type { Journal } from '../journal/journal.ts'
import type { FeedLogDeps } from '../journal/log-deps.ts'
import { entryKey } from '../journal/packed-index.ts'
import { type Body, concat } from '../journal/segment.ts'
import type { EntryName, SegmentHead, Source } from '../journal/segment-head.ts'
import { reachesBeyond } from './append.ts'
import { LoopGuard } from './cursor-loop.ts'
import { Descent } from './descent.ts'
import { sourceBefore } from './resume-point.ts'

/** Pages of one feed from Sekoia. Throws GatewayError as the upstream does. */
export class Fetcher {
  readonly #journal: Journal
  readonly #parts: FeedLogDeps
  readonly #descent: Descent

  constructor(journal: Journal, parts: FeedLogDeps) {
    this.#journal = journal
    this.#parts = parts
    this.#descent = new Descent(parts, this)
  }

  /**
   * One page that leads on, unless it is the end (see {@link leadingOn}), and that does not end inside a group of equal
   * times: a cursor that is no more than a time would skip the rest of the group (U-4). A full page is asked for once
   * more, only as far as before its last group. `restart` is where to read when Sekoia refuses the cursor.
   */
  async fetch(
    caller: Caller,
    source: Source,
    restart: Source,
    limit = this.#parts.settings.pageLimit
  ): Promise<Fetched> {
    const { settings, meter } = this.#parts
    const ask: Ask = most => this.#ask(caller, source, restart, most)
    const whole = await leadingOn(ask, limit)
    const journal = this.#journal
    if (!journal.hasTies && hasTies(whole.page.entries)) journal.noteTies()
    const isFull = mayBeFull(whole.page, limit) && whole.page.nextCursor !== null
    const mayCutTies = (settings.assumeTies || journal.hasTies) && !whole.isShortened
    if (!isFull || !mayCutTies) return whole
    const shorter = await this.#withoutLastGroup(caller, ask, restart, whole)
    if (!shorter) meter.count('page_edges_unproven')
    return shorter ?? whole
  }

  /** The pages that hold a segment whose body is gone, as one: from its source until beyond its end. */
  async fetchAgain(caller: Caller, head: SegmentHead): Promise<Body> {
    const { sortOrder } = this.#journal
    const isSame = sortOrder === (head.descending ? 'desc' : 'asc')
    if (sortOrder === 'desc') {
      // What was appended at the tip, piece by piece, may stand above the page its segment began with.
      const isOfPage = head.kind === 'history' || head.swept === true
      const isOnePage = isOfPage && head.source.cursor !== undefined
      // A time below which nothing is asked for would keep away what stands lower than its own time says.
      const top: Source = {}
      const source = isSame && isOnePage ? head.source : top
      return this.#descent.again(caller, { source, low: head.minNatural }, top)
    }
    const restart = sourceBefore(head)
    const source = isSame ? head.source : restart
    let fetched = await this.fetch(caller, source, restart)
    let whole: Body = fetched.page
    const followed = new Set<string>()
    const loops = new LoopGuard()
    while (!leadsNowhere(fetched)) {
      if (sortOrder && reachesBeyond(head, fetched.page, this.#parts.clock.now())) break
      const cursor = fetched.page.nextCursor!
      const next = await this.fetch(caller, { cursor }, restart)
      // Throws once Sekoia has led back too often; what comes twice until then does no harm.
      if (followed.has(next.page.nextCursor!) || next.isRestart) loops.mayAskAgain()
      else followed.add(cursor)
      fetched = next
      whole = concat(whole, fetched.page)
    }
    return whole
  }

  /**
   * {@link fetchAgain}, and what of the segment stands elsewhere: members that stood ahead of the clock come behind all
   * that was read since, and those without a time stand where no time tells. They are asked for by id.
   */
  async fetchMembers(caller: Caller, head: SegmentHead): Promise<Body> {
    const page = await this.fetchAgain(caller, head)
    const isThere = new Set(Array.from(page.entries, entryKey))
    const superseded = this.#journal.versions.superseded(head.no)
    const missing = movable(head).filter(
      ([id, time]) => !superseded.has(id) && !isThere.has(entryKey({ id, time: time ?? undefined }))
    )
    if (missing.length === 0) return page
    const ids = [...new Set(missing.map(([id]) => id))]
    try {
      return concat(page, await this.#parts.upstream.objects(caller, ids))
    } catch (error) {
      // A key may read the feed without the right to look objects up.
      if (isRefusal(error)) return page
      throw error
    }
  }

  /** Undefined where nothing proves where the group begins. */
  async #withoutLastGroup(
    caller: Caller,
    ask: Ask,
    restart: Source,
    { page: whole, from }: Fetched
  ): Promise<Fetched | undefined> {
    const limit = limitBeforeLastGroup(whole)
    if (limit === undefined) return undefined
    const shorter = await withCursor(ask, limit)
    const [last, first] = [shorter.page.entries.at(-1), whole.entries[firstOfLastGroup(whole)]!]
    const following = last && entryAfter(last, whole)
    const { nextCursor: cursor } = shorter.page
    const isBefore = cursor !== null && cursor !== whole.nextCursor && cursor !== from.cursor
    if (last && (isTie(last, first) || (following && isTie(last, following)))) {
      // It has moved up meanwhile, or what cannot be read was counted wrongly or stands behind.
      const again = await this.#withoutLastGroup(caller, ask, restart, shorter)
      return again && { ...again, page: asLongAs(whole, again.page) }
    }
    if (!isBefore) return undefined
    if (!last && !(await this.#begins(caller, { cursor }, restart, whole.entries[0]!)))
      return undefined
    return { ...shorter, page: asLongAs(whole, shorter.page) }
  }

  /** Where nothing on a page can be read, only what follows tells that its cursor skips nothing. */
  async #begins(caller: Caller, source: Source, restart: Source, first: Entry): Promise<boolean> {
    const { page, isRestart } = await this.#ask(caller, source, restart, 1)
    return (
      !isRestart && page.entries[0] !== undefined && entryKey(page.entries[0]) === entryKey(first)
    )
  }

  async #ask(caller: Caller, source: Source, restart: Source, limit: number): Promise<Fetched> {
    const { identity, upstream, meter } = this.#parts
    const { feedId, types, all } = identity
    const ask = (from: Source): Promise<Page> =>
      upstream.page(caller, { feedId, types, limit, all, ...from })
    try {
      return { page: await ask(source), isRestart: false, from: source }
    } catch (error) {
      if (source.cursor === undefined || !(error instanceof CursorRefusedError)) throw error
      meter.count('cursors_refused')
      return { page: await ask(restart), isRestart: true, from: restart }
    }
  }
}

const entryAfter = (entry: Entry, { entries }: Page): Entry | undefined => {
  const at = entries.findIndex(each => entryKey(each) === entryKey(entry))
  return at < 0 ? undefined : entries[at + 1]
}

/** Members whose place is not told by a time; at the tip any of them, since it takes what comes from elsewhere too. */
const movable = ({ kind, ahead = [], undated = [], stored }: SegmentHead): EntryName[] =>
  kind === 'tip' ? stored.map(([id, time]): EntryName => [id, time]) : [...ahead, ...undated]
