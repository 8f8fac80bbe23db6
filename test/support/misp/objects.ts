import { addAttribute, editAttributes } from './attributes.ts'
import type { Database, LocalObject } from './database.ts'
import { isFilled, isSet, type Json, records, toSeconds, toText } from './json.ts'
import { isMispUuid } from './uuid.ts'

/** Stores an Object that is not known, with its attributes. False when MISP drops it. */
export function addObject(database: Database, file: Json, event: string): boolean {
  const object = read(database, file, event)
  const refusal = database.objects.has(object.uuid) ? 'the uuid is taken' : refusalOf(object)
  if (refusal) {
    database.drop('object', object.uuid, refusal)
    return false
  }
  database.saveObject(object)
  for (const attribute of attributesOf(file, object)) {
    addAttribute(database, attribute, { event, object: object.uuid })
  }
  return true
}

/**
 * Stores what is new in an Object (MISP-1.6): one that is not known makes MISP stamp the event with its own
 * clock; one that is not newer is passed over with all of its attributes.
 */
export function editObject(database: Database, file: Json, event: string): void {
  const known = database.objects.get(toText(file['uuid']))
  if (!known) {
    if (addObject(database, file, event)) unpublish(database, event)
    return
  }
  if (known.event !== event) {
    database.drop('object', known.uuid, `the uuid is taken by another object, in ${known.event}`)
    return
  }
  if ((toSeconds(file['timestamp']) ?? database.now()) <= known.timestamp) return
  const object = read(database, file, event, known)
  database.saveObject(object)
  if (object.deleted) deleteAttributes(database, object.uuid)
  editAttributes(database, attributesOf(file, object), { event, object: object.uuid })
}

/** The attributes of a deleted Object count as deleted. */
const attributesOf = (file: Json, { deleted }: LocalObject): Json[] =>
  records(file['Attribute']).map(attribute =>
    deleted ? { ...attribute, deleted: true } : attribute
  )

/** Soft-deletes what is live in an Object, stamped with MISP's clock. */
function deleteAttributes(database: Database, object: string): void {
  const live = database.attributesOf(object).filter(({ deleted }) => !deleted)
  for (const attribute of live) {
    database.saveAttribute({ ...attribute, deleted: true, timestamp: database.now() })
  }
}

function unpublish(database: Database, uuid: string): void {
  const event = database.events.get(uuid)
  if (event) database.saveEvent({ ...event, timestamp: database.now() })
}

function read(database: Database, file: Json, event: string, known?: LocalObject): LocalObject {
  const text = (name: string, before = '') => (isSet(file[name]) ? toText(file[name]) : before)
  return {
    event,
    uuid: toText(file['uuid']),
    name: text('name', known?.name),
    metaCategory: text('meta-category', known?.metaCategory),
    description: text('description', known?.description),
    templateUuid: text('template_uuid', known?.templateUuid),
    templateVersion: text('template_version', known?.templateVersion),
    comment: text('comment', known?.comment),
    deleted: isSet(file['deleted']) ? isFilled(file['deleted']) : (known?.deleted ?? false),
    timestamp: toSeconds(file['timestamp']) ?? database.now()
  }
}

function refusalOf(object: LocalObject): string | undefined {
  if (!isMispUuid(object.uuid)) return 'the uuid is not one of RFC 4122'
  if (object.name === '') return 'the name is empty'
  if (object.metaCategory === '') return 'the meta-category is empty'
  if (object.description === '') return 'the description is empty'
  if (!isMispUuid(object.templateUuid)) return 'the template_uuid is not one of RFC 4122'
  const isVersion = /^[1-9]\d*$/.test(object.templateVersion)
  return isVersion ? undefined : 'the template_version is not a natural number'
}
