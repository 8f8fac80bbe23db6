import { LRUCache } from 'lru-cache'
import { isRefusal } from '../kernel/errors.ts'
import type { Clock, FeedWatch, WatchedLog } from '../kernel/ports.ts'

export interface FeedEndsOptions {
  readonly clock: Clock
  /** A log that cannot be read on for longer than this is in trouble. */
  readonly patienceMs: number
}

/** What is known of one log. */
interface End {
  readonly feedId: string
  readonly confirmedAt: number | undefined
  /** When reading on was last tried, and since when it has failed. */
  readonly triedAt: number
  readonly failingSince: number | undefined
}

/** A log that nobody asks for is not followed: how old its end is says nothing. */
const followedMs = 86_400_000

const maxLogs = 10_000

/** How old the end of each feed log is, for the logs that are followed; the operator's view of lost sight. */
export class FeedEnds implements FeedWatch {
  readonly #ends = new LRUCache<string, End>({ max: maxLogs })
  readonly #clock: Clock
  readonly #patienceMs: number

  constructor({ clock, patienceMs }: FeedEndsOptions) {
    this.#clock = clock
    this.#patienceMs = patienceMs
  }

  succeeded({ name, feedId }: WatchedLog, confirmedAt: number | undefined): void {
    const triedAt = this.#clock.now()
    this.#ends.set(name, { feedId, confirmedAt, triedAt, failingSince: undefined })
  }

  /** A refused key is no trouble of the feed: its log is not looked at any more. */
  failed({ name, feedId }: WatchedLog, error: unknown): void {
    if (isRefusal(error)) {
      this.#ends.delete(name)
      return
    }
    const triedAt = this.#clock.now()
    const { confirmedAt, failingSince = triedAt } = this.#ends.get(name) ?? {}
    this.#ends.set(name, { feedId, confirmedAt, triedAt, failingSince })
  }

  /** How many logs were asked for within the last day. */
  get followed(): number {
    return this.#followed().length
  }

  /** Seconds since the end was confirmed, by feed, the oldest first; of several logs of a feed the oldest counts. */
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

  /** The feeds of which some log cannot be read on for longer than patience lasts. */
  get failing(): string[] {
    const limit = this.#clock.now() - this.#patienceMs
    const isFailing = ({ failingSince = Number.POSITIVE_INFINITY }: End) => failingSince <= limit
    return [
      ...new Set(
        this.#followed()
          .filter(isFailing)
          .map(({ feedId }) => feedId)
      )
    ]
  }

  #followed(): End[] {
    const since = this.#clock.now() - followedMs
    return [...this.#ends.values()].filter(({ triedAt }) => triedAt >= since)
  }
}
