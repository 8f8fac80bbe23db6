/**
 * A title that every client accepts: one line, no space at its ends, no `.` and no `,`, on which the OpenCTI and
 * Cortex configurations are split (CLIENT-8). '' if nothing is left.
 */
export const toPlainTitle = (title: string): string =>
  title
    .replace(/(?<=\w)\.(?=\w)/g, '-')
    .replace(/[.,\s\p{Cc}]+/gu, ' ')
    .trim()

interface Titled {
  readonly id: string
  readonly title: string
}

/**
 * Makes titles unique, whatever the letter case. Equal titles get the beginning of their id, or the whole id if that
 * is taken too. The collection `keptId` keeps its own.
 */
export function toUniqueTitles(collections: readonly Titled[], keptId?: string): string[] {
  const withShort = withSuffix(collections, keptId, id => id.slice(0, 8))
  return withSuffix(withShort, keptId, id => id).map(({ title }) => title)
}

function withSuffix(
  collections: readonly Titled[],
  keptId: string | undefined,
  suffixOf: (id: string) => string
): Titled[] {
  const groups = Map.groupBy(collections, ({ title }) => title.toLowerCase())
  return collections.map(({ id, title }) => {
    const isUnique = title !== '' && groups.get(title.toLowerCase())!.length === 1
    if (isUnique || id === keptId) return { id, title }
    return { id, title: `${title} ${suffixOf(id)}`.trim() }
  })
}
