import type { Document, DocumentCommit, DocumentStore } from '../kernel/ports.ts'
import type { Batch } from './recorder.ts'
import { decodeSlot, encodeSlot, mergeSlots, type Slot } from './slot.ts'
import { type SpanName, spanNames, spans } from './spans.ts'
import { decodeWriter, encodeWriter, liveWriters, staleWriters, type Writer } from './writers.ts'

/**
 * The history in the store. A span is a ring of documents, so that its size is bounded whatever the clocks do. All
 * gateways add to the same slots, by compare-and-set over the whole space; none replaces what another has counted.
 */

export type HistoryStore = Pick<DocumentStore, 'version' | 'get' | 'scan' | 'commit'>

const space = 'history'
const writersTable = 'writers'
/** Others may write first so often before the batch is left to the next minute. */
const maxTries = 10

const keyOf = (name: SpanName, no: number): string => `${no % spans[name].slots}`

/** What the store holds; slots that their span no longer covers may be among it. */
export interface Kept {
  readonly slots: Batch
  readonly writers: ReadonlyMap<string, Writer>
}

export async function readHistory(store: HistoryStore): Promise<Kept> {
  const slotsOf = async (name: SpanName) =>
    (await documentsOf(store, name)).flatMap(({ value }) => decodeSlot(value) ?? [])
  return {
    slots: { day: await slotsOf('day'), month: await slotsOf('month') },
    writers: await readWriters(store)
  }
}

async function documentsOf(store: HistoryStore, table: string): Promise<Document[]> {
  const documents = new Map<string, Document>()
  for await (const batch of store.scan(space, table))
    for (const document of batch) documents.set(document.key, document)
  return [...documents.values()]
}

async function readWriters(store: HistoryStore): Promise<Map<string, Writer>> {
  const writers = new Map<string, Writer>()
  for (const { key, value } of await documentsOf(store, writersTable)) {
    const writer = decodeWriter(value)
    if (writer) writers.set(key, writer)
  }
  return writers
}

export interface Write {
  /** Name of the writing process. */
  readonly writer: string
  /** Grows by one with each batch that is not the last one once more. */
  readonly no: number
  readonly batch: Batch
  readonly now: number
  /** True for the last write of a process. */
  readonly isLast: boolean
}

/**
 * Adds a batch once, also if it was written before and only the answer was lost. Gives the number of gateways that
 * write. Rejects when the store fails.
 */
export async function writeHistory(store: HistoryStore, write: Write): Promise<number> {
  for (let tries = 0; tries < maxTries; tries++) {
    const expectedVersion = await store.version(space)
    const others = await readWriters(store)
    const isThere = others.get(write.writer)?.batch === write.no
    others.delete(write.writer)
    const slots = isThere ? [] : await mergedSlots(store, write.batch)
    if (await store.commit(space, commitOf(expectedVersion, { write, others, slots })))
      return 1 + liveWriters(others, write.now)
  }
  throw new Error('others write their history all the time')
}

type Put = DocumentCommit['puts'][number]

/** The slots of the batch with what is in the store of the same times. What is there of another time makes room. */
async function mergedSlots(store: HistoryStore, batch: Batch): Promise<Put[]> {
  const puts = spanNames.map(async table => {
    const keys = batch[table].map(({ no }) => keyOf(table, no))
    const stored = await store.get(space, table, keys)
    return batch[table].map((slot, i): Put => {
      const there = stored[i] && decodeSlot(stored[i])
      const merged: Slot = there?.no === slot.no ? mergeSlots(there, slot) : slot
      return { table, key: keys[i]!, value: encodeSlot(merged) }
    })
  })
  return (await Promise.all(puts)).flat()
}

interface Change {
  readonly write: Write
  readonly others: ReadonlyMap<string, Writer>
  readonly slots: readonly Put[]
}

function commitOf(expectedVersion: number, { write, others, slots }: Change): DocumentCommit {
  const { writer, no, now, isLast } = write
  const gone = [...staleWriters(others, now), ...(isLast ? [writer] : [])]
  const own = { table: writersTable, key: writer, value: encodeWriter({ batch: no, at: now }) }
  const deletes = gone.map(key => ({ table: writersTable, key }))
  return { expectedVersion, puts: [...slots, ...(isLast ? [] : [own])], deletes }
}
