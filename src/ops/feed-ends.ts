import { LRUCache } from 'lru-cache'
import type { BaseLogger } from 'pino'
import { asGatewayError, isRefusal } from '../kernel/errors.ts'
import type { Clock, FeedWatch, WatchedLog } from '../kernel/ports.ts'

export interface FeedEndsOptions {
  readonly clock: Clock
  /** A log is in trouble if Sekoia has not confirmed its end for longer than this. */
  readonly patienceMs: number
  /** Told when the trouble of a log begins and ends. */
  readonly logger: Pick<BaseLogger, 'info' | 'warn'>
  /** Tells the other processes what this one has seen; they {@link FeedEnds.learn} it. */
  readonly tell?: (news: EndNews) => void
}

/** What another process has seen of a log; no end: it is no longer watched. */
export interface EndNews {
  readonly name: string
  readonly end: End | undefined
}

/** What is known of one log. */
interface End {
  readonly feedId: string
  readonly confirmedAt: number | undefined
  /** When reading on was last tried, and since when it has failed. */
  readonly triedAt: number
  readonly failingSince: number | undefined
}

/** A log that nobody asks for is not watched: the age of its end means nothing. */
const followedMs = 86_400_000

const maxLogs = 10_000

/** The age of the end of each watched feed log: it shows the operator that new objects do not arrive. */
export class FeedEnds implements FeedWatch {
  readonly #ends = new LRUCache<string, End>({ max: maxLogs })
  readonly #clock: Clock
  readonly #patienceMs: number
  readonly #logger: FeedEndsOptions['logger']
  readonly #tell: NonNullable<FeedEndsOptions['tell']>
  /** Names of logs whose trouble the operator's log has told. */
  readonly #told = new LRUCache<string, true>({ max: maxLogs })

  /** The same of their sweeps. */
  readonly #unswept = new LRUCache<string, true>({ max: maxLogs })

  constructor({ clock, patienceMs, logger, tell = () => {} }: FeedEndsOptions) {
    this.#clock = clock
    this.#patienceMs = patienceMs
    this.#logger = logger
    this.#tell = tell
  }

  learn({ name, end }: EndNews): void {
    if (!end) this.#forget(name)
    else {
      this.#ends.set(name, end)
      if (end.failingSince === undefined) this.#tellRecovery(name, end.feedId)
    }
  }

  #forget(name: string): void {
    this.#ends.delete(name)
    this.#told.delete(name)
  }

  #note(name: string, end: End): void {
    this.#ends.set(name, end)
    this.#tell({ name, end })
  }

  #tellRecovery(name: string, feedId: string): void {
    if (this.#told.delete(name)) this.#logger.info({ feed: feedId }, 'a feed is read on again')
  }

  succeeded({ name, feedId }: WatchedLog, confirmedAt: number | undefined): void {
    const triedAt = this.#clock.now()
    this.#note(name, { feedId, confirmedAt, triedAt, failingSince: undefined })
    this.#tellRecovery(name, feedId)
  }

  /** A refused key is no trouble of the feed: its log is no longer watched. */
  failed({ name, feedId }: WatchedLog, error: unknown): void {
    if (isRefusal(error)) {
      this.#forget(name)
      this.#tell({ name, end: undefined })
      return
    }
    const triedAt = this.#clock.now()
    const { confirmedAt, failingSince = triedAt } = this.#ends.get(name) ?? {}
    this.#note(name, { feedId, confirmedAt, triedAt, failingSince })
    if (triedAt - failingSince < this.#patienceMs || this.#told.has(name)) return
    this.#told.set(name, true)
    const seconds = Math.round((triedAt - failingSince) / 1000)
    this.#logger.warn(
      { err: error, feed: feedId, seconds },
      'a feed cannot be read on: clients get nothing new of it'
    )
  }

  swept({ name, feedId }: WatchedLog): void {
    if (this.#unswept.delete(name)) this.#logger.info({ feed: feedId }, 'a feed is swept again')
  }

  /** Once for each spell of failures. */
  sweepFailed({ name, feedId }: WatchedLog, error: unknown): void {
    if (isRefusal(error) || this.#unswept.has(name)) return
    this.#unswept.set(name, true)
    this.#logger.warn(
      { feed: feedId, reason: asGatewayError(error).kind },
      'a feed cannot be swept: what appears far behind its end is not found'
    )
  }

  /** How many logs were asked for within the last day. */
  get followed(): number {
    return this.#followed().length
  }

  /**
   * Seconds since the end was confirmed, by feed, the longest first. If a feed has several logs, the longest counts.
   */
  ages(): (readonly [feedId: string, seconds: number])[] {
    const now = this.#clock.now()
    const ages = new Map<string, number>()
    for (const { feedId, confirmedAt } of this.#followed()) {
      if (confirmedAt === undefined) continue
      const seconds = Math.max(0, now - confirmedAt) / 1000
      ages.set(feedId, Math.max(seconds, ages.get(feedId) ?? 0))
    }
    return [...ages].toSorted((a, b) => b[1] - a[1])
  }

  /** Feeds with a watched log that has been in trouble for longer than the configured patience. */
  get failing(): string[] {
    const now = this.#clock.now()
    const isFailing = ({ failingSince = now, triedAt }: End) =>
      now - failingSince >= this.#patienceMs && now - triedAt <= 10 * this.#patienceMs
    const ends = [...this.#ends.values()].filter(isFailing)
    return [...new Set(ends.map(({ feedId }) => feedId))]
  }

  #followed(): End[] {
    const since = this.#clock.now() - followedMs
    return [...this.#ends.values()].filter(({ triedAt }) => triedAt >= since)
  }
}
