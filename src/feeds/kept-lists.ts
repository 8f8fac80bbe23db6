import { LRUCache } from 'lru-cache'
import type { ScopeId } from '../kernel/caller.ts'
import type { DocumentStore, Feed } from '../kernel/ports.ts'

/** The last list of feeds of each scope, as Sekoia sent it, for a gateway that starts while Sekoia is down (G7). */
export interface KeptLists {
  /** Undefined when there is none, or the store is in trouble. */
  recall(scope: ScopeId): Promise<readonly Feed[] | undefined>
  /** Never rejects: a list that could not be written is written with the next. */
  keep(scope: ScopeId, feeds: readonly Feed[]): Promise<void>
  forget(scope: ScopeId): Promise<void>
}

/** What is stored; another format is as good as none. */
interface StoredList {
  readonly format: 1
  readonly feeds: readonly Feed[]
}

const table = 'feeds'
const key = 'list'
const spaceOf = (scope: ScopeId): string => `catalog:${scope}`

export function createKeptLists(
  store: Pick<DocumentStore, 'version' | 'get' | 'commit' | 'drop'>
): KeptLists {
  /** What the store has, as far as this process knows. */
  const kept = new LRUCache<ScopeId, string>({ max: 1000 })

  async function recall(scope: ScopeId): Promise<readonly Feed[] | undefined> {
    try {
      const [value] = await store.get(spaceOf(scope), table, [key])
      return value && readList(value)
    } catch {
      return undefined
    }
  }

  async function keep(scope: ScopeId, feeds: readonly Feed[]): Promise<void> {
    const text = JSON.stringify({ format: 1, feeds } satisfies StoredList)
    if (kept.get(scope) === text) return
    try {
      const expectedVersion = await store.version(spaceOf(scope))
      const puts = [{ table, key, value: Buffer.from(text) }]
      if (await store.commit(spaceOf(scope), { expectedVersion, puts, deletes: [] }))
        kept.set(scope, text)
    } catch {
      kept.delete(scope)
    }
  }

  async function forget(scope: ScopeId): Promise<void> {
    kept.delete(scope)
    await store.drop(spaceOf(scope)).catch(() => {})
  }

  return { recall, keep, forget }
}

/** Reads a stored list; undefined when it is of another format. */
export function readList(value: Buffer): readonly Feed[] | undefined {
  const { format, feeds } = JSON.parse(value.toString()) as Partial<StoredList>
  return format === 1 ? feeds : undefined
}
