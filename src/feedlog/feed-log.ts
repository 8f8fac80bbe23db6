import type { Caller } from '../kernel/caller.ts'
import { CursorRefusedError, GatewayError } from '../kernel/errors.ts'
import type { Clock, Entry, LogStore, Meter, Page, StoredHead, Upstream } from '../kernel/ports.ts'
import { toMillis, toWholeSeconds } from '../stix/timestamp.ts'
import {
  type AppendOptions,
  cutAtChain,
  type OpenSegment,
  planAppend,
  reachesBeyond,
  redate,
  restore
} from './append.ts'
import { naturalDate } from './dates.ts'
import {
  type Chain,
  encodeHead,
  type Head,
  type Journal,
  type SettledCursor,
  type Source
} from './journal.ts'
import {
  type Body,
  concat,
  decodeBody,
  encodeBody,
  entryKey,
  pick,
  type Segment,
  type StoredBody
} from './segment.ts'
import type { SegmentCache } from './segment-cache.ts'
import { assertAscending } from './walkable.ts'

export interface FeedLogSettings {
  /** How long a confirmed end is answered without asking Sekoia again. */
  readonly tipSeconds: number
  /** How long a request at the end waits for Sekoia before the end is answered as it was last known. */
  readonly tipWaitMs: number
  /** How late an object may become visible at Sekoia and still be found (P-42). */
  readonly relookSeconds: number
  /** How much of the newest history a new journal dates at its own creation (P-43). */
  readonly rebuildHorizonSeconds: number
  /** Objects per upstream call, at most 2,000. */
  readonly pageLimit: number
  /** True: the end of every full page is checked for a cut tie, not only once ties were seen in the feed. */
  readonly assumeTies: boolean
}

export interface FeedLogParts {
  readonly upstream: Upstream
  readonly store: LogStore
  readonly cache: SegmentCache
  readonly clock: Clock
  readonly meter: Meter
  readonly settings: FeedLogSettings
  /** Tells that Sekoia accepted the caller for this feed just now. */
  onAccepted(caller: Caller, feedId: string): void
}

export interface FeedLogIdentity {
  /** Its name in the store. */
  readonly name: string
  readonly feedId: string
  readonly types: readonly string[]
}

type Floor = AppendOptions['floor']

/** Another writer was first: this log's memory is out of date and has to be loaded again. */
export class StaleLogError extends Error {
  override readonly name = 'StaleLogError'
}

/** How often a place is read again before what is missing there counts as gone. */
const proofsOfAbsence = 3

/** Empty answers with a moving cursor that one extension follows before it takes a rest. */
const maxBarrenAnswers = 20

/**
 * One feed as an ordered, growing list of segments: reads on from Sekoia's last cursor, dates what comes, and
 * keeps journal and bodies. Reading it for clients is in reader.ts.
 */
export class FeedLog {
  readonly identity: FeedLogIdentity
  readonly journal: Journal
  readonly parts: FeedLogParts
  /** When the end of the feed was last confirmed by this process. */
  #confirmedAt = Number.NEGATIVE_INFINITY
  /** When the tip was last asked for in vain. */
  #failedAt = Number.NEGATIVE_INFINITY
  /** The latest instant at which this process answered the end. */
  #endAnsweredAt = 0
  readonly #openedAt: number
  readonly #extensions = new Map<Chain, Promise<void>>()
  readonly #loads = new Map<Head, Promise<Segment>>()
  /** Cursors that history was read from. */
  readonly #followed = new Map<Chain, Set<string | undefined>>()
  /** Chains that go over known ground again, since their cursor was refused. */
  readonly #retracing = new Set<Chain>()
  readonly #open = new Map<Chain, OpenSegment>()
  /** The newest cursor of history, and when it was obtained. */
  #obtained: { cursor: string; readAt: number; afterNo: number } | undefined
  #recent: { afterNo: number; keys: Map<string, number> } | undefined
  #commits: Promise<unknown> = Promise.resolve()
  #appending = 0
  #lastAppend: Promise<void> | undefined
  #unsaved: StoredHead[] = []

  constructor(identity: FeedLogIdentity, journal: Journal, parts: FeedLogParts) {
    this.identity = identity
    this.journal = journal
    this.parts = parts
    this.#openedAt = parts.clock.now()
  }

  get isBusy(): boolean {
    return this.#extensions.size > 0 || this.#unsaved.length > 0
  }

  /** True while the end of the feed is confirmed recently enough to be answered without asking. */
  get isEndFresh(): boolean {
    const age = this.parts.clock.now() - this.#confirmedAt
    return this.journal.state.filled && age >= 0 && age < this.parts.settings.tipSeconds * 1000
  }

  /** True when Sekoia was asked for what is new so recently, in vain, that clients need not wait again. */
  get isTipResting(): boolean {
    const age = this.parts.clock.now() - this.#failedAt
    return age >= 0 && age < this.parts.settings.tipSeconds * 1000
  }

  /** True while records are being added whose dates are already decided. */
  get isAppending(): boolean {
    return this.#appending > 0
  }

  /**
   * Declares that the end of the log is answered to a client now (P-39). Resolves when the journal says so,
   * with false when records came in meanwhile and the end is not the end any more.
   */
  async declareEnd(): Promise<boolean> {
    if (this.isAppending) return false
    const now = this.parts.clock.now()
    this.#endAnsweredAt = Math.max(this.#endAnsweredAt, now)
    if (this.journal.state.endValidUntil >= now) return true
    this.journal.state.endValidUntil = now + this.parts.settings.tipSeconds * 1000
    await this.#commit([], [])
    return !this.isAppending
  }

  /**
   * Reads on from the end of a chain: one page of history, or all that is new at the tip. Callers share one
   * flight per chain. Throws GatewayError as the upstream does, StaleLogError when the log was overtaken.
   */
  extend(chain: Chain, caller: Caller): Promise<void> {
    const running = this.#extensions.get(chain)
    if (running) return running
    const atTip = this.journal.isLast(chain) && this.journal.state.filled
    const flight = (
      atTip ? this.#readTip(chain, caller) : this.#readHistory(chain, caller)
    ).finally(() => this.#extensions.delete(chain))
    this.#extensions.set(chain, flight)
    return flight
  }

  /** Resolves when the records being added now are there. */
  async whenAppended(): Promise<void> {
    await this.#lastAppend?.catch(() => {})
  }

  /** Resolves when nothing is under way any more. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.#extensions.values(), this.#commits])
  }

  async #readHistory(chain: Chain, caller: Caller): Promise<void> {
    let hasAskedAgain = false
    let loops = 0
    for (let answers = 0; answers < maxBarrenAnswers; answers++) {
      const startedAt = this.parts.clock.now()
      const source = nextSource(chain)
      const { page, isRestart } = await this.#fetchUncut(chain, source, caller)
      if (chain.heads.length === 0) assertAscending(page)
      if (isRestart) this.#retracing.add(chain)
      const isRetracing = this.#retracing.has(chain)
      const isStuck = page.nextCursor === null || page.nextCursor === source.cursor
      if (!isStuck && !isRetracing && this.#leadsBack(chain, page.nextCursor)) {
        refuseLoop(++loops)
        continue
      }
      const mayRepeat = isRetracing || isStuck || this.#startsWithLast(chain, page)
      const body = mayRepeat ? await this.#withoutKnown(chain, page, caller) : page
      if (body.entries.length > 0) this.#retracing.delete(chain)
      const reached = await this.#appendHistory(chain, { body, page, source, startedAt })
      const isEnd = page.nextCursor === null || (isStuck && (page.itemCount === 0 || hasAskedAgain))
      if (reached || isEnd) return this.#endHistory(chain)
      if (body.entries.length > 0) return
      hasAskedAgain = isStuck
    }
  }

  /** True when history was already read from this cursor. */
  #leadsBack(chain: Chain, cursor: string | null): boolean {
    const followed = this.#followed.get(chain) ?? new Set(chain.heads.map(sourceCursor))
    this.#followed.set(chain, followed)
    if (chain.state.cursor !== null) followed.add(chain.state.cursor)
    return followed.has(cursor ?? undefined)
  }

  /** True where a cursor includes its own object (U-3). */
  #startsWithLast(chain: Chain, page: Page): boolean {
    const last = this.#open.get(chain)?.segment.entries.at(-1)
    const first = page.entries[0]
    return last !== undefined && first !== undefined && entryKey(last) === entryKey(first)
  }

  async #appendHistory(
    chain: Chain,
    read: { body: Body; page: Page; source: Source; startedAt: number }
  ): Promise<boolean> {
    const next = this.journal.nextChain(chain)
    const { body, reached } = next
      ? cutAtChain(read.body, next.start)
      : { body: read.body, reached: false }
    if (!next) this.#settleHistory(read.source, read.page)
    const floor = this.#floorOfHistory(chain, body)
    if (read.page.nextCursor !== null) chain.state.cursor = read.page.nextCursor
    await this.#append(chain, { body, source: read.source, floor })
    const { cursor } = chain.state
    if (cursor !== null) this.#obtained = { cursor, readAt: read.startedAt, afterNo: lastNo(chain) }
    return reached
  }

  /** New journals date their newest history at their creation, in case an older journal was lost (P-43). */
  #floorOfHistory(chain: Chain, body: Body): Floor {
    const { createdAt } = this.journal.state
    const horizon = createdAt - this.parts.settings.rebuildHorizonSeconds * 1000
    const newest = body.entries.at(-1)?.time
    const isRecent = newest !== undefined && (toMillis(newest) ?? 0) > horizon
    const isRaised = isRecent || chain.heads.at(-1)?.kind === 'tip'
    return isRaised ? { after: createdAt, keepUpTo: horizon } : undefined
  }

  async #endHistory(chain: Chain): Promise<void> {
    if (this.journal.isLast(chain)) {
      this.journal.state.filled = true
      this.#confirmedAt = this.parts.clock.now()
    } else chain.state.linked = true
    await this.#commit([], [])
  }

  /**
   * Notes the cursor a page of history was read from. What follows a cursor bounds its place, whatever the
   * cursor says: if that lies far enough before the moment it was obtained, all before it has settled.
   */
  #settleHistory(source: Source, page: Page): void {
    const first = page.entries[0]
    if (!first || source.cursor === undefined || this.#obtained?.cursor !== source.cursor) return
    const { readAt, afterNo, cursor } = this.#obtained
    const { settled } = this.journal.state
    const at = Math.min(readAt, naturalDate(first, readAt) ?? readAt)
    const isSafe = at + 1000 <= readAt - this.parts.settings.relookSeconds * 1000
    if (isSafe && settled.length === 1) settled[0] = { cursor, at, afterNo }
    else settled.push({ cursor, at, afterNo })
  }

  async #readTip(chain: Chain, caller: Caller): Promise<void> {
    const startedAt = this.parts.clock.now()
    const from = this.#relookCursor()
    let source: Source = from.cursor === null ? startOf(chain) : { cursor: from.cursor }
    const known = await this.#recentKeys(chain, from.afterNo, caller)
    const followed = new Set([from.cursor])
    let isRetracing = false
    let hasAskedAgain = false
    let loops = 0
    for (;;) {
      const { page, isRestart } = await this.#fetchUncut(chain, source, caller)
      const cursor = page.nextCursor
      const isStuck = cursor === null || cursor === source.cursor
      isRetracing ||= isRestart
      const isOld = !isRetracing && leadsBack(chain, cursor, from.afterNo)
      if (!isStuck && (isOld || followed.has(cursor))) {
        refuseLoop(++loops)
        continue
      }
      const isQuiet = !(await this.#appendTip(chain, { page, isRetracing, source, known, caller }))
      const isWhole = page.itemCount < this.parts.settings.pageLimit
      const isNewest = cursor === chain.state.cursor
      if (cursor !== null) this.#settleTip(chain, cursor)
      if (cursor === null || (isNewest && isQuiet && isWhole)) break
      if (isStuck && isQuiet && (page.itemCount === 0 || hasAskedAgain)) break
      hasAskedAgain = isStuck && isQuiet
      followed.add(cursor)
      source = { cursor }
    }
    this.#confirmedAt = this.parts.clock.now()
    this.journal.state.lastReadAt = startedAt
    await this.#commit([], [])
  }

  async #appendTip(
    chain: Chain,
    read: {
      page: Page
      isRetracing: boolean
      source: Source
      known: ReadonlyMap<string, number>
      caller: Caller
    }
  ): Promise<boolean> {
    const unknown = pick(read.page, entry => !read.known.has(entryKey(entry)))
    const body = read.isRetracing ? await this.#withoutKnown(chain, unknown, read.caller) : unknown
    await this.#append(chain, { body, source: read.source, floor: 'tip' })
    return body.entries.length > 0
  }

  /** No client can have been told of the end later than this (P-39). */
  #floorOfTip(): Floor {
    const until = Math.max(this.journal.state.endValidUntil, this.#openedAt)
    const after = Math.max(Math.min(this.parts.clock.now(), until), this.#endAnsweredAt)
    return { after, keepUpTo: Number.NEGATIVE_INFINITY }
  }

  /**
   * Where the tip is read from: the newest cursor before which everything had settled when it was last read.
   * The first of the list always is; the others are once a reading of the tip began late enough after them.
   */
  #relookCursor(): SettledCursor {
    const { settled, lastReadAt } = this.journal.state
    const before = lastReadAt - this.parts.settings.relookSeconds * 1000
    const usable = settled.findLastIndex(candidate => candidate.at <= before)
    if (usable > 0) settled.splice(0, usable)
    return settled[0]!
  }

  #settleTip(chain: Chain, cursor: string): void {
    chain.state.cursor = cursor
    const { settled } = this.journal.state
    if (settled.some(known => known.cursor === cursor)) return
    settled.push({ cursor, at: this.parts.clock.now(), afterNo: lastNo(chain) })
  }

  async #append(
    chain: Chain,
    what: { body: Body; source: Source; floor: Floor | 'tip' }
  ): Promise<void> {
    const body = this.#withoutOpen(chain, what.body)
    if (body.entries.length === 0) return
    this.#appending++
    this.#lastAppend = this.#appendNow(chain, { ...what, body }).finally(() => this.#appending--)
    await this.#lastAppend
  }

  async #appendNow(
    chain: Chain,
    { body, source, floor }: { body: Body; source: Source; floor: Floor | 'tip' }
  ): Promise<void> {
    const { head, segment } = planAppend({
      journal: this.journal,
      chain,
      body,
      source,
      floor: floor === 'tip' ? this.#floorOfTip() : floor,
      now: this.parts.clock.now(),
      open: this.#open.get(chain)
    })
    const ids = segment.entries.map(entry => entry.id)
    await this.#commit([encodeHead(head, ids)], [{ no: head.no, body: await encodeBody(segment) }])
    this.journal.put(head, ids)
    this.#open.set(chain, { head, segment })
    this.parts.cache.set(this.identity.name, segment)
    this.#remember(body, head.no)
    this.parts.meter.count('objects_read', {}, body.entries.length)
  }

  /**
   * One page that does not end inside a group of equal times: a cursor that is no more than a time would skip
   * the rest of the group (U-4). A full page is asked for once more, only as far as before its last group.
   */
  async #fetchUncut(
    chain: Chain,
    source: Source,
    caller: Caller,
    again?: Head
  ): Promise<{ page: Page; isRestart: boolean }> {
    const whole = await this.#fetch(chain, source, caller, { again })
    const { entries, itemCount, nextCursor } = whole.page
    const { settings, meter } = this.parts
    const { state } = this.journal
    state.hasTies ||= entries.some((entry, i) => i > 0 && isTie(entry, entries[i - 1]!))
    const isFull = itemCount >= settings.pageLimit && nextCursor !== null
    if (!isFull || !(settings.assumeTies || state.hasTies)) return whole
    const group = entries.findIndex(entry => isTie(entry, entries.at(-1)!))
    if (group > 0) {
      const limit = itemCount - (entries.length - group)
      const shorter = await this.#fetch(chain, source, caller, { again, limit })
      const last = shorter.page.entries.at(-1)
      const cursor = shorter.page.nextCursor
      const isBefore = cursor !== null && cursor !== nextCursor && cursor !== source.cursor
      if (last && !isTie(last, entries[group]!) && isBefore)
        return { ...shorter, page: { ...shorter.page, itemCount } }
    }
    meter.count('page_edges_unproven')
    return whole
  }

  /** No segment holds the same version twice: a place in it could not be told from the other. */
  #withoutOpen(chain: Chain, body: Body): Body {
    const open = this.#open.get(chain)
    if (!open || !body.entries.some(({ id }) => this.journal.newest(id) === open.head.no))
      return body
    const held = new Set(open.segment.entries.map(entryKey))
    return pick(body, entry => !held.has(entryKey(entry)))
  }

  /** One page, from a cursor or, when Sekoia refuses the cursor, from a time that lies safely before it. */
  async #fetch(
    chain: Chain,
    source: Source,
    caller: Caller,
    how: { readonly again?: Head | undefined; readonly limit?: number }
  ): Promise<{ page: Page; isRestart: boolean }> {
    const { upstream, meter } = this.parts
    const { feedId, types } = this.identity
    const { again, limit = this.parts.settings.pageLimit } = how
    const ask = async (from: Source): Promise<Page> => {
      const page = await upstream.page(caller, { feedId, types, limit, ...from })
      this.parts.onAccepted(caller, feedId)
      return page
    }
    try {
      return { page: await ask(source), isRestart: false }
    } catch (error) {
      if (source.cursor === undefined || !(error instanceof CursorRefusedError)) throw error
      meter.count('cursors_refused')
      const restart = again ? beforeHead(again) : this.#restartOf(chain)
      return { page: await ask(restart), isRestart: true }
    }
  }

  #restartOf(chain: Chain): Source {
    const from = this.#restartTime(chain)
    return from <= 2000 ? startOf(chain) : { modifiedAfter: toWholeSeconds(from - 2000) }
  }

  #restartTime(chain: Chain): number {
    const { filled, lastReadAt } = this.journal.state
    if (!filled || !this.journal.isLast(chain)) return chain.progress
    const settled = (lastReadAt || this.#openedAt) - this.parts.settings.relookSeconds * 1000
    return Math.min(settled, chain.progress)
  }

  /** A restarted or stuck page may hold the entries of the chain's last seconds again. */
  async #withoutKnown(chain: Chain, body: Body, caller: Caller): Promise<Body> {
    const from = this.#restartTime(chain) - 3000
    const heads = chain.heads.filter(head => head.maxNatural >= from)
    const known = await this.#keysOf(heads, caller)
    return pick(body, entry => !known.has(entryKey(entry)))
  }

  async #recentKeys(chain: Chain, afterNo: number, caller: Caller): Promise<Map<string, number>> {
    if (!this.#recent || this.#recent.afterNo > afterNo) {
      const heads = chain.heads.filter(head => head.no >= afterNo)
      this.#recent = { afterNo, keys: await this.#keysOf(heads, caller) }
    }
    for (const [key, no] of this.#recent.keys) {
      if (no >= afterNo) break
      this.#recent.keys.delete(key)
    }
    this.#recent.afterNo = afterNo
    return this.#recent.keys
  }

  #remember(body: Body, no: number): void {
    if (!this.#recent) return
    for (const entry of body.entries) this.#recent.keys.set(entryKey(entry), no)
  }

  async #keysOf(heads: readonly Head[], caller: Caller): Promise<Map<string, number>> {
    const keys = new Map<string, number>()
    for (const head of heads) {
      if (head.kind === 'tip') {
        for (const [id, time] of head.stored)
          keys.set(entryKey({ id, time: time ?? undefined }), head.no)
      } else {
        const segment = await this.load(head, caller)
        for (const entry of segment.entries) keys.set(entryKey(entry), head.no)
      }
    }
    return keys
  }

  /** The segment of a head, if it is in memory. */
  held(head: Head): Segment | undefined {
    return this.parts.cache.get(this.identity.name, head)
  }

  /** The segment of a head: from memory, from the store, or read again from Sekoia. */
  load(head: Head, caller: Caller): Promise<Segment> {
    const held = this.held(head)
    if (held) return Promise.resolve(held)
    const running = this.#loads.get(head)
    if (running) return running
    const flight = this.#read(head, caller).finally(() => this.#loads.delete(head))
    this.#loads.set(head, flight)
    return flight
  }

  async #read(head: Head, caller: Caller): Promise<Segment> {
    const { cache, clock, meter } = this.parts
    const stored = await this.#readStored(head)
    meter.count('segments_loaded', { from: stored ? 'store' : 'sekoia' })
    const segment = stored ? redate(head, stored, clock.now()) : await this.#restore(head, caller)
    cache.set(this.identity.name, segment)
    if (!stored) await this.#keep(segment)
    return segment
  }

  /**
   * A body read again may lack what has moved or was deleted since. What the log does not know to have moved is
   * asked for again before it counts as gone: one wrong answer of Sekoia must not empty a segment.
   */
  async #restore(head: Head, caller: Caller): Promise<Segment> {
    const ids = head.kind === 'tip' ? new Set(head.stored.map(([id]) => id)).size : head.count
    const expected = ids - this.journal.supersededCount(head.no)
    let fullest: Segment | undefined
    for (let asked = 0; asked < proofsOfAbsence; asked++) {
      const segment = restore(head, await this.#fetchAgain(head, caller), {
        now: this.parts.clock.now(),
        isMember: id => this.journal.isMember(id, head.no)
      })
      if (!fullest || segment.entries.length > fullest.entries.length) fullest = segment
      if (fullest.entries.length >= expected) break
    }
    return fullest!
  }

  async #readStored(head: Head): Promise<StoredBody | undefined> {
    try {
      const stored = await this.parts.store.readBody(this.identity.name, head.no)
      const body = stored && (await decodeBody(stored))
      return body && body.of >= head.count ? body : undefined
    } catch {
      this.parts.meter.count('store_errors', { operation: 'read' })
      return undefined
    }
  }

  async #keep(segment: Segment): Promise<void> {
    try {
      await this.parts.store.writeBody(this.identity.name, segment.no, await encodeBody(segment))
    } catch {
      this.parts.meter.count('store_errors', { operation: 'write' })
    }
  }

  /** Pages from a segment's source until they reach beyond it. */
  async #fetchAgain(head: Head, caller: Caller): Promise<Page> {
    const chain = this.journal.chains.find(candidate => candidate.start === head.chain)!
    let { page } = await this.#fetchUncut(chain, head.source, caller, head)
    let whole: Page = page
    let from = head.source.cursor
    while (page.nextCursor !== null && page.nextCursor !== from) {
      if (reachesBeyond(head, page, this.parts.clock.now())) break
      from = page.nextCursor
      page = (await this.#fetchUncut(chain, { cursor: from }, caller, head)).page
      whole = { ...concat(whole, page), nextCursor: page.nextCursor, itemCount: whole.itemCount }
    }
    return whole
  }

  #commit(heads: StoredHead[], bodies: { no: number; body: Buffer }[]): Promise<void> {
    const run = this.#commits.then(() => this.#commitNow(heads, bodies))
    this.#commits = run.catch(() => {})
    return run
  }

  /** A store in trouble is not the client's trouble: what could not be written is written later. */
  async #commitNow(heads: StoredHead[], bodies: { no: number; body: Buffer }[]): Promise<void> {
    const { journal } = this
    const unsaved = [...this.#unsaved, ...heads]
    let isFirst: boolean
    try {
      isFirst = await this.parts.store.commit(this.identity.name, {
        expectedVersion: journal.version,
        state: journal.encodeState(),
        heads: unsaved,
        bodies
      })
    } catch {
      this.#unsaved = unsaved
      this.parts.meter.count('store_errors', { operation: 'commit' })
      return
    }
    if (!isFirst) throw new StaleLogError()
    journal.version++
    this.#unsaved = []
  }
}

const isTie = (a: Entry, b: Entry): boolean => a.time !== undefined && a.time === b.time

const sourceCursor = (head: Head): string | undefined => head.source.cursor

const startOf = (chain: Chain): Source =>
  chain.start === 0 ? {} : { modifiedAfter: toWholeSeconds(chain.start - 1000) }

const nextSource = (chain: Chain): Source =>
  chain.state.cursor === null ? startOf(chain) : { cursor: chain.state.cursor }

/** A time from which all of a segment can be read again. */
const beforeHead = (head: Head): Source =>
  head.minNatural <= 2000 ? {} : { modifiedAfter: toWholeSeconds(head.minNatural - 2000) }

const lastNo = (chain: Chain): number => chain.heads.at(-1)?.no ?? 0

/** True when a cursor was already read from, by a segment up to `upToNo`. */
const leadsBack = (chain: Chain, cursor: string | null, upToNo: number): boolean =>
  chain.heads.some(head => head.no <= upToNo && head.source.cursor === cursor)

/** A cursor that leads back is asked for again twice; then it is Sekoia's fault, never an end. */
function refuseLoop(times: number): void {
  if (times > 2)
    throw new GatewayError('bad-answer', { detail: 'Sekoia gave a cursor that leads back' })
}
