import { LRUCache } from 'lru-cache'
import type { JournalCommit, LogStore, StoredHead } from '../kernel/ports.ts'
import { createLeases } from './leases.ts'

/**
 * Feed logs held in this process only: for tests, and in place of a data directory that cannot be used.
 * Buffers are copied on the way in, so that a slice never keeps the whole page behind it alive.
 */

export interface MemoryStoreOptions {
  /** Most bytes of bodies; the least recently used go first. */
  readonly bodyMaxBytes: number
  /** Why memory is used in place of a real store; `trouble()` returns it. */
  readonly trouble?: string
}

interface MemoryJournal {
  readonly version: number
  readonly state: Buffer
  readonly heads: ReadonlyMap<number, { readonly head: Buffer; readonly version: number }>
}

/** A {@link LogStore} that forgets everything with the process. */
export function createMemoryStore({ bodyMaxBytes, trouble }: MemoryStoreOptions): LogStore {
  const journals = new Map<string, MemoryJournal>()
  const reads = new Map<string, number>()
  const bodies = new LRUCache<string, Buffer>({
    maxSize: bodyMaxBytes,
    sizeCalculation: body => body.length || 1
  })
  const bodyName = (log: string, no: number) => `${log}/${no}`

  const dropBodies = (log: string) => {
    for (const name of [...bodies.keys()]) if (name.startsWith(`${log}/`)) bodies.delete(name)
  }

  const append = (
    journal: MemoryJournal | undefined,
    heads: readonly StoredHead[],
    version: number
  ) => {
    const merged = new Map(journal?.heads)
    for (const { no, head } of heads) merged.set(no, { head: Buffer.from(head), version })
    return merged
  }

  const commit = (log: string, change: JournalCommit) => {
    const journal = journals.get(log)
    if ((journal?.version ?? 0) !== change.expectedVersion) return false
    const version = change.expectedVersion + 1
    const heads = append(journal, change.heads, version)
    journals.set(log, { version, state: Buffer.from(change.state), heads })
    for (const { no, body } of change.bodies) bodies.set(bodyName(log, no), Buffer.from(body))
    return true
  }

  const load = (log: string, since = 0) => {
    const journal = journals.get(log)
    if (!journal) return undefined
    const heads = [...journal.heads]
      .filter(([, { version }]) => version > since)
      .map(([no, { head }]) => ({ no, head }))
      .sort((a, b) => a.no - b.no)
    return { version: journal.version, state: journal.state, heads }
  }

  return {
    isShared: false,
    load: async (log, since) => load(log, since),
    version: async log => journals.get(log)?.version ?? 0,
    ...createLeases(),
    commit: async (log, change) => commit(log, change),
    readBody: async (log, no) => bodies.get(bodyName(log, no)),
    async writeBody(log, no, body) {
      bodies.set(bodyName(log, no), Buffer.from(body))
    },
    async lengthenBody(log, no, from, body) {
      const isThere = bodies.peek(bodyName(log, no))?.length === from
      const hasRoom = bodies.calculatedSize + body.length - from <= bodyMaxBytes / 2
      if (isThere && hasRoom) bodies.set(bodyName(log, no), Buffer.from(body))
      return isThere && hasRoom
    },
    async drop(log) {
      journals.delete(log)
      reads.delete(log)
      dropBodies(log)
    },
    async *names() {
      yield [...journals.keys()]
    },
    async noteRead(log, at) {
      reads.set(log, at)
    },
    unread: async (before, limit) =>
      [...reads]
        .filter(([, at]) => at < before)
        .sort(([, a], [, b]) => a - b)
        .slice(0, limit)
        .map(([log]) => log),
    trouble: () => trouble,
    async close() {}
  }
}
