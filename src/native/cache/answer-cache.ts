import { LRUCache } from 'lru-cache'
import type { AnswerStore } from '../../kernel/answer-store.ts'
import type { ScopeId } from '../../kernel/caller.ts'
import { giveWay } from '../../kernel/give-way.ts'
import type { Meter } from '../../kernel/ports.ts'
import { decodeEntry, type Entry, encodeEntry } from './entry.ts'
import { Flights } from './flights.ts'
import { keptMs, missMs } from './policy.ts'

export interface AnswerCacheDeps {
  readonly store: AnswerStore
  readonly meter: Meter
  /** Bytes of answers held in memory. */
  readonly maxBytes: number
}

/** What an entry costs in memory beside its body. */
const entryBytes = 500
/** With so many names waiting for the store, answers are kept in memory alone. */
const maxUnwritten = 5000
/** Names that are forgotten in one transaction of the store. */
const forgottenAtOnce = 200
/** Objects of which is known in which answers they are. */
const maxObjects = 100_000
/** Answers known of one object; some, such as the identity of Sekoia, are in nearly all. */
const maxAnswersWith = 10_000

/** The answers that hold an object, oldest first. */
interface AnswersWith {
  readonly scope: ScopeId
  readonly names: Set<string>
}

/**
 * Answers by scope and name: in memory, and in the store, where they outlive the process and are shared. Trouble of
 * the store is a miss. An answer is forgotten by its name, or by the id of an object that it holds.
 */
export class AnswerCache {
  readonly #deps: AnswerCacheDeps
  readonly #held: LRUCache<string, Entry>
  /** By scope and object. What is no longer known here would outlast a change of the object: it is forgotten, too. */
  readonly #answersWith = new LRUCache<string, AnswersWith>({
    // As a size: a number of entries is room that is taken at once.
    maxSize: maxObjects,
    sizeCalculation: () => 1,
    dispose: ({ scope, names }, _, reason) => {
      if (reason === 'evict') this.forget(scope, names)
    }
  })
  readonly #flights = new Flights<Entry>()
  #writing: Promise<unknown> = Promise.resolve()
  /** How many writes of a name the store has still to take: until then it knows less than we do. */
  readonly #unwritten = new Map<string, number>()

  constructor(deps: AnswerCacheDeps) {
    this.#deps = deps
    this.#held = new LRUCache({
      maxSize: Math.max(1, deps.maxBytes),
      sizeCalculation: ({ answer }) => answer.body.length + entryBytes
    })
  }

  /** From memory alone. */
  held(scope: ScopeId, name: string): Entry | undefined {
    return this.#held.get(inMemory(scope, name))
  }

  /** {@link held}, to be asked again and again. */
  holding(scope: ScopeId, name: string): () => Entry | undefined {
    const key = inMemory(scope, name)
    return () => this.#held.get(key)
  }

  /** In the order of the names. */
  async find(scope: ScopeId, names: readonly string[]): Promise<(Entry | undefined)[]> {
    const held = names.map(name => this.held(scope, name))
    const missing = names.filter((_, i) => held[i] === undefined)
    if (missing.length === 0) return held
    const stored = await this.#read(scope, missing)
    return held.map((entry, i) => entry ?? stored.get(names[i]!))
  }

  /** What is being asked under this name at the moment. */
  underWay(scope: ScopeId, name: string): Promise<Entry> | undefined {
    return this.#flights.get(inMemory(scope, name))
  }

  /** @param land gets what the work brings, unless it was to be forgotten meanwhile */
  start(scope: ScopeId, name: string, work: Promise<Entry>, land: (entry: Entry) => void) {
    return this.#flights.start(inMemory(scope, name), work, land)
  }

  /** @param ids of objects whose change makes it useless */
  put(scope: ScopeId, name: string, entry: Entry, ids: Iterable<string> = []): void {
    this.#hold(scope, name, entry)
    for (const id of ids) this.#noteObject(scope, id, name)
    const stored = [{ name, value: encodeEntry(entry) }]
    const ms = entry.isMiss ? missMs : keptMs
    if (this.#unwritten.size < maxUnwritten)
      this.#write('put', scope, [name], () => this.#deps.store.put(scope, stored, ms))
  }

  /** Forgets answers by name, and all that hold one of the objects; what is under way for them counts no more. */
  forget(scope: ScopeId, forgotten: Iterable<string>, ids: Iterable<string> = []): void {
    const all = new Set(forgotten)
    for (const id of ids) {
      for (const name of this.#answersWith.get(inMemory(scope, id))?.names ?? []) all.add(name)
      this.#answersWith.delete(inMemory(scope, id))
    }
    if (all.size === 0) return
    for (const name of all) {
      this.#held.delete(inMemory(scope, name))
      this.#flights.outdate(inMemory(scope, name))
    }
    const names = [...all]
    for (let at = 0; at < names.length; at += forgottenAtOnce) {
      const some = names.slice(at, at + forgottenAtOnce)
      this.#write('forget', scope, some, () => this.#deps.store.forget(scope, some))
    }
  }

  /** Resolves when the store has been told of everything. */
  async settle(): Promise<void> {
    await this.#writing
  }

  #noteObject(scope: ScopeId, id: string, name: string): void {
    const key = inMemory(scope, id)
    const { names } = this.#answersWith.get(key) ?? { names: new Set<string>() }
    names.delete(name)
    if (names.size >= maxAnswersWith) {
      const [oldest = ''] = names
      names.delete(oldest)
      this.forget(scope, [oldest])
    }
    names.add(name)
    this.#answersWith.set(key, { scope, names })
  }

  #hold(scope: ScopeId, name: string, entry: Entry): void {
    this.#held.set(inMemory(scope, name), entry)
  }

  async #read(scope: ScopeId, names: readonly string[]): Promise<Map<string, Entry>> {
    const found = new Map<string, Entry>()
    const isWritten = (name: string) => !this.#unwritten.has(inMemory(scope, name))
    const asked = names.filter(isWritten)
    if (asked.length === 0) return found
    try {
      const stored = await this.#deps.store.get(scope, asked)
      for (const [i, bytes] of stored.entries()) {
        const entry = bytes && decodeEntry(bytes)
        if (!entry || !isWritten(asked[i]!)) continue
        found.set(asked[i]!, entry)
        this.#hold(scope, asked[i]!, entry)
      }
    } catch {
      this.#deps.meter.count('store_errors', { operation: 'get' })
    }
    return found
  }

  /** One after the other, since the last word on a name must come last. Answers go out before. */
  #write(
    operation: string,
    scope: ScopeId,
    names: readonly string[],
    work: () => Promise<void>
  ): void {
    const count = (by: number) => {
      for (const name of names.map(name => inMemory(scope, name))) {
        const left = (this.#unwritten.get(name) ?? 0) + by
        if (left > 0) this.#unwritten.set(name, left)
        else this.#unwritten.delete(name)
      }
    }
    count(1)
    this.#writing = this.#writing
      .then(giveWay)
      .then(work)
      .catch(() => this.#deps.meter.count('store_errors', { operation }))
      .finally(() => count(-1))
  }
}

const inMemory = (scope: ScopeId, name: string): string => `${scope} ${name}`
