import { toMicros } from './instant.ts'
import { isRecord, type Json } from './json.ts'
import { isVersion5 } from './uuid.ts'

/** What a value should be when it is not that; undefined when it is. */
export type Check = (value: unknown) => string | undefined

export type Fields = Readonly<Record<string, Check>>

const what =
  (description: string, isRight: (value: unknown) => boolean): Check =>
  value =>
    isRight(value) ? undefined : description

const isText = (value: unknown): value is string => typeof value === 'string'

export const text = what('a string', isText)
export const filled = what('a string that is not empty', value => isText(value) && value !== '')
export const flag = what('a boolean', value => typeof value === 'boolean')
export const list = what('a list', Array.isArray)
export const uuid5 = what(
  'a lower-case version 5 UUID',
  value => isText(value) && isVersion5(value)
)
export const constant = (right: unknown): Check =>
  what(JSON.stringify(right), value => value === right)
export const oneOf = (...texts: string[]): Check =>
  what(`one of the strings ${texts.join(', ')}`, value => isText(value) && texts.includes(value))

export const seconds = what(
  'a string of epoch seconds',
  value => isText(value) && /^[1-9]\d{8,9}$/.test(value)
)
export const day = what(
  'a day as YYYY-MM-DD',
  value => isText(value) && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))
)
export const instant = what(
  'an ISO 8601 time with zone',
  value => isText(value) && toMicros(value) !== undefined
)
export const naturalNumber = what(
  'a string of a natural number',
  value => isText(value) && /^[1-9]\d*$/.test(value)
)
export const organisation = what(
  'an organisation with name and uuid',
  value =>
    isRecord(value) && filled(value['name']) === undefined && anyUuid(value['uuid']) === undefined
)
export const anyUuid = what(
  'a lower-case UUID',
  value => isText(value) && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(value)
)

/** At most 1 kB, so that it is far from what MISP's column holds. */
export const comment = what(
  'a string of at most 1024 bytes',
  value => isText(value) && Buffer.byteLength(value) <= 1024
)

export const optional =
  (check: Check): Check =>
  value =>
    value === undefined ? undefined : check(value)

/** One sentence for each field that is not what it should be. */
export function checkFields(where: string, record: Json, fields: Fields): string[] {
  return Object.entries(fields).flatMap(([name, check]) => {
    const expected = check(record[name])
    return expected === undefined ? [] : [`${where}: ${name} is not ${expected}`]
  })
}

/** One sentence for each field that should not be sent (MISP-1.4). */
export function checkAbsent(where: string, record: Json): string[] {
  const unwanted = [
    ...['id', 'org_id', 'event_id', 'object_id', 'distribution', 'sharing_group_id', 'Org'],
    ...['Galaxy', 'GalaxyCluster', 'Sighting', 'ShadowAttribute']
  ]
  return unwanted.filter(name => name in record).map(name => `${where}: ${name} is there`)
}
