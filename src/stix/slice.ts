import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../kernel/errors.ts'
import { atOnce, type Work } from '../kernel/give-way.ts'
import type { Page, UnreadableItem } from '../kernel/ports.ts'
import { byte } from './bytes.ts'
import { type Layout, readDamagedEnvelope } from './damaged-envelope.ts'
import { ItemReader } from './item-reader.ts'
import { JsonError, tokenText } from './json-reader.ts'
import { assemble, type SoundItem } from './page.ts'
import { type SalvagedItem, salvageItem, salvageItems } from './salvage.ts'

/**
 * Turns bodies from Sekoia into pages, in one pass over their bytes: checks the JSON, notes each object's range and
 * the few fields of the index, and repairs invalid STIX by edits. No object is parsed or serialised, so a valid one
 * is sent byte for byte as it came (G10). If a body is not valid JSON, its items are read one by one, and those that
 * cannot be read are left out (salvage.ts).
 */
export interface SliceOptions {
  /** False leaves invalid STIX as it is. */
  readonly repair: boolean
  /** Called once for every repair with the name of its rule, also `unrepaired`. */
  onRepair?(rule: string): void
  /** True: nobody wants the body afterwards; the page may be made in its memory, to which more room may belong. */
  readonly inPlace?: boolean
}

interface Envelope {
  items: SalvagedItem[] | undefined
  nextCursor: string | null | undefined
}

/**
 * The body of `GET /collections/{id}/objects` (SEKOIA-3.2) as a page.
 * @throws GatewayError `bad-answer` for everything that is not `{"items": […], "next_cursor": …}`.
 */
export const slicePage = (body: Buffer, options: SliceOptions): Page =>
  atOnce(pageSlicing(body, options))

/** {@link slicePage} as work that can be interrupted: a full page takes some fifteen milliseconds. */
export const pageSlicing = (body: Buffer, options: SliceOptions): Work<Page> =>
  slice(body, options, { lists: ['items'], cursor: 'next_cursor' })

/**
 * The body of `GET /objects/{ids}` or `GET /relationships/{ids}` as a page without a cursor: `{"data": {…}}`
 * for one id, `{"items": […]}` (in the specification `_items`) for several.
 * @throws GatewayError `bad-answer` for everything else.
 */
export const sliceObjects = (body: Buffer, options: SliceOptions): Page =>
  atOnce(objectsSlicing(body, options))

/** {@link sliceObjects} as work that can be interrupted. */
export const objectsSlicing = (body: Buffer, options: SliceOptions): Work<Page> =>
  slice(body, options, { lists: ['items', '_items'], single: 'data' })

function* slice(body: Buffer, options: SliceOptions, layout: Layout): Work<Page> {
  const { items, nextCursor } = yield* readBody(body, options, layout)
  if (!items)
    throw new GatewayError('bad-answer', { cause: new JsonError('no items', body.length) })
  const sound = items.filter((item): item is SoundItem => item.entry !== undefined)
  const unreadable =
    sound.length === items.length
      ? []
      : items.flatMap((item, index) => (item.entry ? [] : [toUnreadable(body, item, index)]))
  const page = yield* assemble(body, sound, {
    ...options,
    inPlace: options.inPlace === true && unreadable.length === 0
  })
  return { ...page, nextCursor: nextCursor || null, itemCount: items.length, unreadable }
}

function* readBody(body: Buffer, { repair }: SliceOptions, layout: Layout): Work<Envelope> {
  const reader = new ItemReader(body, repair)
  try {
    if (!isUtf8(body)) throw new JsonError('not UTF-8', 0)
    return yield* readEnvelope(reader, layout)
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    try {
      const { start, end, nextCursor, isSingle } = readDamagedEnvelope(body, layout)
      const items = isSingle
        ? [salvageItem(reader, start, end)]
        : yield* salvageItems(reader, start, end)
      return { items, nextCursor }
    } catch {
      throw new GatewayError('bad-answer', { cause })
    }
  }
}

function* readEnvelope(reader: ItemReader, layout: Layout): Work<Envelope> {
  const envelope: Envelope = { items: undefined, nextCursor: undefined }
  reader.space()
  reader.expect(byte.openBrace)
  if (reader.bytes[reader.at] !== byte.closeBrace) {
    for (; ; reader.expect(byte.comma)) {
      const start = reader.at
      reader.string()
      const key = tokenText(reader.bytes, start, reader.at)
      reader.space()
      reader.expect(byte.colon)
      if (layout.lists.includes(key)) yield* takeItems(reader, envelope)
      else if (key === layout.single) takeData(reader, envelope)
      else if (key === layout.cursor) takeCursor(reader, envelope)
      else reader.value()
      reader.space()
      if (reader.bytes[reader.at] === byte.closeBrace) break
    }
  }
  reader.at++
  reader.space()
  if (reader.at < reader.bytes.length) reader.fail('more after the end')
  return envelope
}

/** Between two places where the work may be interrupted. */
const itemsAtOnce = 16

function* takeItems(reader: ItemReader, envelope: Envelope): Work<void> {
  if (envelope.items) throw twice('items', reader)
  envelope.items = []
  reader.expect(byte.openBracket)
  if (reader.bytes[reader.at] !== byte.closeBracket) {
    for (; ; reader.expect(byte.comma)) {
      envelope.items.push(reader.item())
      if (envelope.items.length % itemsAtOnce === 0) yield
      reader.space()
      if (reader.bytes[reader.at] === byte.closeBracket) break
    }
  }
  reader.at++
}

function takeData(reader: ItemReader, envelope: Envelope): void {
  if (envelope.items) throw twice('items', reader)
  if (reader.bytes[reader.at] !== byte.openBrace) reader.fail('expected an object')
  envelope.items = [reader.item()]
}

function takeCursor(reader: ItemReader, envelope: Envelope): void {
  if (envelope.nextCursor !== undefined) throw twice('next_cursor', reader)
  envelope.nextCursor = reader.cursor()
}

/** The member is there twice, so it is unclear which one counts. */
const twice = (what: string, { at }: ItemReader): GatewayError =>
  new GatewayError('bad-answer', { cause: new JsonError(`${what} twice`, at) })

const idShape = /"id"\s*:\s*"([a-z][a-z0-9-]{0,249}--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"/

/** How far into an item its id is looked for. */
const idWithinBytes = 65_536

function toUnreadable(body: Buffer, item: SalvagedItem, index: number): UnreadableItem {
  const { start, end, fault = 'not-stix' } = item
  const head = body.toString('latin1', start, Math.min(end, start + idWithinBytes))
  return { index, fault, id: idShape.exec(head)?.[1], bytes: body.subarray(start, end) }
}
