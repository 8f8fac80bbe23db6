import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../kernel/caller.ts'
import { type ErrorKind, GatewayError, isRefusal } from '../kernel/errors.ts'
import { memoize } from '../kernel/memoize.ts'
import { type Clock, elapsedOf, type LogStore } from '../kernel/ports.ts'
import { SingleFlight } from '../kernel/single-flight.ts'

export interface AccessSettings {
  /** How long Sekoia's last yes to a key for a feed is relied upon. */
  readonly rightsSeconds: number
  /** How long Sekoia's no is repeated before it is asked again. */
  readonly refusedSeconds: number
}

export interface AccessDeps {
  readonly clock: Clock
  readonly store: LogStore
  readonly settings: AccessSettings
  /** Told when Sekoia refuses what it accepted before. */
  readonly onLost?: ((lost: LostRights) => void) | undefined
  /** How many verdicts are held in memory; default 100,000. */
  readonly maxVerdicts?: number
}

export interface LostRights {
  readonly scope: Caller['scope']
  /** Undefined when it is the key itself that is refused. */
  readonly feedId: string | undefined
  readonly kind: ErrorKind
}

/** In place of a feed id: the verdict is about the key itself. */
export const anyFeed = '*'

/** What Sekoia said of a key and a feed: yes, or the kind of its refusal. */
export type AccessVerdict = 'yes' | ErrorKind

/** A caller, without the key where none is needed. */
type Scoped = Pick<Caller, 'scope'>

interface DatedVerdict {
  readonly verdict: AccessVerdict
  readonly at: number
}

const defaultMaxVerdicts = 100_000

/**
 * Who may see what. Data held for a key is shown only while Sekoia's last yes is recent (G6). A refusal ends access
 * at once; a refusal of the key itself ends access to all its feeds. If Sekoia fails, that is neither yes nor no: the
 * last verdict counts, and the store keeps it.
 */
export class Access {
  readonly #parts: AccessDeps
  readonly #verdicts: LRUCache<string, DatedVerdict>
  readonly #unanswered: LRUCache<string, number>
  readonly #checks = new SingleFlight<string, void>()
  /** The verdicts that this process knows to be in the store. */
  readonly #kept: LRUCache<string, AccessVerdict>
  #writing: Promise<unknown> = Promise.resolve()

  constructor(parts: AccessDeps) {
    // As sizes: a number of entries is room that is taken at once.
    const bound = { maxSize: parts.maxVerdicts ?? defaultMaxVerdicts, sizeCalculation: () => 1 }
    this.#parts = parts
    this.#verdicts = new LRUCache(bound)
    this.#unanswered = new LRUCache(bound)
    this.#kept = new LRUCache(bound)
  }

  accepted(caller: Caller, feedId: string): void {
    this.#note(caller, feedId, 'yes')
    if (feedId !== anyFeed) this.#note(caller, anyFeed, 'yes')
  }

  /**
   * Notes a refusal. Other failures say nothing about rights. Only `unauthorized` is about the key itself: a key may
   * lack one permission and have the others.
   */
  failed(caller: Caller, feedId: string, error: unknown): void {
    if (!isRefusal(error)) return
    if (feedId !== anyFeed) this.#note(caller, feedId, error.kind)
    if (error.kind === 'unauthorized') this.#note(caller, anyFeed, error.kind)
  }

  /** Throws the refusal that was given a moment ago. */
  assertNotRefused(caller: Caller, feedId: string): void {
    const last = this.#lastOf(caller, feedId)
    if (last && last.verdict !== 'yes' && this.#age(last.at) < this.#parts.settings.refusedSeconds)
      throw new GatewayError(last.verdict)
  }

  isRecent(caller: Scoped, feedId: string): boolean {
    return this.recency(caller, feedId)()
  }

  /** {@link isRecent}, to be asked again and again. What it returns holds no key. */
  recency(caller: Scoped, feedId: string): () => boolean {
    const [feed, key] = [verdictKey(caller, feedId), verdictKey(caller, anyFeed)]
    return () => {
      const last = this.#last(feed, key)
      return last?.verdict === 'yes' && this.#age(last.at) < this.#parts.settings.rightsSeconds
    }
  }

  /** True for `refusedSeconds` after Sekoia could not be asked. */
  isResting(caller: Caller, feedId: string): boolean {
    const at = this.#unanswered.get(verdictKey(caller, feedId))
    return at !== undefined && this.#age(at) < this.#parts.settings.refusedSeconds
  }

  /** Asks Sekoia once for all who wait. Throws what asking throws. */
  check(caller: Caller, feedId: string, ask: () => Promise<unknown>): Promise<void> {
    const name = verdictKey(caller, feedId)
    return this.#checks.run(name, async () => {
      try {
        await ask()
      } catch (error) {
        if (!isAnswer(error)) this.#unanswered.set(name, elapsedOf(this.#parts.clock))
        throw error
      }
    })
  }

  /** The last verdict stored for this key and feed, however old; undefined when there was none. */
  async lastVerdict(caller: Caller, feedId: string): Promise<AccessVerdict | undefined> {
    await Promise.all([this.#recall(caller, feedId), this.#recall(caller, anyFeed)])
    return this.#lastOf(caller, feedId)?.verdict
  }

  /** True when Sekoia accepted the key at some time, and last did. */
  wasAccepted(caller: Caller): boolean | Promise<boolean> {
    const known = this.#verdicts.get(verdictKey(caller, anyFeed))
    if (known) return known.verdict === 'yes'
    return this.lastVerdict(caller, anyFeed).then(verdict => verdict === 'yes')
  }

  /** Resolves when every verdict is in the store. */
  async settle(): Promise<void> {
    await this.#writing
  }

  #lastOf(caller: Scoped, feedId: string): DatedVerdict | undefined {
    return this.#last(verdictKey(caller, feedId), verdictKey(caller, anyFeed))
  }

  /** The verdict that counts: the one on the feed, unless a refusal of the key came later. */
  #last(feedName: string, keyName: string): DatedVerdict | undefined {
    const feed = this.#verdicts.get(feedName)
    const key = this.#verdicts.get(keyName)
    return key && key.verdict !== 'yes' && (!feed || key.at >= feed.at) ? key : feed
  }

  #note(caller: Caller, feedId: string, verdict: AccessVerdict): void {
    const { clock } = this.#parts
    this.#tellLoss(caller, feedId, verdict)
    this.#verdicts.set(verdictKey(caller, feedId), { verdict, at: elapsedOf(clock) })
    if (this.#kept.get(verdictKey(caller, feedId)) === verdict) return
    const dated = { verdict, at: clock.now() }
    this.#writing = this.#writing.then(() => this.#keep(caller, feedId, dated))
  }

  /** A key that is refused loses all its feeds at once: that is one loss. */
  #tellLoss({ scope }: Caller, feedId: string, verdict: AccessVerdict): void {
    const isOfKey = feedId === anyFeed
    const isLost = this.#verdicts.get(verdictKey({ scope }, feedId))?.verdict === 'yes'
    if (verdict === 'yes' || !isLost || (verdict === 'unauthorized' && !isOfKey)) return
    const lost = { scope, feedId: isOfKey ? undefined : feedId, kind: verdict }
    this.#parts.onLost?.(lost)
  }

  /**
   * Writes a changed verdict to the store, as a journal without segments. If that fails, the next verdict is written
   * whatever it says. A refusal is written only over a yes, so that made-up keys leave nothing in the store.
   */
  async #keep(caller: Caller, feedId: string, dated: DatedVerdict): Promise<void> {
    const { store } = this.#parts
    const name = storedName(caller, feedId)
    try {
      const expectedVersion = await store.version(name)
      if (expectedVersion === 0 && dated.verdict !== 'yes') return
      const state = encode(dated)
      const isFirst = await store.commit(name, { expectedVersion, state, heads: [], bodies: [] })
      if (isFirst) this.#kept.set(verdictKey(caller, feedId), dated.verdict)
    } catch {
      this.#kept.delete(verdictKey(caller, feedId))
    }
  }

  async #recall(caller: Caller, feedId: string): Promise<void> {
    const name = verdictKey(caller, feedId)
    if (this.#verdicts.has(name)) return
    const stored = await this.#parts.store.load(storedName(caller, feedId)).catch(() => undefined)
    if (stored) this.#verdicts.set(name, this.#inOwnTime(decode(stored.state)))
  }

  /** A verdict dated ahead of the clock was noted by a clock that was fast: its age is unknown. */
  #inOwnTime({ verdict, at }: DatedVerdict): DatedVerdict {
    const { clock } = this.#parts
    const age = clock.now() - at
    return { verdict, at: age < 0 ? Number.NEGATIVE_INFINITY : elapsedOf(clock) - age }
  }

  /** Seconds, by time that no correction of the clock changes. */
  #age(instant: number): number {
    return (elapsedOf(this.#parts.clock) - instant) / 1000
  }
}

/** A feed in another format is an answer, too: Sekoia gave it. */
const isAnswer = (error: unknown): boolean =>
  isRefusal(error) || (error instanceof GatewayError && error.kind === 'unwalkable')

/** The member is called `word` because earlier releases wrote it so. */
const encode = ({ verdict, at }: DatedVerdict): Buffer =>
  Buffer.from(JSON.stringify({ word: verdict, at }))

function decode(state: Buffer): DatedVerdict {
  const { word, at } = JSON.parse(state.toString()) as { word: AccessVerdict; at: number }
  return { verdict: word, at }
}

const verdictKey = ({ scope }: Scoped, feedId: string): string =>
  feedId === anyFeed ? keyOfKey(scope) : `${scope}:${feedId}`

/** Asked for with every request: made once, it is hashed once. */
const keyOfKey = memoize(scope => `${scope}:${anyFeed}`)

/** Nothing of a URL gets into a name in the store. */
function storedName(caller: Caller, feedId: string): string {
  const what = createHash('sha256').update(feedId).digest('hex')
  return `v1:${caller.scope}:access:${what.slice(0, 32)}`
}
