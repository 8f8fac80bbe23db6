import type { Database } from './database.ts'
import { isFilled, isSet, type Json, records, toText } from './json.ts'

const maxName = 255

/** The tags after a fresh add: MISP attaches even those that are marked as deleted. */
export const addTags = (database: Database, owner: string, list: unknown): ReadonlySet<string> =>
  new Set(records(list).flatMap(tag => capture(database, owner, tag) ?? []))

/** The tags after an edit: the new ones attached, those marked as deleted detached, absent ones left. */
export function editTags(
  database: Database,
  owner: string,
  list: unknown,
  known: ReadonlySet<string>
): ReadonlySet<string> {
  const tags = new Set(known)
  for (const tag of records(list)) {
    const name = capture(database, owner, tag)
    if (name === undefined) continue
    if (isFilled(tag['deleted'])) tags.delete(name)
    else tags.add(name)
  }
  return tags
}

/** The name under which MISP knows the tag: it tells tags apart without regard to case. */
function capture(database: Database, owner: string, tag: Json): string | undefined {
  const name = toText(tag['name'])
  const refuse = (reason: string) => {
    database.drop('tag', owner, `tag '${name}': ${reason}`)
    return undefined
  }
  if (name.trim() === '') return refuse('the name is empty')
  if (Buffer.byteLength(name) > maxName) return refuse(`the name is longer than ${maxName} bytes`)
  const colour = tag['colour']
  if (isSet(colour) && !/^#[\da-f]{6}$/i.test(toText(colour))) return refuse('no colour')
  return name.toLowerCase()
}
