import type { FeedRecord } from '../kernel/records.ts'
import { toTs6 } from '../stix/timestamp.ts'
import { isBare, pagingFields } from './envelope.ts'
import type { Mode } from './modes.ts'
import type { DataPage } from './page.ts'

/** A manifest resource (TAXII 2.1 §5.3.1). */
export function toManifest(page: DataPage, mode: Mode, mediaTypes: readonly string[]): Buffer {
  if (isBare(page, mode)) return Buffer.from('{}')
  const objects = page.records.map(record => toManifestRecord(record, mediaTypes))
  const lists = objects.length > 0 || mode.emptyLists ? { objects } : {}
  return Buffer.from(JSON.stringify({ ...pagingFields(page), ...lists }))
}

/** `media_type` only where the collection lists it (T-5.3.1-6). */
function toManifestRecord(record: FeedRecord, mediaTypes: readonly string[]) {
  const mediaType = `application/stix+json;version=${record.specVersion}`
  return {
    id: record.id,
    date_added: toTs6(record.date),
    version: record.version,
    ...(mediaTypes.includes(mediaType) && { media_type: mediaType })
  }
}
