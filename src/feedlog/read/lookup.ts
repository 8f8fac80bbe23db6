import { mayBelong } from '../../feeds/membership.ts'
import type { Caller } from '../../kernel/caller.ts'
import { withDeadline } from '../../kernel/deadline.ts'
import { GatewayError, isRefusal } from '../../kernel/errors.ts'
import type { Clock, Feed, Page, Upstream } from '../../kernel/ports.ts'
import type { LookupRequest, ObjectVersion } from '../../kernel/records.ts'
import { naturalDate } from '../journal/dates.ts'
import { entryKey, PackedIndex } from '../journal/packed-index.ts'
import type { Segment } from '../journal/segment.ts'
import type { FeedLog } from '../sync/feed-log.ts'
import { isWithheld, toRecord, versionPlace } from './matching.ts'

export interface LookupDeps {
  readonly upstream: Upstream
  readonly clock: Clock
  /** How long Sekoia is waited for where the log can answer alone. */
  readonly waitMs: number
  /** The feed's unfiltered log, if there is one. */
  openIfHeld(caller: Caller, feedId: string): Promise<FeedLog | undefined>
  describe(caller: Caller, feedId: string): Promise<Feed | undefined>
}

/**
 * Objects by id: Sekoia says whether they exist and how they are now, the feed log says that they belong to the
 * feed, under which date, and which older versions are held (U-9, P-3).
 */
export class Lookup {
  readonly #parts: LookupDeps

  constructor(parts: LookupDeps) {
    this.#parts = parts
  }

  /** Ascending date. While Sekoia is in trouble the log answers alone. */
  async find(request: LookupRequest): Promise<ObjectVersion[]> {
    const { caller, feedId } = request
    const ids = [...new Set(request.ids)]
    const log = await this.#parts.openIfHeld(caller, feedId)
    const current = await this.#ask(caller, ids, log !== undefined)
    if (log && current) await this.#catchUp(log, current, caller)
    const found: ObjectVersion[] = []
    for (const id of ids) {
      const held = log ? await this.#held(log, id, caller) : []
      const index = current?.entries.findIndex(entry => entry.id === id) ?? -1
      if (current && index < 0) continue
      if (!current && held.length === 0 && !log?.journal.isWhole)
        throw new GatewayError('unavailable')
      const isKnown = !current || held.some(({ key }) => key === entryKey(current.entries[index]!))
      found.push(...held.map(({ record }) => (isKnown ? record : { ...record, isLast: false })))
      if (
        current &&
        !isKnown &&
        (held.length > 0 || (await this.#belongs(request, current, index)))
      )
        found.push(this.#fresh(current, index, held.length === 0))
    }
    return found.sort((a, b) => a.date - b.date)
  }

  async #ask(caller: Caller, ids: string[], canDoWithout: boolean): Promise<Page | undefined> {
    const asking = this.#parts.upstream.objects(caller, ids)
    try {
      return await (canDoWithout ? withDeadline(asking, this.#parts.waitMs) : asking)
    } catch (error) {
      if (isRefusal(error) || !canDoWithout) throw error
      return undefined
    }
  }

  /** A version that the filled log does not have yet is fetched, so that it has one date everywhere. */
  async #catchUp(log: FeedLog, current: Page, caller: Caller): Promise<void> {
    const { journal } = log
    if (!journal.isFilled || log.isEndFresh) return
    const isBehind = await this.#isBehind(log, current, caller)
    if (isBehind) await log.extend(journal.lastChain, caller).catch(() => {})
  }

  async #isBehind(log: FeedLog, current: Page, caller: Caller): Promise<boolean> {
    for (const entry of current.entries) {
      const held = await this.#held(log, entry.id, caller)
      if (!held.some(({ key }) => key === entryKey(entry))) return true
    }
    return false
  }

  async #held(
    log: FeedLog,
    id: string,
    caller: Caller
  ): Promise<{ key: string; record: ObjectVersion }[]> {
    const { journal } = log
    const newest = journal.versions.newest(id)
    if (newest === undefined) return []
    const now = this.#parts.clock.now()
    const held: { key: string; record: ObjectVersion }[] = []
    for (const no of new Set([...journal.versions.olderThanNewest(id), newest])) {
      const head = journal.head(no)
      if (!head) continue
      const segment = await log.load(head, caller)
      const { entries, dates } = segment
      for (let index = 0; index < entries.length; index++) {
        if (entries.idAt(index) !== id || dates[index]! > now) continue
        if (isWithheld(journal, segment, index)) continue
        const record = { ...toRecord(segment, index), ...versionPlace(journal, segment, index) }
        held.push({ key: entryKey({ id, time: entries.timeAt(index) }), record })
      }
    }
    return held
  }

  async #belongs(request: LookupRequest, current: Page, index: number): Promise<boolean> {
    const feed = await this.#parts.describe(request.caller, request.feedId)
    if (!feed) return true
    const { offset, length } = current.entries[index]!
    return mayBelong(feed, JSON.parse(current.bytes.toString('utf8', offset, offset + length)))
  }

  #fresh(current: Page, index: number, isFirst: boolean): ObjectVersion {
    const now = this.#parts.clock.now()
    const date = Math.min(naturalDate(current.entries[index]!.time, now) ?? now, now)
    const entries = PackedIndex.of(current.entries)
    const dates = new Float64Array(entries.length).fill(date)
    const { bytes } = current
    const segment: Segment = {
      bytes,
      entries,
      no: 0,
      stamp: '',
      of: entries.length,
      dates,
      naturals: dates
    }
    return { ...toRecord(segment, index), isLast: true, isFirst }
  }
}
