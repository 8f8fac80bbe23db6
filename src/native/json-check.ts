import type { RawAnswer } from '../kernel/raw-upstream.ts'

/**
 * The members of a JSON answer that has the one it must have. Front proxies and failing servers answer 200 with a page
 * of HTML, half a text, `null`, or an error as JSON: none of them may be taken for "nothing found".
 * @throws TypeError
 */
export function demandMember(
  answer: RawAnswer,
  ...names: readonly string[]
): Record<string, unknown> {
  const value: unknown = JSON.parse(answer.body.toString())
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('not a JSON object')
  if (!names.some(name => name in value)) throw new TypeError('a member is missing')
  return value as Record<string, unknown>
}

/** The items of a list. @throws TypeError */
export function demandItems(answer: RawAnswer): readonly unknown[] {
  const { items } = demandMember(answer, 'items')
  if (!Array.isArray(items)) throw new TypeError('items are no list')
  return items
}

/** A page of a feed, in any format. @throws TypeError */
export function demandPage(answer: RawAnswer): void {
  if (/\bjson\b/i.test(answer.contentType)) demandItems(answer)
  else demandList(answer)
}

/** A block list: lines of text, or JSON that is no error. @throws TypeError */
export function demandList({ contentType, body }: RawAnswer): void {
  if (/^text\/html/i.test(contentType)) throw new TypeError('a page of HTML')
  if (!/\bjson\b/i.test(contentType)) return
  const value: unknown = JSON.parse(body.toString())
  if (value === null || (typeof value === 'object' && 'code' in value))
    throw new TypeError('an error in place of a list')
}
