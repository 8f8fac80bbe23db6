import { LRUCache } from 'lru-cache'
import type { Caller } from '../kernel/caller.ts'
import { withDeadline } from '../kernel/deadline.ts'
import { type ErrorKind, GatewayError } from '../kernel/errors.ts'
import type { Meter, Upstream } from '../kernel/ports.ts'
import type { CatalogFeed, Obstacle, Rights } from '../kernel/records.ts'

/** Finds out which feeds of a listing a key can read now (G12, R1), with as few calls as possible. */

export interface SurveyOptions {
  readonly upstream: Pick<Upstream, 'page'>
  readonly rights: Pick<Rights, 'validity'>
  readonly meter: Meter
  /**
   * Begins to read a feed that is not held, and waits for it no longer than `waitMs`. Resolves with why it cannot be
   * read yet.
   */
  readonly prepare?: (
    caller: Caller,
    feedId: string,
    waitMs: number
  ) => Promise<GatewayError | undefined>
  /** Told once of each feed that is left out of a key's list. */
  readonly onLeftOut?: ((left: LeftOut) => void) | undefined
}

export interface LeftOut {
  readonly caller: Pick<Caller, 'scope'>
  readonly feedId: string
  readonly obstacle: Obstacle
}

/** By collection id; what is not there can be read. */
export type Obstacles = ReadonlyMap<string, Obstacle>

/** How many feeds are asked for at once. */
const maxParallel = 4

/** Longest wait for one answer; a feed that is slow today still counts as readable. */
const patienceMs = 5000

/** How long a list waits for the first pass over a feed that comes newest first; a later list has the feed. */
const prepareMs = 500

const maxTold = 10_000

const advices: Partial<Record<ErrorKind, string>> = {
  forbidden:
    'This key may not read the feed: in Sekoia, give it the permission to view intelligence.',
  'not-found':
    'Sekoia does not give the feed to this key: it was deleted, or belongs to another community.',
  unwalkable: 'This feed cannot be followed: edit it in Sekoia.',
  unauthorized: 'The key is not accepted.',
  preparing: 'The feed is being read for the first time.'
}

export class Survey {
  readonly #options: SurveyOptions
  readonly #told = new LRUCache<string, ErrorKind>({ max: maxTold })

  constructor(options: SurveyOptions) {
    this.#options = options
  }

  /**
   * Why the caller cannot read each of these feeds. `before` is the earlier result, which stays for feeds about which
   * Sekoia says nothing now because it fails. Once a question stays without an answer, and no other got one meanwhile,
   * Sekoia is away and nothing more is asked. Throws GatewayError `unauthorized`.
   */
  async obstacles(
    caller: Caller,
    feeds: readonly CatalogFeed[],
    before: Obstacles = new Map()
  ): Promise<Obstacles> {
    const found = new Map<string, Obstacle>()
    const left = feeds.values()
    const presence = new Presence()
    const work = async () => {
      for (const feed of left) {
        const known = before.get(feed.collectionId)
        const obstacle = await this.obstacle(caller, feed, known, presence)
        if (obstacle) found.set(feed.collectionId, obstacle)
        if (obstacle) this.#tell(caller, feed.feedId, obstacle)
      }
    }
    await Promise.all(Array.from({ length: maxParallel }, work))
    return found
  }

  /** Why the caller cannot read a feed: Sekoia's last verdict on it, or the answer to one small request. */
  async obstacle(
    caller: Caller,
    { feedId, isNewestFirst }: CatalogFeed,
    before?: Obstacle,
    presence = new Presence()
  ): Promise<Obstacle | undefined> {
    const { upstream, rights, prepare } = this.#options
    if (presence.isAway) return before
    const answersBefore = presence.answers
    try {
      const failure = isNewestFirst && (await prepare?.(caller, feedId, prepareMs))
      if (failure) throw advices[failure.kind] ? failure : new GatewayError('preparing')
      if (rights.validity(caller, feedId)) return undefined
      const asking = upstream.page(caller, { feedId, types: [], limit: 1 })
      await withDeadline(asking, patienceMs, presence.signal)
      presence.answers++
      return undefined
    } catch (error) {
      presence.failed(error, answersBefore)
      const { kind, detail } = error as GatewayError
      const advice = advices[kind]
      if (kind === 'unauthorized') throw error
      if (kind === 'bad-answer') return this.#unlessHeld(caller, feedId, before)
      return advice === undefined ? before : { kind, advice: detail ?? advice }
    }
  }

  /** The beginning of a feed may be what nobody can have: then it is listed once something of it is held. */
  async #unlessHeld(
    caller: Caller,
    feedId: string,
    before: Obstacle | undefined
  ): Promise<Obstacle | undefined> {
    const failure = await this.#options.prepare?.(caller, feedId, prepareMs)
    return failure ? { kind: 'preparing', advice: advices.preparing! } : before
  }

  #tell({ scope }: Caller, feedId: string, obstacle: Obstacle): void {
    this.#options.meter.count('catalog_feeds_left_out', { reason: obstacle.kind })
    const name = `${scope}:${feedId}`
    if (this.#told.get(name) === obstacle.kind) return
    this.#told.set(name, obstacle.kind)
    this.#options.onLeftOut?.({ caller: { scope }, feedId, obstacle })
  }
}

/** Whether Sekoia is there at all, as far as one survey can tell. */
class Presence {
  answers = 0
  readonly #away = new AbortController()

  /** Aborts when Sekoia is found to be away: what waits for it need not wait longer. */
  get signal(): AbortSignal {
    return this.#away.signal
  }

  get isAway(): boolean {
    return this.signal.aborted
  }

  failed(error: unknown, answersBefore: number): void {
    if (!isSilence(error)) this.answers++
    else if (this.answers === answersBefore) this.#away.abort()
  }
}

/** No answer came: neither a status nor Sekoia's word on a feed. */
function isSilence(error: unknown): boolean {
  const { kind, cause } = error as GatewayError
  const hasStatus = typeof (cause as { status?: unknown } | undefined)?.status === 'number'
  return kind === 'timeout' || (kind === 'unavailable' && !hasStatus)
}
