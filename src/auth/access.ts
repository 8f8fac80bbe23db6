import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../kernel/caller.ts'
import { type ErrorKind, GatewayError, isRefusal } from '../kernel/errors.ts'
import type { Clock, LogStore } from '../kernel/ports.ts'
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
}

/** Stands for the key as such, whatever the feed. */
export const anyFeed = '*'

/** What Sekoia said of a key and a feed: yes, or the kind of its refusal. */
export type Verdict = 'yes' | ErrorKind

/** A caller, without the key where none is needed. */
type Scoped = Pick<Caller, 'scope'>

interface DatedVerdict {
  readonly verdict: Verdict
  readonly at: number
}

const maxVerdicts = 100_000

/**
 * Who may see what: what is held for a key is shown only while Sekoia's yes is recent (G6). A refusal ends access
 * at once, a key that is unknown to Sekoia loses all its feeds with it. Trouble upstream is neither yes nor no:
 * then the last verdict stands, which is kept in the store.
 */
export class Access {
  readonly #parts: AccessDeps
  readonly #verdicts = new LRUCache<string, DatedVerdict>({ max: maxVerdicts })
  readonly #unanswered = new LRUCache<string, number>({ max: maxVerdicts })
  readonly #checks = new SingleFlight<string, void>()
  /** What the store has, as far as this process knows. */
  readonly #kept = new LRUCache<string, Verdict>({ max: maxVerdicts })
  #writing: Promise<unknown> = Promise.resolve()

  constructor(parts: AccessDeps) {
    this.#parts = parts
  }

  accepted(caller: Caller, feedId: string): void {
    this.#note(caller, feedId, 'yes')
    if (feedId !== anyFeed) this.#note(caller, anyFeed, 'yes')
  }

  /**
   * Notes a refusal; other failures say nothing about rights. Of the key as such only `unauthorized` speaks: it may
   * be without one permission and have the others.
   */
  failed(caller: Caller, feedId: string, error: unknown): void {
    if (!isRefusal(error)) return
    if (feedId !== anyFeed) this.#note(caller, feedId, error.kind)
    if (error.kind === 'unauthorized') this.#note(caller, anyFeed, error.kind)
  }

  /** Throws the refusal that was given a moment ago. */
  assertNotRefused(caller: Caller, feedId: string): void {
    const last = this.#last(caller, feedId)
    if (last && last.verdict !== 'yes' && this.#age(last.at) < this.#parts.settings.refusedSeconds)
      throw new GatewayError(last.verdict)
  }

  isRecent(caller: Scoped, feedId: string): boolean {
    const last = this.#last(caller, feedId)
    return last?.verdict === 'yes' && this.#age(last.at) < this.#parts.settings.rightsSeconds
  }

  /** True for a moment after Sekoia could not be asked. */
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
        if (!isAnswer(error)) this.#unanswered.set(name, this.#parts.clock.now())
        throw error
      }
    })
  }

  /** The last verdict stored for this key and feed, however old; undefined when there was none. */
  async lastVerdict(caller: Caller, feedId: string): Promise<Verdict | undefined> {
    await Promise.all([this.#recall(caller, feedId), this.#recall(caller, anyFeed)])
    return this.#last(caller, feedId)?.verdict
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

  /** Of the verdicts on the feed and on the key the one that counts: a later no to the key undoes a yes to the feed. */
  #last(caller: Scoped, feedId: string): DatedVerdict | undefined {
    const feed = this.#verdicts.get(verdictKey(caller, feedId))
    const key = this.#verdicts.get(verdictKey(caller, anyFeed))
    return key && key.verdict !== 'yes' && (!feed || key.at >= feed.at) ? key : feed
  }

  #note(caller: Caller, feedId: string, verdict: Verdict): void {
    const dated = { verdict, at: this.#parts.clock.now() }
    this.#verdicts.set(verdictKey(caller, feedId), dated)
    if (this.#kept.get(verdictKey(caller, feedId)) === verdict) return
    this.#writing = this.#writing.then(() => this.#keep(caller, feedId, dated))
  }

  /**
   * A verdict is kept as a journal without segments, whenever it changes; a store in trouble gets it with the next. A
   * refusal is kept only where there is a yes that it ends: made-up keys leave nothing in the store.
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
    if (stored) this.#verdicts.set(name, decode(stored.state))
  }

  #age(instant: number): number {
    return (this.#parts.clock.now() - instant) / 1000
  }
}

/** A feed in another format is an answer, too: Sekoia gave it. */
const isAnswer = (error: unknown): boolean =>
  isRefusal(error) || (error instanceof GatewayError && error.kind === 'unwalkable')

/** `word` is what stores of earlier releases have. */
const encode = ({ verdict, at }: DatedVerdict): Buffer =>
  Buffer.from(JSON.stringify({ word: verdict, at }))

function decode(state: Buffer): DatedVerdict {
  const { word, at } = JSON.parse(state.toString()) as { word: Verdict; at: number }
  return { verdict: word, at }
}

const verdictKey = (caller: Scoped, feedId: string): string => `${caller.scope}:${feedId}`

/** Nothing of a URL gets into a name in the store. */
function storedName(caller: Caller, feedId: string): string {
  const what = createHash('sha256').update(feedId).digest('hex')
  return `v1:${caller.scope}:access:${what.slice(0, 32)}`
}
