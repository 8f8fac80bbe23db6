import { setImmediate } from 'node:timers/promises'
import type { Document, DocumentCommit, DocumentStore } from '../kernel/ports.ts'
import { createLeases } from './leases.ts'

/**
 * Documents held in this process only: for tests, and in place of a data directory that cannot be used. Nothing is
 * evicted, so a commit that would exceed the bound rejects. Buffers are copied on the way in.
 */

export interface MemoryDocumentsOptions {
  /** Most bytes of all documents. */
  readonly maxBytes: number
  /** Why memory is used in place of a real store; `trouble()` returns it. */
  readonly trouble?: string
}

interface Space {
  version: number
  bytes: number
  readonly tables: Map<string, Map<string, Buffer>>
}

const batchSize = 1000

/** Bytes that V8 needs for a map entry and a Buffer, besides key and value. */
const overhead = 200

/** A {@link DocumentStore} that forgets everything with the process. */
export function createMemoryDocuments(options: MemoryDocumentsOptions): DocumentStore {
  const spaces = new Map<string, Space>()
  let total = 0

  const commit = (name: string, change: DocumentCommit) => {
    const space = spaces.get(name) ?? { version: 0, bytes: 0, tables: new Map() }
    if (space.version !== change.expectedVersion) return false
    if (total + growth(space, change) > options.maxBytes) {
      throw new Error(`memory may hold no more than ${options.maxBytes} bytes of documents`)
    }
    const before = space.bytes
    for (const { table, key } of change.deletes) set(space, table, key)
    for (const { table, key, value } of change.puts) set(space, table, key, value)
    total += space.bytes - before
    space.version++
    spaces.set(name, space)
    return true
  }

  return {
    version: async space => spaces.get(space)?.version ?? 0,
    async get(space, table, keys) {
      const documents = spaces.get(space)?.tables.get(table)
      return keys.map(key => documents?.get(key))
    },
    scan: (space, table) => batches(spaces.get(space)?.tables.get(table)),
    commit: async (space, change) => commit(space, change),
    ...createLeases({ isRenewable: true }),
    async drop(space) {
      total -= spaces.get(space)?.bytes ?? 0
      spaces.delete(space)
    },
    async *names() {
      yield [...spaces.keys()]
    },
    trouble: () => options.trouble,
    async close() {}
  }
}

async function* batches(documents: ReadonlyMap<string, Buffer> = new Map()) {
  let batch: Document[] = []
  for (const [key, value] of documents) {
    batch.push({ key, value })
    if (batch.length < batchSize) continue
    yield batch
    batch = []
    await setImmediate()
  }
  if (batch.length > 0) yield batch
}

const costOf = (key: string, value: Buffer | undefined) =>
  value ? overhead + key.length + value.length : 0

/** Upper bound of the bytes that a commit adds; deletes are not subtracted. */
function growth({ tables }: Space, { puts }: DocumentCommit): number {
  let bytes = 0
  for (const { table, key, value } of puts) {
    bytes += costOf(key, value) - costOf(key, tables.get(table)?.get(key))
  }
  return bytes
}

/** Without a value: deletes. */
function set(space: Space, table: string, key: string, value?: Buffer): void {
  const documents = space.tables.get(table) ?? new Map<string, Buffer>()
  space.tables.set(table, documents)
  space.bytes += costOf(key, value) - costOf(key, documents.get(key))
  if (value) documents.set(key, Buffer.from(value))
  else documents.delete(key)
}
