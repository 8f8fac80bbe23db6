import type { LogStore } from '../../src/kernel/ports.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

export interface EvictingStore extends LogStore {
  /** Throws all bodies away; the journals stay. */
  evictAll(): void
}

/** A memory store whose bodies can be thrown away. */
export function evictingStore(isShared: boolean): EvictingStore {
  const store = createMemoryStore({ bodyMaxBytes: 16_000_000 })
  let generation = 0
  const kept = new Map<string, number>()
  const nameOf = (log: string, no: number) => `${log}/${no}`
  return {
    ...store,
    isShared,
    evictAll() {
      generation++
    },
    async commit(log, commit) {
      for (const { no } of commit.bodies) kept.set(nameOf(log, no), generation)
      return store.commit(log, commit)
    },
    async writeBody(log, no, body) {
      kept.set(nameOf(log, no), generation)
      return store.writeBody(log, no, body)
    },
    async readBody(log, no) {
      return kept.get(nameOf(log, no)) === generation ? store.readBody(log, no) : undefined
    }
  }
}
