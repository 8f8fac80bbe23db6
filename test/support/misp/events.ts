import { addAttribute, editAttributes } from './attributes.ts'
import type { Database, LocalEvent } from './database.ts'
import { isFilled, isRecord, isSet, type Json, records, toSeconds, toText } from './json.ts'
import { addObject, editObject } from './objects.ts'
import { captureReferences } from './references.ts'
import { captureReport } from './reports.ts'
import { addTags, editTags } from './tags.ts'
import { isMispUuid } from './uuid.ts'

/** The `Event` of a downloaded file, which MISP also takes out of `response` and of a list. Throws without one. */
export function unwrapEvent(file: unknown): Json {
  const response = isRecord(file) && isSet(file['response']) ? file['response'] : file
  const first = Array.isArray(response) ? response[0] : response
  const event = isRecord(first) ? first['Event'] : undefined
  if (!isRecord(event) || !isSet(event['uuid'])) throw new Error('the event has no uuid')
  return event
}

/** Adds an event. Throws with the reason when MISP refuses it whole. */
export function addEvent(database: Database, file: Json): void {
  const parts = ['Attribute', 'Object', 'EventReport']
  if (isFilled(file['published']) && parts.every(name => !isFilled(file[name]))) {
    throw new Error('the event is published and empty')
  }
  const event = read(database, file)
  if (database.events.has(event.uuid)) throw new Error(`${event.uuid} is here already`)
  demandFields(event)
  const tags = addTags(database, event.uuid, file['Tag'])
  database.saveEvent({ ...event, tags })
  addAttributes(database, records(file['Attribute']), event.uuid)
  const objects = records(file['Object'])
  for (const object of objects) addObject(database, object, event.uuid)
  captureReferences(database, objects, event.uuid)
  for (const report of records(file['EventReport'])) captureReport(database, report, event.uuid)
}

/** Edits the event that the file names. Throws with the reason when MISP refuses the file. */
export function editEvent(database: Database, file: Json): void {
  const known = database.events.get(toText(file['uuid']))
  if (!known) throw new Error('there is no local event of that uuid')
  const event = read(database, file, known)
  if (event.timestamp <= known.timestamp) throw new Error('not newer than the local copy')
  demandFields(event)
  const tags = editTags(database, event.uuid, file['Tag'], known.tags)
  database.saveEvent({ ...event, tags })
  const place = { event: event.uuid, object: undefined }
  editAttributes(database, records(file['Attribute']), place)
  const objects = records(file['Object'])
  for (const object of objects) editObject(database, object, event.uuid)
  captureReferences(database, objects, event.uuid)
  for (const report of records(file['EventReport'])) captureReport(database, report, event.uuid)
}

/** Of live attributes that are equal in the file, only the first is kept. */
function addAttributes(database: Database, files: readonly Json[], event: string): void {
  const seen = new Set<string>()
  for (const file of files) {
    const key = JSON.stringify([file['value'], file['type'], file['category']])
    const isDeleted = isFilled(file['deleted'])
    if (!isDeleted && seen.has(key)) {
      database.drop('attribute', toText(file['uuid']), 'its value is twice in the file')
      continue
    }
    if (!isDeleted) seen.add(key)
    addAttribute(database, file, { event, object: undefined })
  }
}

function read(database: Database, file: Json, known?: LocalEvent): LocalEvent {
  const text = (name: string, before = '') => (isSet(file[name]) ? toText(file[name]) : before)
  const orgc = isRecord(file['Orgc']) ? toText(file['Orgc']['uuid']) : ''
  return {
    uuid: toText(file['uuid']).toLowerCase(),
    info: text('info', known?.info),
    date: text('date', known?.date),
    analysis: text('analysis', known?.analysis),
    threatLevel: text('threat_level_id', known?.threatLevel),
    timestamp: toSeconds(file['timestamp']) ?? database.now(),
    published: isFilled(file['published']),
    orgc: known?.orgc ?? orgc,
    tags: known?.tags ?? new Set()
  }
}

function demandFields({ uuid, info, date, analysis, threatLevel }: LocalEvent): void {
  if (!isMispUuid(uuid)) throw new Error('the uuid is not one of RFC 4122')
  if (info === '') throw new Error('the info is empty')
  if (!/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date))) {
    throw new Error('the date is not YYYY-MM-DD')
  }
  if (!['0', '1', '2'].includes(analysis)) throw new Error('the analysis is not 0, 1 or 2')
  if (!['1', '2', '3', '4'].includes(threatLevel)) {
    throw new Error('the threat_level_id is not 1, 2, 3 or 4')
  }
}
