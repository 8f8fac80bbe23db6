import type { Work } from '../kernel/give-way.ts'
import type { Entry, Page } from '../kernel/ports.ts'
import { byte } from './bytes.ts'
import type { Item } from './item-reader.ts'
import type { Draft } from './repair.ts'

/** Between two places where the work may be interrupted. */
const itemsAtOnce = 50

/** An item that is a STIX object. */
export type SoundItem = Item & { readonly draft: Draft }

/** Turns items of a body into a page: repaired, joined by single commas, with their index. */
export function* assemble(
  body: Buffer,
  items: readonly SoundItem[],
  onRepair: (rule: string) => void
): Work<{ bytes: Buffer; entries: Entry[] }> {
  const bytes = Buffer.allocUnsafe(items.reduce((size, item) => size + sizeOf(item) + 1, 0))
  const types = new Map<string, string>()
  const entries: Entry[] = []
  let end = 0
  for (const item of items) {
    if (end > 0) bytes[end++] = byte.comma
    const offset = end
    end = write(bytes, offset, body, item)
    for (const { rule } of item.draft.edits) onRepair(rule)
    entries.push(toEntry(item, offset, end - offset, types))
    if (entries.length % itemsAtOnce === 0) yield
  }
  return { bytes: bytes.subarray(0, end), entries }
}

function sizeOf({ start, end, draft }: SoundItem): number {
  return draft.edits.reduce((size, edit) => size + edit.insert.length - edit.remove, end - start)
}

function write(
  bytes: Buffer,
  offset: number,
  body: Buffer,
  { start, end, draft }: SoundItem
): number {
  let at = offset
  let from = start
  for (const edit of draft.edits) {
    at += body.copy(bytes, at, from, edit.at)
    at += bytes.write(edit.insert, at, 'latin1')
    from = edit.at + edit.remove
  }
  return at + body.copy(bytes, at, from, end)
}

function toEntry(
  item: SoundItem,
  offset: number,
  length: number,
  types: Map<string, string>
): Entry {
  const { id, type, modified, created, specVersion, rawModified, rawCreated } = item.draft
  if (!types.has(type!)) types.set(type!, type!)
  return {
    id: id!,
    type: types.get(type!)!,
    modified,
    created,
    specVersion,
    time: rawModified ?? rawCreated,
    offset,
    length
  }
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
