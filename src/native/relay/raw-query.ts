/** The query of a request as it came, without the question mark. */
export function rawQuery(url: string | undefined = ''): string {
  const start = url.indexOf('?')
  return start === -1 ? '' : url.slice(start + 1)
}

/**
 * A query in one form for all who ask the same: pairs decoded and sorted by name, repeated ones kept in their order
 * (which of them counts is Sekoia's affair), booleans in one spelling.
 * For names in caches alone; Sekoia gets the query as it came.
 */
export function normalQuery(query: string): string {
  const spelled = [...new URLSearchParams(query)].map(
    ([name, value]) => [name, spell(value)] as const
  )
  spelled.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return JSON.stringify(spelled)
}

const spell = (value: string): string =>
  /^(?:true|false)$/i.test(value) ? value.toLowerCase() : value
