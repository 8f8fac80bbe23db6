import { type Json, records, toText } from './json.ts'

/** All attributes of an event, those of its Objects among them. */
export const attributesOf = (event: Json): Json[] => [
  ...records(event['Attribute']),
  ...records(event['Object']).flatMap(object => records(object['Attribute']))
]

/** Everything below an event that has a uuid and a timestamp. */
export const childrenOf = (event: Json): Json[] => [
  ...attributesOf(event),
  ...records(event['Object']),
  ...records(event['Object']).flatMap(object => records(object['ObjectReference'])),
  ...records(event['EventReport'])
]

/** The uuids to which an ObjectReference may point. */
export const targetsOf = (event: Json): ReadonlySet<string> =>
  new Set([...attributesOf(event), ...records(event['Object'])].map(({ uuid }) => toText(uuid)))
