import type { RawAnswer } from '../../kernel/raw-upstream.ts'

/**
 * Whether an answer is one. Front proxies and failing servers answer 200 with a page of HTML, half a text, `null`, or
 * an error as JSON: none of them may be taken for "nothing found". Everything here throws TypeError or SyntaxError.
 */

/** The members of a JSON object that has one of those named. */
export function demandMember(
  { body }: Pick<RawAnswer, 'body'>,
  ...names: readonly string[]
): Record<string, unknown> {
  const value: unknown = JSON.parse(body.toString())
  if (!isObject(value)) throw new TypeError('not a JSON object')
  if (!names.some(name => name in value)) throw new TypeError('a member is missing')
  return value
}

/** The items of a list. */
export function demandItems(answer: Pick<RawAnswer, 'body'>): readonly unknown[] {
  const { items } = demandMember(answer, 'items')
  if (!Array.isArray(items)) throw new TypeError('items are no list')
  return items
}

/** A block list: lines of text, or JSON that is no error. */
export function demandList(answer: RawAnswer): void {
  if (/^text\/html/i.test(answer.contentType)) throw new TypeError('a page of HTML')
  if (!isJson(answer)) return
  const value: unknown = JSON.parse(answer.body.toString())
  if (value === null || (isObject(value) && 'code' in value))
    throw new TypeError('an error in place of a list')
}

/** Ids of all objects in a JSON value, however deep. */
export function idsIn(value: unknown, ids = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) idsIn(item, ids)
  else if (isObject(value)) {
    if (typeof value['id'] === 'string') ids.add(value['id'])
    for (const member of Object.values(value))
      if (typeof member === 'object' && member !== null) idsIn(member, ids)
  }
  return ids
}

const isJson = ({ contentType }: RawAnswer): boolean => /\bjson\b/i.test(contentType)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
