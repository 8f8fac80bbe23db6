import type { FeedClient } from './feed-client.ts'
import { hashedParts, md5 } from './hashed-values.ts'
import { isRecord, records, toText } from './json.ts'
import { toLower } from './stored-value.ts'
import { isMispUuid } from './uuid.ts'

export interface CacheReport {
  /** What the cache was filled from: without a usable hashes.csv it is the manifest and every event. */
  readonly source: 'hashes.csv' | 'events'
  /** Why hashes.csv was not used. */
  readonly fallback: string | undefined
  /** Why the cache is not whole. */
  readonly failed: string | undefined
  /** Lines of hashes.csv that are not two columns, each of which leaves a member that matches nothing. */
  readonly junk: readonly string[]
  /** Distinct hashes. */
  readonly size: number
}

/** The cache of a feed's hashes, by which MISP shows that a value is in a feed it has not pulled. */
export class FeedCache {
  #events = new Map<string, Set<string>>()

  /** Fills the cache anew (MISP-1.3, MISP-1.7). */
  async fill(client: FeedClient): Promise<CacheReport> {
    let fallback: string
    try {
      const junk = this.#fillFromLines(await client.hashes())
      return this.#report({ source: 'hashes.csv', junk })
    } catch (error) {
      fallback = (error as Error).message
    }
    try {
      await this.#fillFromEvents(client)
      return this.#report({ source: 'events', fallback })
    } catch (error) {
      return this.#report({ source: 'events', fallback, failed: (error as Error).message })
    }
  }

  /** The events that the page «search caches» finds for an input. */
  search(input: string): string[] {
    return [...(this.#events.get(md5(toLower(input.trim()))) ?? [])]
  }

  /** The events that are shown beside a local attribute with the stored value. */
  correlate(type: string, value: string): string[] {
    const parts = hashedParts(type, value)
    const bare =
      type === 'url' && value.includes('://') ? [value.split('://').slice(1).join('://')] : []
    return [...parts, ...bare].flatMap(part => [...(this.#events.get(md5(part)) ?? [])])
  }

  #report(told: Partial<CacheReport> & Pick<CacheReport, 'source'>): CacheReport {
    return { fallback: undefined, failed: undefined, junk: [], ...told, size: this.#events.size }
  }

  #fillFromLines(text: string): string[] {
    this.#events = new Map()
    const junk: string[] = []
    for (const line of text.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '').split(/\r?\n/)) {
      const [hash = '', uuid = ''] = line.split(',')
      if (uuid === '') junk.push(line)
      this.#put(hash, uuid)
    }
    return junk
  }

  /** Top-level attributes only, deleted ones among them. */
  async #fillFromEvents(client: FeedClient): Promise<void> {
    const { manifest } = await client.manifest()
    this.#events = new Map()
    for (const uuid of Object.keys(manifest)) {
      if (!isMispUuid(uuid)) throw new Error(`${uuid} is not a UUID`)
      const file = await client.event(uuid)
      const event = isRecord(file) && isRecord(file['Event']) ? file['Event'] : {}
      for (const { type, value } of records(event['Attribute'])) {
        const parts = hashedParts(toText(type), toText(value))
        for (const part of parts) this.#put(md5(part), toText(event['uuid']))
      }
    }
  }

  #put(hash: string, uuid: string): void {
    this.#events.set(hash, (this.#events.get(hash) ?? new Set()).add(uuid))
  }
}
