import { isUtf8 } from 'node:buffer'
import { byte } from './bytes.ts'
import { JsonError, JsonReader, tokenText } from './json-reader.ts'

/** Where the items of a damaged body are, brackets excluded, and the body's cursor. */
export interface DamagedEnvelope {
  readonly start: number
  readonly end: number
  readonly nextCursor: string | null | undefined
  /** True for a single item in place of a list. */
  readonly isSingle?: boolean
}

/** Which members of an envelope hold what. */
export interface Layout {
  readonly lists: readonly string[]
  /** The member that holds a single item. */
  readonly single?: string
  readonly cursor?: string
}

/** How many closing brackets are tried, from the end on: little follows the items. */
const maxAttempts = 64

/**
 * Finds the items of a body that is broken somewhere inside them. What precedes the items, and what follows them to
 * the end of the body, must be valid and name the cursor, if the layout has one. A body that was cut short has no end
 * and is refused.
 * @throws JsonError
 */
export function readDamagedEnvelope(body: Buffer, layout: Layout): DamagedEnvelope {
  const head = readHead(body, layout)
  if (head.isSingle) return { ...head, end: endOfSingle(body) }
  let end = body.length
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    end = body.lastIndexOf(byte.closeBracket, end - 1)
    if (end < head.start) break
    const tail = readTail(body, end, layout)
    const nextCursor = tail && (tail.nextCursor === undefined ? head.nextCursor : tail.nextCursor)
    if (tail && (layout.cursor === undefined || nextCursor !== undefined))
      return { start: head.start, end, nextCursor: nextCursor === '' ? null : nextCursor }
  }
  throw new JsonError('no end of the items', body.length)
}

/** The position of the brace that closes the envelope; the item is its last member. */
function endOfSingle(body: Buffer): number {
  const end = body.lastIndexOf(byte.closeBrace)
  if (end === -1 || body.toString('latin1', end + 1).trim() !== '')
    throw new JsonError('no end of the envelope', body.length)
  return end
}

function readHead(body: Buffer, layout: Layout) {
  const reader = new JsonReader(body)
  let nextCursor: string | null | undefined
  reader.space()
  for (reader.expect(byte.openBrace); ; reader.expect(byte.comma)) {
    const key = readKey(reader)
    if (layout.lists.includes(key)) break
    if (key === layout.single) return { start: reader.at, nextCursor, isSingle: true }
    if (key === layout.cursor) nextCursor = reader.cursor()
    else reader.value()
    reader.space()
  }
  reader.expect(byte.openBracket)
  if (!isUtf8(body.subarray(0, reader.at))) reader.fail('not UTF-8')
  return { start: reader.at, nextCursor, isSingle: false }
}

/** Reads what follows the bracket at `end`; undefined if that is not the rest of an envelope. */
function readTail(body: Buffer, end: number, layout: Layout) {
  const reader = new JsonReader(body)
  let nextCursor: string | null | undefined
  reader.at = end + 1
  try {
    for (reader.space(); body[reader.at] === byte.comma; reader.space()) {
      reader.expect(byte.comma)
      if (readKey(reader) !== layout.cursor) reader.value()
      else if (nextCursor === undefined) nextCursor = reader.cursor()
      else return undefined
    }
    reader.expect(byte.closeBrace)
  } catch {
    return undefined
  }
  const isEnd = reader.at === body.length && isUtf8(body.subarray(end))
  return isEnd ? { nextCursor } : undefined
}

function readKey(reader: JsonReader): string {
  const start = reader.at
  reader.string()
  const key = tokenText(reader.bytes, start, reader.at)
  reader.space()
  reader.expect(byte.colon)
  return key
}
