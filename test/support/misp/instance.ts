import {
  Database,
  type Dropped,
  type ImportRegexps,
  Killed,
  type LocalAttribute,
  type LocalEvent
} from './database.ts'
import { addEvent, editEvent, unwrapEvent } from './events.ts'
import { type CacheReport, FeedCache } from './feed-cache.ts'
import { FeedClient, type FetchFeed } from './feed-client.ts'
import { isRecord, type Json, toSeconds } from './json.ts'
import { type PullRules, passesAsEntry, passesAsEvent } from './pull-rules.ts'
import { isMispUuid } from './uuid.ts'

export interface MispOptions {
  readonly fetch: FetchFeed
  /** MISP's own clock, in epoch seconds. */
  readonly now: () => number
  readonly rules?: PullRules
  /** By default there are none. */
  readonly importRegexps?: ImportRegexps
  /** False for a user whom MISP lets add events, and not edit those that came from a feed. */
  readonly isSiteAdmin?: boolean
}

export interface PullReport {
  /** Why the job ended without looking at any event. */
  readonly failed: string | undefined
  /** True when the answer was 304 and the kept manifest decided. */
  readonly notModified: boolean
  /** UUIDs of events, as the manifest has them. */
  readonly added: readonly string[]
  readonly edited: readonly string[]
  readonly skipped: readonly string[]
  /** Kept away by the pull rules. */
  readonly blocked: readonly string[]
  /** What this pull refused. */
  readonly dropped: readonly Dropped[]
}

interface Plan {
  readonly add: string[]
  readonly edit: string[]
  readonly skipped: string[]
  readonly blocked: string[]
}

/**
 * A MISP 2.5.1 that has one MISP-format feed, by the algorithm of MISP-1.6 and the checks of MISP-1.9. What it
 * does not play: warning lists, blocklists, distribution.
 */
export class MispInstance {
  readonly #client: FeedClient
  readonly #rules: PullRules
  readonly #database: Database
  readonly #isSiteAdmin: boolean
  /** What the cache job has filled. */
  readonly feedCache = new FeedCache()

  constructor({ fetch, now, rules = {}, importRegexps, isSiteAdmin = true }: MispOptions) {
    this.#client = new FeedClient(fetch)
    this.#rules = rules
    this.#database = new Database(now, importRegexps)
    this.#isSiteAdmin = isSiteAdmin
  }

  /** One run of «fetch all events». Failures are in the report. */
  async pull(): Promise<PullReport> {
    const { dropped } = this.#database
    const before = dropped.length
    const { plan, ...told } = await this.#plan()
    const added = await this.#each(plan.add, event => addEvent(this.#database, event))
    const edited = await this.#each(plan.edit, event => this.#edit(event))
    return {
      ...told,
      added: added.done,
      edited: edited.done,
      skipped: plan.skipped,
      blocked: [...plan.blocked, ...added.blocked, ...edited.blocked],
      dropped: dropped.slice(before)
    }
  }

  /** A run whose process is killed after so many writes; false when it ended before. */
  async pullUntilKilled(writes: number): Promise<boolean> {
    this.#database.killAfter(writes)
    try {
      await this.pull()
      return false
    } catch (error) {
      if (error instanceof Killed) return true
      throw error
    } finally {
      this.#database.killAfter(Number.POSITIVE_INFINITY)
    }
  }

  /** One run of «cache feed». */
  cache(): Promise<CacheReport> {
    return this.feedCache.fill(this.#client)
  }

  /** What detection works with, by `type|value`: not deleted and to_ids, at the top level and in Objects. */
  liveToIds(): Map<string, LocalAttribute[]> {
    const live = this.attributes().filter(({ deleted, toIds }) => !deleted && toIds)
    return Map.groupBy(live, ({ type, value }) => `${type}|${value}`)
  }

  attributes(): LocalAttribute[] {
    return [...this.#database.attributes.values()]
  }

  events(): LocalEvent[] {
    return [...this.#database.events.values()]
  }

  /** Everything else that is stored. */
  get database(): Database {
    return this.#database
  }

  /** Everything that was ever refused, whether MISP logs it or passes it over. */
  get dropped(): readonly Dropped[] {
    return this.#database.dropped
  }

  async #plan(): Promise<Pick<PullReport, 'failed' | 'notModified'> & { plan: Plan }> {
    try {
      const { manifest, isKept } = await this.#client.manifest()
      return { plan: this.#sort(manifest), failed: undefined, notModified: isKept }
    } catch (error) {
      const failed = (error as Error).message
      this.#database.drop('manifest', '', failed)
      const plan: Plan = { add: [], edit: [], skipped: [], blocked: [] }
      return { plan, failed, notModified: false }
    }
  }

  /** Not local: add; older here than in the manifest: edit; else skip. */
  #sort(manifest: Json): Plan {
    const plan: Plan = { add: [], edit: [], skipped: [], blocked: [] }
    for (const [uuid, entry] of Object.entries(manifest)) {
      plan[this.#choose(uuid, isRecord(entry) ? entry : {})].push(uuid)
    }
    return plan
  }

  #choose(uuid: string, entry: Json): keyof Plan {
    if (!passesAsEntry(entry, this.#rules)) return 'blocked'
    const local = this.#database.events.get(uuid)
    const timestamp = toSeconds(entry['timestamp'])
    if (timestamp === undefined) this.#database.drop('manifest', uuid, 'the timestamp is no number')
    if (!local) return 'add'
    return local.timestamp < (timestamp ?? 0) ? 'edit' : 'skipped'
  }

  #edit(event: Json): void {
    if (!this.#isSiteAdmin) throw new Error('not authorised to edit the event')
    editEvent(this.#database, event)
  }

  async #each(
    uuids: readonly string[],
    save: (event: Json) => void
  ): Promise<{ done: string[]; blocked: string[] }> {
    const done: string[] = []
    const blocked: string[] = []
    for (const uuid of uuids) {
      try {
        const event = await this.#download(uuid)
        if (!passesAsEvent(event, this.#rules)) blocked.push(uuid)
        else {
          save(event)
          done.push(uuid)
        }
      } catch (error) {
        if (error instanceof Killed) throw error
        this.#database.drop('event', uuid, (error as Error).message)
      }
    }
    return { done, blocked }
  }

  async #download(uuid: string): Promise<Json> {
    if (!isMispUuid(uuid)) throw new Error('the manifest key is not a UUID of RFC 4122')
    if (uuid !== uuid.toLowerCase()) {
      this.#database.drop('manifest', uuid, 'the key is not lower case')
    }
    const event = unwrapEvent(await this.#client.event(uuid))
    if (event['uuid'] !== uuid) {
      const { uuid: other } = event
      this.#database.drop('event', uuid, `the file is of event ${String(other)}`)
    }
    return event
  }
}
