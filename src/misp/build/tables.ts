import { hash } from 'node:crypto'
import type { Caller } from '../../kernel/caller.ts'
import { OvertakenError } from '../../kernel/errors.ts'
import { giveWay, giveWayIfDue } from '../../kernel/give-way.ts'
import { memoize } from '../../kernel/memoize.ts'
import type { DocumentCommit, DocumentStore } from '../../kernel/ports.ts'

/**
 * The tables of one feed's MISP state.
 *
 * - `state`: one document, see state.ts.
 * - `bucket`: rows, by name of the bucket; `dirty`: names of buckets whose events have to be made again.
 * - `event`: files as they are served, compressed, by uuid; `head`: what the manifest and the publisher know of each;
 *   `hash`: the md5s of its live values.
 * - `tally`: what became of the indicators of each bucket, by its name, see events/tally.ts.
 * - `link`: where an indicator is, and what others say of it, by STIX id.
 * - `name`: what an object is called as a tag, by STIX id; `wanted`: buckets that wait for a name.
 * - `file`: the manifest.
 */
export type Table =
  | 'state'
  | 'bucket'
  | 'dirty'
  | 'event'
  | 'head'
  | 'hash'
  | 'tally'
  | 'link'
  | 'name'
  | 'wanted'
  | 'file'

/** A file takes so many changes in some five milliseconds, in which nobody is answered. */
const maxCommitted = 200

/** Changes to commit together. The last change to a key counts. */
export class Batch {
  readonly #documents = new Map<string, Buffer | undefined>()
  /** Bytes of what is to be put. */
  size = 0

  get isEmpty(): boolean {
    return this.#documents.size === 0
  }

  /** True when it is time to commit. @param bytes to be put at a time, more or less */
  isFull(bytes: number): boolean {
    return this.size >= bytes || this.#documents.size >= maxCommitted
  }

  put(table: Table, key: string, value: Buffer): void {
    this.size += value.length + key.length
    this.#documents.set(`${table} ${key}`, value)
  }

  putJson(table: Table, key: string, value: unknown): void {
    this.put(table, key, Buffer.from(JSON.stringify(value)))
  }

  delete(table: Table, key: string): void {
    this.#documents.set(`${table} ${key}`, undefined)
  }

  clear(): void {
    this.#documents.clear()
    this.size = 0
  }

  commit(): Pick<DocumentCommit, 'puts' | 'deletes'> {
    const puts: { table: string; key: string; value: Buffer }[] = []
    const deletes: { table: string; key: string }[] = []
    for (const [name, value] of this.#documents) {
      const space = name.indexOf(' ')
      const at = { table: name.slice(0, space), key: name.slice(space + 1) }
      if (value) puts.push({ ...at, value })
      else deletes.push(at)
    }
    return { puts, deletes }
  }
}

/**
 * The MISP state of one feed, read and changed by one builder at a time. A store in a file never waits: so that a
 * builder does not keep everyone else from their turn, it gives way here.
 */
export class FeedTables {
  readonly #store: DocumentStore
  readonly #space: string
  #version = 0

  constructor(store: DocumentStore, space: string) {
    this.#store = store
    this.#space = space
  }

  /**
   * Takes the stored version as the one to change. False if nobody changed it since it was last seen or written here.
   */
  async refresh(): Promise<boolean> {
    const version = await this.#store.version(this.#space)
    const isNew = version !== this.#version
    this.#version = version
    return isNew
  }

  async get(table: Table, keys: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
    await giveWayIfDue()
    return this.#store.get(this.#space, table, keys)
  }

  async getJson<T>(table: Table, keys: readonly string[]): Promise<Map<string, T>> {
    const found = await this.get(table, keys)
    return new Map(
      found.flatMap((value, i) =>
        value ? [[keys[i]!, JSON.parse(value.toString()) as T] as const] : []
      )
    )
  }

  /** A whole table, by key. */
  async allJson<T>(table: Table): Promise<Map<string, T>> {
    const all = new Map<string, T>()
    for await (const batch of this.scan(table))
      for (const { key, value } of batch) all.set(key, JSON.parse(value.toString()) as T)
    return all
  }

  scan(table: Table) {
    return this.#store.scan(this.#space, table)
  }

  async keys(table: Table): Promise<string[]> {
    const keys = new Set<string>()
    for await (const batch of this.scan(table)) for (const { key } of batch) keys.add(key)
    return [...keys]
  }

  /** Throws {@link OvertakenError}, and nothing is changed, when another gateway was first. */
  async commit(changes: Batch): Promise<void> {
    // It lasts as long as a piece may, so it is one by itself.
    await giveWay()
    const expectedVersion = this.#version
    const isFirst = await this.#store.commit(this.#space, { expectedVersion, ...changes.commit() })
    if (!isFirst) throw new OvertakenError()
    this.#version = expectedVersion + 1
  }

  lease(owner: string, ms: number): Promise<boolean> {
    return this.#store.lease(this.#space, owner, ms)
  }

  release(owner: string): Promise<void> {
    return this.#store.release(this.#space, owner)
  }
}

/** The space of a feed as one key sees it (G5); nothing of a URL gets into the name. */
export const spaceOf = ({ scope }: Caller, feedId: string): string =>
  `misp1:${scope}:${digestOf(feedId)}`

/** The scope of a space. */
export const scopeOfSpace = (space: string): string => space.split(':')[1] ?? ''

const digestOf = memoize((feedId: string) => hash('sha256', feedId).slice(0, 32))
