import type { Work } from '../kernel/give-way.ts'
import type { Entry, Page } from '../kernel/ports.ts'
import { byte } from './bytes.ts'
import type { Item, UnplacedEntry } from './item-reader.ts'

/** Between two places where the work may be interrupted. */
const itemsAtOnce = 50

/** An item that is a STIX object. */
export type SoundItem = Item & { readonly entry: UnplacedEntry }

export interface AssemblyOptions {
  onRepair?(rule: string): void
  /** True: the memory of the body is wanted for nothing else, and the page may be put together in it. */
  readonly inPlace?: boolean
}

/** Turns items of a body into a page: repaired, joined by single commas, with their index. */
export function* assemble(
  body: Buffer,
  items: readonly SoundItem[],
  { onRepair, inPlace = false }: AssemblyOptions
): Work<{ bytes: Buffer; entries: Entry[] }> {
  const size = place(items)
  const bytes = (inPlace && roomIn(body, items, size)) || Buffer.allocUnsafe(size)
  const entries: Entry[] = []
  for (let i = items.length - 1; i >= 0; i--) {
    const { entry } = items[i]!
    write(bytes, body, items[i]!)
    if (entry.offset > 0) bytes[entry.offset - 1] = byte.comma
    if (i % itemsAtOnce === 0) yield
  }
  for (const { entry, edits } of items) {
    if (edits) for (const { rule } of edits) onRepair?.(rule)
    entries.push(entry)
  }
  return { bytes, entries }
}

/** Gives each entry its place in the page. Returns the bytes of the whole. */
function place(items: readonly SoundItem[]): number {
  let end = 0
  for (const { start, end: until, edits, entry } of items) {
    entry.offset = end === 0 ? 0 : end + 1
    entry.length = until - start
    if (edits) for (const edit of edits) entry.length += edit.insert.length - edit.remove
    end = entry.offset + entry.length
  }
  return end
}

/** The part of its memory that a page must fill if it is to keep it. */
const filledPart = 0.75
/** A body that fills no more than half of its memory may share it: Buffers of Node's pool do. */
const ownPart = 0.5

/**
 * The end of the body's own memory, for the page: written from behind, piece by piece, as {@link write} does. Undefined
 * if a byte would be written before it was read, or too much memory be kept for nothing.
 */
function roomIn(body: Buffer, items: readonly SoundItem[], size: number): Buffer | undefined {
  const { buffer, byteOffset } = body
  const shift = buffer.byteLength - size - byteOffset
  if (shift < 0 || size < buffer.byteLength * filledPart) return undefined
  if (body.length <= buffer.byteLength * ownPart) return undefined
  for (const { start, edits, entry } of items) {
    let at = shift + entry.offset
    let from = start
    if (at < from) return undefined
    for (const edit of edits ?? []) {
      at += edit.at - from + edit.insert.length
      from = edit.at + edit.remove
      if (at < from) return undefined
    }
  }
  return Buffer.from(buffer, byteOffset + shift, size)
}

/** From behind, so that the page may lie further back in the same memory. */
function write(bytes: Buffer, body: Buffer, { start, end, edits = [], entry }: SoundItem): void {
  let at = entry.offset + entry.length
  let until = end
  for (let i = edits.length - 1; i >= 0; i--) {
    const { at: place, remove, insert } = edits[i]!
    const from = place + remove
    at -= until - from
    body.copy(bytes, at, from, until)
    at -= insert.length
    bytes.write(insert, at, 'latin1')
    until = place
  }
  body.copy(bytes, entry.offset, start, until)
}

/**
 * Joins several answers into one page, in the order given; without a cursor, because they are not parts of a walk.
 */
export function joinPages(pages: readonly Page[]): Page {
  const filled = pages.filter(page => page.entries.length > 0)
  const chunks: Buffer[] = []
  const entries: Entry[] = []
  let shift = 0
  for (const page of filled) {
    if (shift > 0) chunks.push(Buffer.from(','))
    chunks.push(page.bytes)
    for (const entry of page.entries) entries.push({ ...entry, offset: entry.offset + shift })
    shift += page.bytes.length + 1
  }
  const itemCount = pages.reduce((count, page) => count + page.itemCount, 0)
  const unreadable = pages.flatMap(page => page.unreadable ?? [])
  return { bytes: Buffer.concat(chunks), entries, nextCursor: null, itemCount, unreadable }
}
