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
  /** True: the body is wanted for nothing else, and the page may be put together in it. */
  readonly inPlace?: boolean
}

/** Turns items of a body into a page: repaired, joined by single commas, with their index. */
export function* assemble(
  body: Buffer,
  items: readonly SoundItem[],
  { onRepair, inPlace = false }: AssemblyOptions
): Work<{ bytes: Buffer; entries: Entry[] }> {
  const size = items.reduce((size, item) => size + sizeOf(item) + 1, 0)
  const bytes = inPlace && fitsInPlace(body, items, size) ? body : Buffer.allocUnsafe(size)
  const entries: Entry[] = []
  let end = 0
  for (const item of items) {
    if (end > 0) bytes[end++] = byte.comma
    const { entry, edits = [] } = item
    entry.offset = end
    end = write(bytes, end, body, item)
    entry.length = end - entry.offset
    for (const { rule } of edits) onRepair?.(rule)
    entries.push(entry)
    if (entries.length % itemsAtOnce === 0) yield
  }
  return { bytes: bytes.subarray(0, end), entries }
}

function sizeOf({ start, end, edits }: SoundItem): number {
  let size = end - start
  if (edits) for (const edit of edits) size += edit.insert.length - edit.remove
  return size
}

/** The part of its memory that a page must fill if it is to keep it. */
const filledPart = 0.75

/** True when no byte is written before it was read, and little of the memory is kept for nothing. */
function fitsInPlace(body: Buffer, items: readonly SoundItem[], size: number): boolean {
  if (size < body.buffer.byteLength * filledPart) return false
  let at = 0
  for (const { start, end, edits } of items) {
    if (at > 0) at++
    if (at > start) return false
    let from = start
    for (const edit of edits ?? []) {
      at += edit.at - from + edit.insert.length
      from = edit.at + edit.remove
      if (at > from) return false
    }
    at += end - from
  }
  return true
}

function write(
  bytes: Buffer,
  offset: number,
  body: Buffer,
  { start, end, edits }: SoundItem
): number {
  let at = offset
  let from = start
  for (const edit of edits ?? []) {
    at += body.copy(bytes, at, from, edit.at)
    at += bytes.write(edit.insert, at, 'latin1')
    from = edit.at + edit.remove
  }
  return at + body.copy(bytes, at, from, end)
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
