import type { Work } from '../../kernel/give-way.ts'

/**
 * JSON with each item of its long lists on a line of its own. JSON has no line ends inside of texts, so that one item
 * at a time can be written and read, however many there are. To anybody else it is JSON.
 */

/** Items between two places where the work may be interrupted. */
const itemsAtOnce = 16

/** Bytes that are joined at a time. */
const pieceBytes = 64 * 1024

const [newline, comma, endOfList] = [10, 44, 93]

/** With no more items in its lists an object is written, and read, in less than a millisecond. */
const fewItems = 100

/**
 * Writes an object whose members that are lists have an item a line, if they are long.
 *
 * @param before and `after`: what stands around it
 */
export function* writeLined(object: object, before = '', after = ''): Work<Buffer> {
  if (itemsIn(object) <= fewItems) return Buffer.from(before + JSON.stringify(object) + after)
  const pieces: Buffer[] = []
  let text = `${before}{`
  let isFirst = true
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue
    text += `${isFirst ? '' : ','}${JSON.stringify(name)}:`
    isFirst = false
    if (!Array.isArray(value) || value.length === 0) {
      text += JSON.stringify(value)
      continue
    }
    text += '[\n'
    for (const [i, item] of value.entries()) {
      text += JSON.stringify(item) + (i === value.length - 1 ? '\n' : ',\n')
      if (i % itemsAtOnce === itemsAtOnce - 1) yield
      if (text.length < pieceBytes) continue
      pieces.push(Buffer.from(text))
      text = ''
    }
    text += ']'
  }
  pieces.push(Buffer.from(`${text}}${after}`))
  return Buffer.concat(pieces)
}

const itemsIn = (object: object): number =>
  Object.values(object).reduce(
    (sum, member) => sum + (Array.isArray(member) ? member.length : 0),
    0
  )

/**
 * Reads what {@link writeLined} wrote, and any other JSON at once.
 *
 * @param objectIn finds the object in the whole of it
 */
export function* readLined<Whole, Part extends object>(
  bytes: Buffer,
  objectIn: (whole: Whole) => Part
): Work<Part> {
  const lists = new Map<string, unknown[]>()
  let list: unknown[] | undefined
  let frame = ''
  for (let at = 0; at < bytes.length; ) {
    const found = bytes.indexOf(newline, at)
    const end = found < 0 ? bytes.length : found
    if (list && bytes[at] !== endOfList) {
      list.push(JSON.parse(bytes.toString('utf8', at, bytes[end - 1] === comma ? end - 1 : end)))
      if (list.length % itemsAtOnce === 0) yield
    } else {
      const line = bytes.toString('utf8', at, end)
      frame += line
      const name = found < 0 ? undefined : /"(\w+)":\[$/.exec(line)?.[1]
      list = name === undefined ? undefined : []
      if (list) lists.set(name!, list)
    }
    at = end + 1
  }
  return Object.assign(objectIn(JSON.parse(frame) as Whole), Object.fromEntries(lists))
}
