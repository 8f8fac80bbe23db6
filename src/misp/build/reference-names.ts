import { LRUCache } from 'lru-cache'
import type { Caller } from '../../kernel/caller.ts'
import { isRefusal } from '../../kernel/errors.ts'
import type { Upstream } from '../../kernel/ports.ts'
import type { StixObject } from '../../stix/object.ts'
import { trim } from '../events/source-row.ts'
import type { Batch, FeedTables } from './tables.ts'

/** An object that others refer to, with the members that `trim` keeps; undefined if Sekoia does not know it. */
export interface Named {
  readonly stix?: StixObject
}

export interface NamesDeps {
  readonly documents: FeedTables
  readonly upstream: Pick<Upstream, 'objects'>
}

/** Objects held in memory. */
const maxHeld = 10_000
/** Objects asked for at a time. */
const batch = 400

/**
 * Objects that indicators refer to by id. They come with the feed, or are fetched by id when one is first referred
 * to; then they are kept.
 */
export class ReferenceNames {
  readonly #parts: NamesDeps
  readonly #held = new LRUCache<string, Named>({ max: maxHeld })

  constructor(parts: NamesDeps) {
    this.#parts = parts
  }

  /** Keeps objects that others refer to. */
  learn(objects: readonly StixObject[], changes: Batch): void {
    for (const object of objects) this.#put(object.id, { stix: trim(object) }, changes)
  }

  /** Returns the ids that are still unknown after asking Sekoia, which may fail. Throws refusals. */
  async resolve(caller: Caller, ids: Iterable<string>, changes: Batch): Promise<string[]> {
    const wanted = new Set(ids)
    const known = await this.#load(wanted)
    const missing = [...wanted].filter(id => !known.has(id))
    for (let at = 0; at < missing.length; at += batch) {
      const asked = missing.slice(at, at + batch)
      const answer = await this.#ask(caller, asked)
      if (answer === 'trouble') return missing.slice(at)
      if (answer === 'refused') this.#forgo(asked)
      else this.#learnAll(answer, asked, changes)
    }
    return []
  }

  /** Looks up these ids. The result returns undefined for unknown ids and all others. */
  async find(ids: Iterable<string>): Promise<(id: string) => StixObject | undefined> {
    const found = await this.#load(new Set(ids))
    return id => found.get(id)?.stix
  }

  /** Those of these that are known, from memory or the store. */
  async #load(ids: ReadonlySet<string>): Promise<Map<string, Named>> {
    const found = new Map<string, Named>()
    for (const id of ids) {
      const held = this.#held.get(id)
      if (held) found.set(id, held)
    }
    const others = [...ids].filter(id => !found.has(id))
    for (const [id, named] of await this.#parts.documents.getJson<Named>('name', others)) {
      this.#held.set(id, named)
      found.set(id, named)
    }
    return found
  }

  async #ask(
    caller: Caller,
    ids: readonly string[]
  ): Promise<StixObject[] | 'refused' | 'trouble'> {
    try {
      const { bytes, entries } = await this.#parts.upstream.objects(caller, ids)
      return entries.map(({ offset, length }) =>
        JSON.parse(bytes.toString('utf8', offset, offset + length))
      )
    } catch (error) {
      if (!isRefusal(error)) return 'trouble'
      if (error.kind === 'unauthorized') throw error
      return 'refused'
    }
  }

  /**
   * Notes what Sekoia does not know, so that it is not asked again. If it comes with the feed later, it is learnt
   * then.
   */
  #learnAll(objects: readonly StixObject[], asked: readonly string[], changes: Batch): void {
    this.learn(objects, changes)
    for (const id of asked) if (!this.#held.has(id)) this.#put(id, {}, changes)
  }

  /** A key without the right to read objects by id does without them until the process restarts. */
  #forgo(ids: readonly string[]): void {
    for (const id of ids) this.#held.set(id, {})
  }

  #put(id: string, named: Named, changes: Batch): void {
    this.#held.set(id, named)
    changes.putJson('name', id, named)
  }
}
