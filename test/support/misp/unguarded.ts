import { isRecord, type Json, records } from './json.ts'

/**
 * What OpenCTI's misp-feed connector reads of an event without a guard (MISP-2). Everything here throws as
 * the connector's Python would.
 */

/** Python's `int()`. */
export function toInt(value: unknown, what: string): number {
  if (typeof value === 'number') return Math.trunc(value)
  if (typeof value === 'string' && /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(value)) {
    return Number(value.replaceAll('_', ''))
  }
  throw new Error(`${what} is not a whole number: ${JSON.stringify(value)}`)
}

export function toStr(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw new Error(`${what} is not a string: ${JSON.stringify(value)}`)
}

/** The `Event` of a file, or of a list of one. */
export function toEvent(file: unknown): Json {
  const [only, ...more] = Array.isArray(file) ? file : [file]
  if (more.length > 0) throw new Error('the list is too long')
  return demandRecord(isRecord(only) ? only['Event'] : undefined, 'Event')
}

/** The two fields by which OpenCTI tells reports apart. */
export interface ReportIdentity {
  readonly info: string
  readonly date: string
}

export function readEvent(event: Json): ReportIdentity {
  toStr(demandRecord(event['Orgc'], 'Event.Orgc')['name'], 'Event.Orgc.name')
  toInt(event['timestamp'], 'Event.timestamp')
  readTags(event, 'Event')
  for (const attribute of listOf(event, 'Attribute', 'Event')) readAttribute(attribute)
  for (const object of listOf(event, 'Object', 'Event')) readObject(object)
  for (const report of listOf(event, 'EventReport', 'Event')) readReport(report)
  const date = toStr(event['date'], 'Event.date')
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) throw new Error(`Event.date is not YYYY-MM-DD: ${date}`)
  return { info: toStr(event['info'], 'Event.info'), date }
}

function readAttribute(attribute: Json): void {
  for (const name of ['type', 'category', 'value', 'uuid', 'comment']) {
    toStr(attribute[name], `Attribute.${name}`)
  }
  if (typeof attribute['to_ids'] !== 'boolean') throw new Error('Attribute.to_ids is not a boolean')
  toInt(attribute['timestamp'], 'Attribute.timestamp')
  readTags(attribute, 'Attribute')
}

function readObject(object: Json): void {
  for (const name of ['name', 'description', 'meta-category']) {
    toStr(object[name], `Object.${name}`)
  }
  if (!('Attribute' in object)) throw new Error('Object.Attribute is missing')
  for (const attribute of listOf(object, 'Attribute', 'Object')) readAttribute(attribute)
  for (const reference of listOf(object, 'ObjectReference', 'Object')) {
    toStr(reference['relationship_type'], 'ObjectReference.relationship_type')
    toStr(reference['comment'], 'ObjectReference.comment')
  }
}

function readReport(report: Json): void {
  toStr(report['name'], 'EventReport.name')
  toStr(report['content'], 'EventReport.content')
  toInt(report['timestamp'], 'EventReport.timestamp')
}

const readTags = (owner: Json, what: string): void => {
  for (const tag of listOf(owner, 'Tag', what)) toStr(tag['name'], `${what}.Tag.name`)
}

/** An absent list is empty; `null`, or a list of anything but objects, is an error. */
function listOf(owner: Json, name: string, what: string): readonly Json[] {
  const list = name in owner ? owner[name] : []
  if (!Array.isArray(list)) throw new Error(`${what}.${name} is not a list`)
  if (records(list).length < list.length) throw new Error(`${what}.${name} holds no object`)
  return records(list)
}

function demandRecord(value: unknown, what: string): Json {
  if (isRecord(value)) return value
  throw new Error(`${what} is not an object`)
}
