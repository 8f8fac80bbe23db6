import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../kernel/errors.ts'
import type { Page } from '../kernel/ports.ts'
import { type Item, ItemReader } from './item-reader.ts'
import { byte, JsonError, tokenText } from './json-reader.ts'
import { assemble } from './page.ts'

/**
 * Upstream bodies become pages here, in one pass over their bytes: the JSON is validated, each object's range
 * and the few fields of the index are taken down, and invalid STIX is mended by edits. No object is parsed or
 * serialised, so that a valid one leaves byte for byte as it came (G10).
 */
export interface SliceOptions {
  /** False leaves invalid STIX as it is. */
  readonly repair: boolean
  /** Called once for every repair with the name of its rule, also `unrepaired` and `not-stix`. */
  onRepair?(rule: string): void
}

interface Envelope {
  items: Item[] | undefined
  nextCursor: string | null | undefined
  itemCount: number
  onRepair: (rule: string) => void
}

/**
 * The body of `GET /collections/{id}/objects` (SEKOIA-3.2) as a page.
 * @throws GatewayError `bad-answer` for everything that is not `{"items": […], "next_cursor": …}`.
 */
export const slicePage = (body: Buffer, options: SliceOptions): Page =>
  slice(body, options, (reader, envelope, key) => {
    if (key === 'items') takeItems(reader, envelope)
    else if (key === 'next_cursor') takeCursor(reader, envelope)
    else reader.skip()
  })

/**
 * The body of `GET /objects/{ids}` or `GET /relationships/{ids}` as a page without a cursor: `{"data": {…}}`
 * for one id, `{"items": […]}` (in the specification `_items`) for several.
 * @throws GatewayError `bad-answer` for everything else.
 */
export const sliceObjects = (body: Buffer, options: SliceOptions): Page =>
  slice(body, options, (reader, envelope, key) => {
    if (key === 'items' || key === '_items') takeItems(reader, envelope)
    else if (key === 'data') takeData(reader, envelope)
    else reader.skip()
  })

type TakeMember = (reader: ItemReader, envelope: Envelope, key: string) => void

function slice(body: Buffer, options: SliceOptions, take: TakeMember): Page {
  const onRepair = (rule: string) => options.onRepair?.(rule)
  const envelope: Envelope = { items: undefined, nextCursor: undefined, itemCount: 0, onRepair }
  const reader = new ItemReader(body, options.repair)
  try {
    if (!isUtf8(body)) throw new JsonError('not UTF-8', 0)
    readEnvelope(reader, key => take(reader, envelope, key))
  } catch (cause) {
    throw new GatewayError('bad-answer', { cause })
  }
  const { items, nextCursor, itemCount } = envelope
  if (!items)
    throw new GatewayError('bad-answer', { cause: new JsonError('no items', body.length) })
  return { ...assemble(body, items, onRepair), nextCursor: nextCursor || null, itemCount }
}

function readEnvelope(reader: ItemReader, take: (key: string) => void): void {
  reader.space()
  reader.expect(byte.openBrace)
  if (reader.bytes[reader.at] !== byte.closeBrace) {
    for (; ; reader.expect(byte.comma)) {
      const start = reader.at
      reader.string()
      const key = tokenText(reader.bytes, start, reader.at)
      reader.space()
      reader.expect(byte.colon)
      take(key)
      reader.space()
      if (reader.bytes[reader.at] === byte.closeBrace) break
    }
  }
  reader.at++
  reader.space()
  if (reader.at < reader.bytes.length) reader.fail('more after the end')
}

function takeItems(reader: ItemReader, envelope: Envelope): void {
  if (envelope.items) reader.fail('items twice')
  envelope.items = []
  reader.expect(byte.openBracket)
  if (reader.bytes[reader.at] !== byte.closeBracket) {
    for (; ; reader.expect(byte.comma)) {
      takeItem(reader, envelope, envelope.items)
      reader.space()
      if (reader.bytes[reader.at] === byte.closeBracket) break
    }
  }
  reader.at++
}

function takeData(reader: ItemReader, envelope: Envelope): void {
  if (envelope.items) reader.fail('items twice')
  if (reader.bytes[reader.at] !== byte.openBrace) reader.fail('expected an object')
  envelope.items = []
  takeItem(reader, envelope, envelope.items)
}

function takeItem(reader: ItemReader, envelope: Envelope, items: Item[]): void {
  envelope.itemCount++
  const item = reader.item()
  if (item) items.push(item)
  else envelope.onRepair('not-stix')
}

function takeCursor(reader: ItemReader, envelope: Envelope): void {
  if (envelope.nextCursor !== undefined) reader.fail('next_cursor twice')
  const start = reader.at
  reader.skip()
  const first = reader.bytes[start]
  if (first !== byte.quote && first !== byte.n) reader.fail('next_cursor is not a string')
  envelope.nextCursor = first === byte.n ? null : tokenText(reader.bytes, start, reader.at)
}
