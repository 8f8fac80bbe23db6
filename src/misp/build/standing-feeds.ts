import type { BaseLogger } from 'pino'
import type { Caller } from '../../kernel/caller.ts'
import { asGatewayError, type GatewayError, isRefusal } from '../../kernel/errors.ts'
import type { Catalog, CatalogFeed, Rights } from '../../kernel/records.ts'

/** A feed that the operator wants to be built with a key of theirs, whoever asks for it. */
export interface StandingFeed {
  readonly caller: Caller
  /** As in a URL: the id or alias of a collection. */
  readonly feed: string
}

export interface StandingFeedsDeps {
  readonly catalog: Pick<Catalog, 'resolve'>
  readonly rights: Pick<Rights, 'authorize'>
  /** The feed is kept up to date from here on, for a while. */
  readonly want: (caller: Caller, feed: CatalogFeed) => void
  readonly logger: Pick<BaseLogger, 'warn'>
  readonly feeds: readonly StandingFeed[]
}

/** How often each feed is asked for: more often than a feed that nobody asks for is let go, ms. */
const askMs = 30_000
/** A key that Sekoia refused is left alone for a while, ms. */
const refusedMs = 600_000

/**
 * Asks for feeds as a MISP would, from the start of the process on: what a MISP then gets first is complete. A feed
 * that cannot be had now is asked for again; its trouble is told once.
 */
export class StandingFeeds {
  readonly #parts: StandingFeedsDeps
  readonly #timers = new Map<StandingFeed, NodeJS.Timeout>()
  readonly #told = new Map<StandingFeed, string>()
  #isStopped = false

  constructor(parts: StandingFeedsDeps) {
    this.#parts = parts
  }

  start(): void {
    for (const feed of this.#parts.feeds) void this.#ask(feed)
  }

  stop(): void {
    this.#isStopped = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }

  /** Never rejects. */
  async #ask(standing: StandingFeed): Promise<void> {
    const { catalog, rights, want } = this.#parts
    const { caller, feed } = standing
    let pause = askMs
    try {
      const found = await catalog.resolve(caller, feed)
      await rights.authorize(caller, found.feedId)
      if (this.#isStopped) return
      want(caller, found)
      this.#told.delete(standing)
    } catch (error) {
      const failure = asGatewayError(error)
      if (isRefusal(failure)) pause = refusedMs
      this.#tell(standing, failure)
    }
    if (!this.#isStopped)
      this.#timers.set(standing, setTimeout(() => this.#ask(standing), pause).unref())
  }

  #tell(standing: StandingFeed, failure: GatewayError): void {
    if (this.#isStopped || this.#told.get(standing) === failure.kind) return
    this.#told.set(standing, failure.kind)
    const { caller, feed } = standing
    this.#parts.logger.warn(
      { err: failure, feed, scope: caller.scope.slice(0, 8) },
      'a feed of misp.buildKeys cannot be built for now'
    )
  }
}
