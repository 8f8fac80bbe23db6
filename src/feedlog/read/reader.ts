import { withDeadline } from '../../kernel/deadline.ts'
import { asGatewayError, GatewayError, isRefusal } from '../../kernel/errors.ts'
import { giveWayIfDue } from '../../kernel/give-way.ts'
import { cutPage, isEnough } from '../../kernel/page-cut.ts'
import { elapsedOf } from '../../kernel/ports.ts'
import {
  type Outcome,
  type Position,
  positionIn,
  type ReadRequest,
  type ReadResult
} from '../../kernel/records.ts'
import type { Validity } from '../../kernel/validity.ts'
import type { Chain } from '../journal/chain.ts'
import { StaleLogError } from '../journal/log-deps.ts'
import { firstIndex } from '../journal/search.ts'
import type { Segment } from '../journal/segment.ts'
import type { SegmentHead } from '../journal/segment-head.ts'
import type { FeedLog } from '../sync/feed-log.ts'
import { findChain, startBucket } from './find-chain.ts'
import { chunksOf, type Found, FoundPage, isSparse, matches, runsOf } from './matching.ts'
import { indexIn, lowerBound, positionAfter, secondOf } from './position.ts'

export interface ReadTerms {
  /** Moment after which the answer is made from what was found, by {@link elapsedOf}. */
  readonly deadline: number
  /** True when the log was loaded for this read: a token cannot know more of it than the store does. */
  readonly isReloaded: boolean
}

/** How the collecting came to an end. */
type Ending = 'enough' | 'end' | 'short'

/** Records dated this little ahead of the clock are waited for. */
const futureWaitMs = 1000

/**
 * One read of a feed log: finds the place, collects what matches across segments and chains, has the log
 * extended where it ends, and cuts the page.
 */
export class Reading {
  readonly #log: FeedLog
  readonly #request: ReadRequest
  /** Of the request, as this journal knows it, in the dates of today. */
  readonly #position: Position | undefined
  readonly #terms: ReadTerms
  /** Of the journal when the reading began. */
  readonly #revision: number
  /** Exclusive lower bound of date_added. */
  readonly #from: number
  /** The second that a token of another epoch starts from. */
  readonly #ownSecond: number | undefined
  /** The date of the token's record, once that is gone here: another gateway on the store may hold it still. */
  #goneDate: number | undefined
  /** The date that a page ends with which has grown with that second or date: the first behind it. */
  #behind: number | undefined
  readonly #found: Found[] = []
  readonly #dates: number[] = []
  #bytes = 0
  #limit: number
  #outcome: Outcome = 'held'
  #scanned: Found | undefined
  #futureDate = 0
  /** Of what was found, once an older version may be among it. */
  #ids: Set<string> | undefined
  #chain: Chain
  #index: number
  /** The last entry that is done with. */
  #after: Found | undefined
  /** The segment before `#index` as it was when it was done with: it may grow. */
  #done: SegmentHead | undefined
  /** The segment at `#index` when its next record was found to be dated in the future. */
  #future: SegmentHead | undefined

  constructor(log: FeedLog, request: ReadRequest, terms: ReadTerms) {
    this.#log = log
    this.#request = request
    this.#terms = terms
    this.#limit = request.limit
    const position = request.position && positionIn(log.journal, request.position)
    this.#position = position
    this.#from = lowerBound(log.journal, position, request.addedAfter)
    const isForeign = position !== undefined && position.epoch !== log.journal.epoch
    this.#ownSecond = isForeign ? secondOf(position.natural) : undefined
    this.#chain = this.#chainFor(this.#from)
    this.#revision = log.journal.revision
    this.#index = firstIndex(this.#chain.heads, head => head.lastDate > this.#from)
    this.#done = this.#chain.heads[this.#index - 1]
  }

  /** Throws GatewayError when nothing was found and the log could not be read on, StaleLogError when overtaken. */
  async run(): Promise<ReadResult> {
    let ending: Ending
    this.#log.attend(this.#chain, this.#request.caller)
    try {
      ending = await this.#collect()
    } catch (error) {
      return this.#answerShort(error)
    }
    const { count, more } = cutPage(this.#dates, this.#limit, false)
    if (ending === 'enough')
      this.#log.readAhead(
        this.#chain,
        this.#index,
        this.#dates.at(-1) ?? this.#from,
        this.#request.caller
      )
    return this.#answer(count, more || ending === 'short', ending)
  }

  /**
   * What was found before Sekoia failed is answered with `more` (P-34). The last group of equal dates may be
   * incomplete: it is given only to requests that continue by `next`; others would resume by its date and miss the rest.
   */
  #answerShort(error: unknown): ReadResult {
    if (error instanceof StaleLogError || isRefusal(error)) throw error
    const { continues, filter } = this.#request
    const whole = cutPage(this.#dates, this.#limit, true).count
    const count = whole === 0 && continues ? Math.min(this.#limit, this.#found.length) : whole
    const isWalking = isSparse(filter) && this.#scanned !== undefined && this.#found.length === 0
    if (count === 0 && !isWalking) throw this.#orPreparing(error)
    this.#outcome = 'stale'
    return this.#answer(count, true)
  }

  /** A feed that comes newest first is read on while the client comes again. */
  #orPreparing(error: unknown): GatewayError {
    const failure = asGatewayError(error)
    const isLate = this.#isOutOfTime || failure.kind === 'timeout'
    if (isLate && this.#log.isPreparing(this.#chain)) {
      this.#log.finishPass(this.#chain, this.#request.caller).catch(() => {})
      return preparing(this.#chain)
    }
    return this.#isOutOfTime ? outOfTime(error) : failure
  }

  #answer(count: number, more: boolean, ending: Ending = 'short'): ReadResult {
    const page = this.#found.slice(0, count)
    return new FoundPage({
      page,
      dates: this.#dates.slice(0, count),
      chunks: chunksOf(runsOf(page)),
      more,
      position: positionAfter(page.at(-1) ?? (more ? this.#scanned : undefined), {
        journal: this.#log.journal,
        before: this.#request.position,
        natural: this.#position?.natural
      }),
      outcome: this.#outcome,
      validity: this.#validity(ending)
    })
  }

  /** Only for what came out of memory, and of a journal that stayed as it was meanwhile. */
  #validity(ending: Ending): Validity | undefined {
    const isSettled = this.#outcome === 'held' && this.#log.journal.revision === this.#revision
    const isWhole = ending !== 'short' && this.#future === undefined && !this.#terms.isReloaded
    return isSettled && isWhole ? this.#log.validity(ending === 'end') : undefined
  }

  async #collect(): Promise<Ending> {
    await this.#findPlace()
    for (;;) {
      this.#followGrowth()
      const head = this.#chain.heads[this.#index]
      if (!head) {
        if (await this.#isAtEnd()) return 'end'
        continue
      }
      const ending = this.#scan(await this.#segment(head))
      if (ending === 'enough') return ending
      if (ending === 'ahead') {
        this.#future = head
        const over = await this.#endBeforeFuture()
        if (over) return over
        continue
      }
      this.#index++
      this.#done = head
    }
  }

  async #segment(head: SegmentHead): Promise<Segment> {
    const held = this.#log.held(head)
    if (held) return held
    const load = () => this.#log.load(head, this.#request.caller)
    return this.#patiently(load, this.#log.isLoading(head), this.#terms.deadline)
  }

  /** Goes on behind the record a token names; where it is gone, from the first record of its date. */
  async #findPlace(): Promise<void> {
    const position = this.#position
    if (!position || position.epoch !== this.#log.journal.epoch) return
    const isAhead = !this.#log.journal.hasGiven(position.segment ?? 0)
    if (isAhead && !this.#terms.isReloaded) throw new StaleLogError()
    const { heads } = this.#chain
    for (let i = this.#index; heads[i] && heads[i]!.firstDate <= position.date; i++) {
      if (position.segment !== undefined && position.segment !== heads[i]!.no) continue
      const segment = await this.#segment(heads[i]!)
      const at = indexIn(segment, position)
      if (at === undefined) continue
      this.#index = i
      this.#after = { segment, index: at }
      this.#done = heads[i - 1]
      return
    }
    if (this.#log.parts.store.isShared) this.#goneDate = position.date
  }

  /** Collects from one segment; 'ahead' when the next record is dated in the future (P-5). */
  #scan(segment: Segment): 'enough' | 'ahead' | undefined {
    const { journal } = this.#log
    const now = this.#log.parts.clock.now()
    const first = firstIndex(segment.dates, date => date > this.#from)
    for (let i = Math.max(first, this.#startIn(segment)); i < segment.entries.length; i++) {
      if (segment.dates[i]! > now) return this.#stopBefore(segment.dates[i]!)
      const found = { segment, index: i }
      this.#after = found
      this.#scanned = found
      if (!matches(this.#request.filter, found, journal)) continue
      if (this.#mayHoldOlder) this.#forgetOlder(segment.entries.idAt(i))
      this.#found.push(found)
      this.#dates.push(segment.dates[i]!)
      if (this.#found.length <= this.#limit) this.#weigh(segment.entries.lengthAt(i))
      this.#growPast(segment, i)
      if (isEnough(this.#dates, this.#limit)) return 'enough'
    }
    return undefined
  }

  /**
   * Where to go on in a segment. If it was read anew meanwhile, it may have lost what moved away at Sekoia, or have got
   * it back: then behind the entry that was done with last or, where that is gone, from the first of its date.
   */
  #startIn(segment: Segment): number {
    const after = this.#after
    if (after?.segment.no !== segment.no) return 0
    if (after.segment === segment) return after.index + 1
    const date = after.segment.dates[after.index]!
    const at = indexIn(segment, { date, id: after.segment.entries.idAt(after.index) })
    if (at !== undefined) return at + 1
    // What comes again takes the place of what was found.
    this.#ids ??= new Set(this.#found.map(({ segment, index }) => segment.entries.idAt(index)))
    return firstIndex(segment.dates, later => later >= date)
  }

  /** True when the journal has learned of versions since, or cannot tell all of them. */
  get #mayHoldOlder(): boolean {
    const { journal } = this.#log
    return (
      this.#ids !== undefined ||
      journal.revision !== this.#revision ||
      !journal.versions.knowsAllIds
    )
  }

  /** Drops the older version that was collected before the newer one came in (P-45). */
  #forgetOlder(id: string): void {
    const { all, at } = this.#request.filter.versions
    if (all || at.length > 0) return
    const idOf = ({ segment, index }: Found) => segment.entries.idAt(index)
    this.#ids ??= new Set(this.#found.map(idOf))
    if (this.#ids.has(id)) {
      const index = this.#found.findLastIndex(found => idOf(found) === id)
      this.#found.splice(index, 1)
      this.#dates.splice(index, 1)
    }
    this.#ids.add(id)
  }

  #stopBefore(date: number): 'ahead' {
    this.#futureDate = date
    return 'ahead'
  }

  /**
   * Records dated up to a second ahead of the clock are waited for. Those further ahead (Sekoia's clock is ahead) lie
   * behind the log's end, unless the feed was never read to its end.
   */
  async #endBeforeFuture(): Promise<Ending | undefined> {
    const { clock } = this.#log.parts
    const wait = this.#futureDate - clock.now()
    // Read again, what a wrong clock dated is dated anew first.
    const isAgain = this.#terms.isReloaded
    if (wait > futureWaitMs && !isAgain && this.#log.misdating) throw new StaleLogError()
    if (wait > futureWaitMs && this.#log.isAtTip(this.#chain))
      return (await this.#mayAnswerEnd()) ? 'end' : undefined
    if (wait > futureWaitMs && this.#found.length > 0) return 'short'
    if (this.#isOutOfTime) throw new GatewayError('timeout')
    await clock.sleep(Math.min(Math.max(1, wait), futureWaitMs))
    return undefined
  }

  /**
   * A token of another epoch starts from its second again, one whose record is gone from its date. A page that holds
   * nothing but this second or date goes on, beyond its limit, to the first date behind it: otherwise two gateways
   * asked in turn would give the same page for ever.
   */
  #growPast(segment: Segment, index: number): void {
    const count = this.#found.length
    const startsAgain = this.#ownSecond !== undefined || this.#goneDate !== undefined
    if (!startsAgain || count <= this.#limit) return
    const { dates } = segment
    if (this.#isGivenAgain(segment, index)) this.#behind = Number.POSITIVE_INFINITY
    else this.#behind = Math.min(this.#behind ?? Number.NEGATIVE_INFINITY, dates[index]!)
    if (dates[index]! <= this.#behind) this.#limit = count
  }

  #isGivenAgain({ naturals, dates }: Segment, index: number): boolean {
    const isOfSecond =
      this.#ownSecond !== undefined && secondOf(naturals[index]!) === this.#ownSecond
    return isOfSecond || dates[index] === this.#goneDate
  }

  #weigh(bytes: number): void {
    this.#bytes += bytes + 1
    if (this.#bytes > this.#request.maxBytes)
      this.#limit = Math.max(1, Math.min(this.#limit, this.#found.length - 1))
  }

  /** When the segment that was read last has grown, reading goes on inside it. */
  #followGrowth(): void {
    const grown = this.#chain.heads[this.#index - 1]
    if (!this.#done || !grown || grown === this.#done || grown.no !== this.#done.no) return
    this.#index--
    this.#done = this.#chain.heads[this.#index - 1]
  }

  /** What to do where a chain has no further segment: go over to the next chain, extend, or end. */
  async #isAtEnd(): Promise<boolean> {
    const { journal } = this.#log
    if (this.#chain.isLinked) {
      this.#chain = journal.nextChain(this.#chain)!
      this.#index = 0
      this.#done = undefined
      return false
    }
    const isAtTip = this.#log.isAtTip(this.#chain)
    if (isAtTip && this.#log.isEndFresh) return this.#mayAnswerEnd()
    return isAtTip ? this.#isAtTip() : this.#extend(this.#terms.deadline)
  }

  /** The end was reached before: what is new is asked for, but not waited for at any price (P-48). */
  async #isAtTip(): Promise<boolean> {
    const patience = this.#elapsed + this.#log.parts.settings.tipWaitMs
    try {
      if (!this.#log.isTipResting)
        return await this.#extend(Math.min(patience, this.#terms.deadline))
    } catch (error) {
      if (!isTrouble(error)) throw error
    }
    this.#outcome = 'stale'
    return this.#mayAnswerEnd()
  }

  async #extend(deadline: number): Promise<false> {
    const extend = () => this.#log.extend(this.#chain, this.#request.caller)
    await this.#patiently(extend, this.#log.isExtending(this.#chain), deadline)
    this.#log.attend(this.#chain, this.#request.caller)
    await giveWayIfDue()
    this.#outcome = 'fetched'
    return false
  }

  /** The end may be answered when the journal was told, and nothing came in while it was (P-39). */
  async #mayAnswerEnd(): Promise<boolean> {
    const isDeclared = await this.#log.declareEnd()
    const head = this.#chain.heads[this.#index]
    const isSeen = head ? head === this.#future : this.#chain.heads.at(-1) === this.#done
    if (isDeclared && isSeen) return true
    await this.#within(this.#log.whenAppended(), this.#terms.deadline)
    return false
  }

  get #isOutOfTime(): boolean {
    return this.#elapsed >= this.#terms.deadline
  }

  get #elapsed(): number {
    return elapsedOf(this.#log.parts.clock)
  }

  /** Work that was under way already has used up some of its patience with Sekoia: it is begun once more. */
  async #patiently<T>(begin: () => Promise<T>, isUnderWay: boolean, deadline: number): Promise<T> {
    try {
      return await this.#within(begin(), deadline)
    } catch (error) {
      const isOver = this.#elapsed >= deadline || this.#request.signal?.aborted
      if (!isUnderWay || isOver || !isTrouble(error)) throw error
      return this.#within(begin(), deadline)
    }
  }

  /** Waits until the deadline or until the client leaves; the work goes on for others. */
  #within<T>(work: Promise<T>, deadline: number): Promise<T> {
    return withDeadline(work, deadline - this.#elapsed, this.#request.signal)
  }

  #chainFor(from: number): Chain {
    const { journal, parts } = this.#log
    const now = parts.clock.now()
    const horizon = journal.horizon(parts.settings.rebuildHorizonSeconds, now)
    // Where no order is known, no place in the feed lies behind a time.
    const target = journal.sortOrder ? Math.max(0, Math.min(from, horizon)) : 0
    const found = findChain(journal, target, now)
    if (found) return found
    // Another gateway may have read that far already.
    if (parts.store.isShared && !this.#terms.isReloaded) throw new StaleLogError()
    return this.#log.begin(startBucket(target, now))
  }
}

/** How soon a client may ask again for a feed that is being read for the first time. */
const preparingSeconds = 30

export const preparing = ({ pass }: Chain): GatewayError =>
  new GatewayError('preparing', {
    detail: `The feed comes newest first and is being read for the first time: ${pass?.objects ?? 0} objects so far`,
    retryAfterSeconds: preparingSeconds
  })

/** The budget of the request has ended before Sekoia's trouble has. */
const outOfTime = (cause: unknown): GatewayError => new GatewayError('unavailable', { cause })

/** Sekoia cannot be asked: neither a refusal nor a fault of the gateway. */
const isTrouble = (error: unknown): boolean =>
  error instanceof GatewayError && error.kind !== 'unwalkable' && !isRefusal(error)
