import { checkAttribute } from './check-attribute.ts'
import {
  checkAbsent,
  checkFields,
  constant,
  day,
  type Fields,
  filled,
  flag,
  list,
  oneOf,
  optional,
  organisation,
  seconds,
  text,
  uuid5
} from './check-fields.ts'
import { checkObject } from './check-object.ts'
import { checkTags, checkTlp } from './check-tags.ts'
import { sameness } from './database.ts'
import { attributesOf, childrenOf, targetsOf } from './event-parts.ts'
import { type Json, records, toText } from './json.ts'

const maxAttributes = 9_999

/** What a manifest entry and its event have in common (MISP-1.2). */
export const commonFields: Fields = {
  info: filled,
  date: day,
  timestamp: seconds,
  analysis: oneOf('0', '1', '2'),
  threat_level_id: oneOf('1', '2', '3', '4'),
  Orgc: organisation
}

const reportFields: Fields = {
  uuid: uuid5,
  name: filled,
  content: text,
  timestamp: seconds,
  deleted: flag
}

/** One event by itself (MISP-1.4). */
export function checkEvent(event: Json): string[] {
  const attributes = records(event['Attribute'])
  const targets = targetsOf(event)
  return [
    ...checkHead(event),
    ...checkSize(event),
    ...checkTlp('event', event, attributesOf(event)),
    ...checkTimes(event),
    ...checkSame(attributes),
    ...attributes.flatMap(attribute => checkAttribute(attribute, false)),
    ...records(event['Object']).flatMap(object => checkObject(object, targets)),
    ...records(event['EventReport']).flatMap(report =>
      checkFields(`report ${toText(report['uuid'])}`, report, reportFields)
    )
  ]
}

const checkHead = (event: Json): string[] => [
  ...checkFields('event', event, {
    ...commonFields,
    uuid: uuid5,
    published: constant(true),
    publish_timestamp: constant(event['timestamp']),
    extends_uuid: constant(''),
    Attribute: optional(list),
    Object: optional(list),
    EventReport: optional(list)
  }),
  ...checkAbsent('event', event),
  ...checkTags('event', event, true)
]

function checkSize(event: Json): string[] {
  const size = attributesOf(event).length
  const isEmpty = size + childrenOf(event).length === 0
  return [
    ...(isEmpty ? ['event: it is empty'] : []),
    ...(size > maxAttributes ? [`event: it has ${size} attributes`] : [])
  ]
}

/** The event is at least as new as everything in it (INV-5). */
const checkTimes = (event: Json): string[] =>
  childrenOf(event)
    .filter(child => Number(child['timestamp']) > Number(event['timestamp']))
    .map(child => `event: it is older than ${toText(child['uuid'])} in it`)

/** No two live attributes are one to MISP (INV-10), whose comparison knows neither case nor accents. */
function checkSame(attributes: readonly Json[]): string[] {
  const keys = new Map<string, string>()
  return attributes
    .filter(({ deleted }) => deleted !== true)
    .flatMap(({ uuid, type, category, value }) => {
      const parts = { type: toText(type), category: toText(category), value: toText(value) }
      const key = sameness({ event: '', ...parts })
      const first = keys.get(key)
      keys.set(key, first ?? toText(uuid))
      return first === undefined ? [] : [`attribute ${toText(uuid)}: same to MISP as ${first}`]
    })
}
