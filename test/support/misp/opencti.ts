import { bodyText, type FeedPath, type FetchFeed } from './feed-client.ts'
import { isRecord } from './json.ts'
import { type ReportIdentity, readEvent, toEvent, toInt, toStr } from './unguarded.ts'

export interface OpenCtiOptions {
  readonly fetch: FetchFeed
  /** Epoch seconds. */
  readonly now: () => number
  /** `import_from_date`, in epoch seconds; without it the first run starts at its own time. */
  readonly importFrom?: number
}

/** An event at the timestamp that the manifest gave it. */
export interface Listed {
  readonly uuid: string
  /** Epoch seconds. */
  readonly timestamp: number
}

export interface OpenCtiRun {
  readonly processed: readonly Listed[]
  /** Whose download failed; a later event takes the cursor past them. */
  readonly failed: readonly Listed[]
  /** What stopped the run: an event that cannot be read stops every later run, too. */
  readonly error: string | undefined
}

/** OpenCTI's misp-feed connector, as far as it decides which events it reads (MISP-2). */
export class OpenCti {
  /** Every event that was processed, in order; the same one twice when it was fetched twice. */
  readonly processed: Listed[] = []
  /** Reports that merge with another one, or split because info or date changed. */
  readonly collisions: string[] = []
  readonly #options: OpenCtiOptions
  /** What the connector keeps between its runs; it saves only after an event. */
  #cursor: number | undefined
  #start: number | undefined
  #listed: readonly Listed[] = []
  readonly #reports = new Map<string, string>()
  readonly #identities = new Map<string, string>()

  constructor(options: OpenCtiOptions) {
    this.#options = options
  }

  /** What the last manifest lists and no later run can fetch: the cursor has passed it. */
  get lost(): Listed[] {
    const cursor = this.#cursor ?? Number.NEGATIVE_INFINITY
    const start = this.#start ?? Number.POSITIVE_INFINITY
    const processed = new Set(this.processed.map(keyOf))
    return this.#listed.filter(
      listed =>
        listed.timestamp > start && listed.timestamp <= cursor && !processed.has(keyOf(listed))
    )
  }

  /** One run. Failures are in the report. */
  async run(): Promise<OpenCtiRun> {
    const before = this.processed.length
    const failed: Listed[] = []
    let error: string | undefined
    try {
      await this.#run(failed)
    } catch (raised) {
      error = (raised as Error).message
    }
    return { processed: this.processed.slice(before), failed, error }
  }

  async #run(failed: Listed[]): Promise<void> {
    const { now, importFrom = now() } = this.#options
    if (this.#cursor === undefined) this.#start = importFrom
    let cursor = this.#cursor ?? importFrom
    this.#listed = await this.#readManifest()
    for (const listed of this.#listed) {
      if (listed.timestamp <= cursor) continue
      cursor = listed.timestamp
      const text = await this.#get(`/${listed.uuid}.json`)
      if (text === undefined) {
        failed.push(listed)
        continue
      }
      this.#note(listed, readEvent(toEvent(JSON.parse(text))))
      this.#cursor = cursor
    }
  }

  /** By timestamp; entries of one timestamp stay in the order of the file. */
  async #readManifest(): Promise<Listed[]> {
    const text = await this.#get('/manifest.json')
    if (text === undefined) throw new Error('no manifest.json')
    const manifest: unknown = JSON.parse(text)
    if (!isRecord(manifest)) throw new Error('manifest.json is not an object')
    const listed = Object.entries(manifest).map(([uuid, entry]) => {
      if (!isRecord(entry)) throw new Error(`the entry of ${uuid} is not an object`)
      toStr(entry['info'], 'info in the manifest')
      toStr(entry['date'], 'date in the manifest')
      return { uuid, timestamp: toInt(entry['timestamp'], 'timestamp in the manifest') }
    })
    return listed.sort((a, b) => a.timestamp - b.timestamp)
  }

  #note(listed: Listed, { info, date }: ReportIdentity): void {
    const { uuid } = listed
    this.processed.push(listed)
    const identity = JSON.stringify([info, date])
    const owner = this.#reports.get(identity) ?? uuid
    if (owner !== uuid) this.collisions.push(`${uuid} merges with ${owner}: ${identity}`)
    const known = this.#identities.get(uuid) ?? identity
    if (known !== identity) this.collisions.push(`${uuid} splits: ${known} became ${identity}`)
    this.#reports.set(identity, owner)
    this.#identities.set(uuid, identity)
  }

  /** The body; undefined when there is no connection or the status says that something went wrong. */
  async #get(path: FeedPath): Promise<string | undefined> {
    const headers = { accept: '*/*', 'accept-encoding': 'gzip, deflate' }
    const answer = await this.#options.fetch(path, headers).catch(() => undefined)
    return answer && answer.status < 400 ? bodyText(answer) : undefined
  }
}

const keyOf = ({ uuid, timestamp }: Listed): string => `${uuid} ${timestamp}`
