import type { Database, LocalReference } from './database.ts'
import { isFilled, isSet, type Json, records, toSeconds, toText } from './json.ts'
import { isMispUuid } from './uuid.ts'

/** Stores the ObjectReferences of an event's Objects, after all of these; MISP takes the enclosing one as source. */
export function captureReferences(
  database: Database,
  objects: readonly Json[],
  event: string
): void {
  for (const object of objects) {
    for (const file of records(object['ObjectReference'])) {
      capture(database, file, { event, source: toText(object['uuid']) })
    }
  }
}

function capture(
  database: Database,
  file: Json,
  place: Pick<LocalReference, 'event' | 'source'>
): void {
  const uuid = toText(file['uuid'])
  const timestamp = toSeconds(file['timestamp']) ?? database.now()
  const known = database.references.get(uuid)
  const text = (name: string, before = '') => (isSet(file[name]) ? toText(file[name]) : before)
  const told = {
    timestamp,
    relationship: text('relationship_type', known?.relationship),
    comment: text('comment', known?.comment),
    deleted: isSet(file['deleted']) ? isFilled(file['deleted']) : (known?.deleted ?? false)
  }
  if (known) {
    if (timestamp > known.timestamp) database.saveReference({ ...known, ...told })
    return
  }
  const reference = { ...place, ...told, uuid, target: toText(file['referenced_uuid']) }
  const refusal = refusalOf(database, reference)
  if (refusal) database.drop('reference', uuid, refusal)
  else database.saveReference(reference)
}

function refusalOf(
  { objects, attributes }: Database,
  { uuid, event, source, target }: LocalReference
): string | undefined {
  if (!isMispUuid(uuid)) return 'the uuid is not one of RFC 4122'
  if (objects.get(source)?.event !== event) return 'its Object is not in the event'
  const referenced = objects.get(target) ?? attributes.get(target)
  return referenced?.event === event ? undefined : `${target} is not in the event`
}
