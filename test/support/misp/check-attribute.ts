import { isAllowed, isKnownType } from './categories.ts'
import {
  checkAbsent,
  checkFields,
  comment,
  type Fields,
  filled,
  flag,
  instant,
  optional,
  seconds,
  uuid5
} from './check-fields.ts'
import { checkTags } from './check-tags.ts'
import { toMicros } from './instant.ts'
import { type Json, toText } from './json.ts'
import { storedValue } from './stored-value.ts'
import { valueRefusal } from './value-rules.ts'

const fields: Fields = {
  uuid: uuid5,
  type: filled,
  category: filled,
  value: filled,
  to_ids: flag,
  deleted: flag,
  disable_correlation: flag,
  timestamp: seconds,
  comment,
  first_seen: optional(instant),
  last_seen: optional(instant)
}

/** One attribute, at the top level or in an Object (MISP-1.4, MISP-1.9). */
export function checkAttribute(attribute: Json, isInObject: boolean): string[] {
  const where = `attribute ${toText(attribute['uuid'])}`
  const table = isInObject ? { ...fields, object_relation: filled } : fields
  return [
    ...checkFields(where, attribute, table),
    ...checkAbsent(where, attribute),
    ...checkTags(where, attribute, false),
    ...checkMeaning(attribute).map(problem => `${where}: ${problem}`)
  ]
}

function checkMeaning(attribute: Json): string[] {
  const [first, last] = ['first_seen', 'last_seen'].map(name => toMicros(toText(attribute[name])))
  const isTombstone = attribute['deleted'] === true
  return [
    ...checkValue(toText(attribute['type']), attribute),
    ...(isTombstone && attribute['to_ids'] !== false ? ['deleted, but to_ids'] : []),
    ...(first && last && last < first ? ['last_seen is before first_seen'] : [])
  ]
}

function checkValue(type: string, attribute: Json): string[] {
  const [category, value] = ['category', 'value'].map(name => toText(attribute[name])) as [
    string,
    string
  ]
  if (!isKnownType(type)) return [`type ${type} is unknown`]
  const refusal = valueRefusal(type, value)
  return [
    ...(isAllowed(type, category) ? [] : [`category ${category} does not allow type ${type}`]),
    ...(refusal ? [`MISP refuses it: ${refusal}`] : []),
    ...(storedValue(type, value) === value ? [] : ['MISP stores the value in another form'])
  ]
}
