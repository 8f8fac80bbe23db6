import { checkAttribute } from './check-attribute.ts'
import {
  anyUuid,
  checkAbsent,
  checkFields,
  comment,
  constant,
  type Fields,
  filled,
  flag,
  list,
  naturalNumber,
  optional,
  seconds,
  uuid5
} from './check-fields.ts'
import { type Json, records, toText } from './json.ts'

const fields: Fields = {
  uuid: uuid5,
  name: filled,
  'meta-category': filled,
  description: filled,
  template_uuid: anyUuid,
  template_version: naturalNumber,
  timestamp: seconds,
  comment,
  deleted: flag,
  Attribute: list,
  ObjectReference: optional(list)
}

/** One Object with its attributes and references; `uuids` are those of the event's attributes and Objects. */
export function checkObject(object: Json, uuids: ReadonlySet<string>): string[] {
  const where = `object ${toText(object['uuid'])}`
  const attributes = records(object['Attribute'])
  return [
    ...checkFields(where, object, fields),
    ...checkAbsent(where, object),
    ...('Tag' in object ? [`${where}: Objects cannot carry tags`] : []),
    ...(attributes.length === 0 ? [`${where}: it has no attribute`] : []),
    ...attributes.flatMap(attribute => [
      ...checkAttribute(attribute, true),
      ...checkInside(where, object, attribute)
    ]),
    ...records(object['ObjectReference']).flatMap(reference =>
      checkReference(reference, toText(object['uuid']), uuids)
    )
  ]
}

/** MISP passes over a known Object that is not newer, with all of its attributes, and deletes those of a deleted one. */
function checkInside(where: string, object: Json, attribute: Json): string[] {
  const uuid = toText(attribute['uuid'])
  const isOlder = Number(object['timestamp']) < Number(attribute['timestamp'])
  const isLeft = object['deleted'] === true && attribute['deleted'] !== true
  return [
    ...(isOlder ? [`${where}: it is older than its attribute ${uuid}`] : []),
    ...(isLeft ? [`${where}: it is deleted, its attribute ${uuid} is not`] : [])
  ]
}

function checkReference(reference: Json, source: string, uuids: ReadonlySet<string>): string[] {
  const where = `reference ${toText(reference['uuid'])}`
  const target = toText(reference['referenced_uuid'])
  return [
    ...checkFields(where, reference, {
      uuid: uuid5,
      timestamp: seconds,
      relationship_type: filled,
      comment,
      deleted: optional(flag),
      object_uuid: constant(source),
      source_uuid: constant(source)
    }),
    ...(uuids.has(target) ? [] : [`${where}: ${target} is not in the event`])
  ]
}
