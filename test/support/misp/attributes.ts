import { isAllowed, isKnownType } from './categories.ts'
import { type Database, type LocalAttribute, sameness } from './database.ts'
import { toMicros } from './instant.ts'
import { isFilled, isSet, type Json, toSeconds, toText } from './json.ts'
import { storedValue } from './stored-value.ts'
import { addTags, editTags } from './tags.ts'
import { isMispUuid } from './uuid.ts'
import { valueRefusal } from './value-rules.ts'

/** Where an attribute belongs. */
export interface Place {
  readonly event: string
  /** The UUID of its Object; undefined at the top level. */
  readonly object: string | undefined
}

/** Stores an attribute of an event or Object that is itself new; a live one with a known value is allowed here. */
export function addAttribute(database: Database, file: Json, place: Place): void {
  const attribute = read(database, file, place)
  const isTaken = database.attributes.has(attribute.uuid)
  const refusal = isTaken ? 'the uuid is taken' : refusalOf(database, file, attribute)
  if (refusal) {
    database.drop('attribute', attribute.uuid, refusal)
    return
  }
  const tags = addTags(database, attribute.uuid, file['Tag'])
  database.saveAttribute({ ...attribute, tags })
}

/**
 * Stores what is new in attributes of an event or Object that is known (MISP-1.6). All of them are checked
 * against what was stored before any of them is saved.
 */
export function editAttributes(database: Database, files: readonly Json[], place: Place): void {
  const taken = new Set<string>()
  const changes = files.flatMap(file => {
    const attribute = changed(database, file, place)
    if (!attribute) return []
    const refusal = refusalOf(database, file, attribute) ?? sameRefusal(database, attribute, taken)
    if (!refusal) return [{ file, attribute }]
    database.drop('attribute', attribute.uuid, refusal)
    return []
  })
  for (const { file, attribute } of changes) {
    const tags = editTags(database, attribute.uuid, file['Tag'], attribute.tags)
    database.saveAttribute({ ...attribute, tags })
  }
}

/** The attribute as the file wants it; undefined when it is not newer, or somebody else's. */
function changed(database: Database, file: Json, place: Place): LocalAttribute | undefined {
  const uuid = toText(file['uuid']).toLowerCase()
  const known = database.attributes.get(uuid)
  if (!known) return read(database, file, place)
  if (known.event !== place.event || known.object !== place.object) {
    database.drop('attribute', uuid, `the uuid is taken by another attribute, in ${known.event}`)
    return undefined
  }
  const timestamp = toSeconds(file['timestamp'])
  if (timestamp !== undefined && timestamp <= known.timestamp) return undefined
  return read(database, file, place, known)
}

/** Fields that the file lacks stay as they are known. */
function read(
  database: Database,
  file: Json,
  place: Place,
  known?: LocalAttribute
): LocalAttribute {
  const text = (name: string, before = '') => (isSet(file[name]) ? toText(file[name]) : before)
  const flag = (name: string, before = false) => (isSet(file[name]) ? isFilled(file[name]) : before)
  const time = (name: string, before: string | undefined) => text(name, before) || undefined
  const type = text('type', known?.type)
  const value = storedValue(type, text('value', known?.value))
  return {
    ...place,
    type,
    uuid: toText(file['uuid']).toLowerCase(),
    relation: text('object_relation', known?.relation),
    category: text('category', known?.category),
    // What the expressions block is refused below.
    value: database.importRegexps(type, value) ?? value,
    toIds: flag('to_ids', known?.toIds),
    comment: text('comment', known?.comment),
    deleted: flag('deleted', known?.deleted),
    disableCorrelation: flag('disable_correlation', known?.disableCorrelation),
    firstSeen: time('first_seen', known?.firstSeen),
    lastSeen: time('last_seen', known?.lastSeen),
    timestamp: toSeconds(file['timestamp']) ?? database.now(),
    tags: known?.tags ?? new Set()
  }
}

/** Why MISP drops the attribute whatever else it holds; undefined when it does not. */
function refusalOf(database: Database, file: Json, attribute: LocalAttribute): string | undefined {
  const { uuid, object, relation, type, category, value } = attribute
  if (!isMispUuid(uuid)) return 'the uuid is not one of RFC 4122'
  if (!isKnownType(type)) return `the type '${type}' is unknown`
  if (object !== undefined && relation === '') return 'it has no object_relation'
  if (!isAllowed(type, category)) return `the category '${category}' does not allow type ${type}`
  if (typeof (file['value'] ?? '') !== 'string') return 'the value is not a string'
  if (database.importRegexps(type, value) === undefined) return 'an import expression blocks it'
  return valueRefusal(type, value) ?? seenRefusal(attribute)
}

function seenRefusal({ firstSeen, lastSeen }: LocalAttribute): string | undefined {
  const [first, last] = [firstSeen, lastSeen].map(text => text && toMicros(text))
  if (firstSeen && first === undefined) return 'first_seen is not ISO 8601'
  if (lastSeen && last === undefined) return 'last_seen is not ISO 8601'
  return first && last && last < first ? 'last_seen is before first_seen' : undefined
}

/** `taken` gathers what the attributes of one file claim. */
function sameRefusal(
  database: Database,
  attribute: LocalAttribute,
  taken: Set<string>
): string | undefined {
  if (taken.has(attribute.uuid)) return 'the uuid is twice in the file'
  taken.add(attribute.uuid)
  if (attribute.deleted || attribute.object !== undefined) return undefined
  const same = database.findSame(attribute)
  if (same !== undefined) return `its value is live in the event already, as ${same}`
  const key = sameness(attribute)
  if (taken.has(key)) return 'its value is twice in the file'
  taken.add(key)
  return undefined
}
