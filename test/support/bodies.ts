import fc from 'fast-check'
import { textOf } from '../../src/demo/corpus/timeline.ts'
import type { Body } from '../../src/feedlog/journal/segment.ts'
import type { Entry, Page } from '../../src/kernel/ports.ts'

/** Bodies and pages of small made-up objects, for the pure parts of the feed log. */

export type Item = Partial<Omit<Entry, 'offset' | 'length'>> & { readonly id: string }

const text = fc.string({ unit: 'binary', maxLength: 20 })
const maybe = (value: fc.Arbitrary<string>) => fc.option(value, { nil: undefined })
const times = maybe(
  fc.constantFrom('2026-01-15T12:00:00.1Z', '2026-01-15T12:00:00.100Z', 'soon', '')
)

/** Whatever an index may say of an object: any text, members that are missing, equal or different. */
export const anyItem: fc.Arbitrary<Item> = fc.record({
  id: text,
  type: fc.oneof(fc.constantFrom('indicator', 'malware'), text),
  time: times,
  modified: times,
  created: times,
  specVersion: maybe(fc.constantFrom('2.0', '2.1'))
})

/** The objects joined by single commas, under an index that says what the items say. */
export function bodyOf(
  items: readonly Item[],
  bytesOf: (item: Item, index: number) => Buffer = objectBytes
): Pick<Page, 'bytes' | 'entries'> {
  const buffers: Buffer[] = []
  let offset = 0
  const entries = items.map((item, i) => {
    const bytes = bytesOf(item, i)
    buffers.push(...(i > 0 ? [Buffer.from(',')] : []), bytes)
    const entry = toEntry(item, offset, bytes.length)
    offset += bytes.length + 1
    return entry
  })
  return { bytes: Buffer.concat(buffers), entries }
}

const toEntry = (item: Item, offset: number, length: number): Entry => ({
  type: item.id.split('--', 1)[0]!,
  modified: item.time,
  created: item.time,
  specVersion: '2.1',
  time: undefined,
  ...item,
  offset,
  length
})

const objectBytes = ({ id, time }: Item): Buffer => Buffer.from(JSON.stringify({ id, time }))

export const pageOf = (items: readonly Item[], nextCursor: string | null = 'next'): Page => ({
  ...bodyOf(items),
  nextCursor,
  itemCount: items.length
})

/** The bytes of each object of a body, as text. */
export const objectsOf = ({ bytes, entries }: Body): string[] =>
  Array.from(entries, ({ offset, length }) => bytes.toString('latin1', offset, offset + length))

/** A time as Sekoia writes it: microseconds since the epoch, trailing zeros cut off. */
export const sekoiaTime = (micros: number): string => textOf(micros)

export const indicatorId = (n: number): string =>
  `indicator--${n.toString(16).padStart(8, '0')}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
