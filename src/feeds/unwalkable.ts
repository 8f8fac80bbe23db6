import type { Feed } from '../kernel/ports.ts'

/** Why a feed cannot be walked from oldest to newest, and which setting to change; undefined when it can. */
export function unwalkableReason({
  sortOrder,
  format
}: Pick<Feed, 'sortOrder' | 'format'>): string | undefined {
  const changes = [
    ...(sortOrder === 'desc' ? ["set Sort order to 'oldest first'"] : []),
    ...(format.toLowerCase() === 'json' ? [] : ['set Format to JSON'])
  ]
  if (changes.length === 0) return undefined
  return `This feed cannot be followed: edit it in Sekoia and ${changes.join(' and ')}.`
}
