import { dayOf, listOf, type StixObject, timeOf } from '../../stix/object.ts'
import {
  type Bucket,
  decodeBucket,
  dropReport,
  encodeBucket,
  isBarren,
  isReportBucket
} from '../events/bucket.ts'
import { isChangedSince, toOutsider } from '../events/source-row.ts'
import { IndicatorIndex } from './indicator-index.ts'
import { isIndicator } from './references.ts'
import { startOf } from './state.ts'
import { Batch, type FeedTables } from './tables.ts'

/**
 * Forgets what a narrower window excludes: indicators created before `since` (`YYYY-MM-DD`), and reports not modified
 * since then. Their events have to be made again without them. Each bucket is committed by itself, and the whole may
 * be repeated after a crash. Returns the names of the buckets that changed.
 */
export async function narrow(
  documents: FeedTables,
  since: string,
  commit: (changes: Batch) => Promise<void>
): Promise<string[]> {
  const changed: string[] = []
  for await (const batch of documents.scan('bucket')) {
    for (const { key, value } of batch) {
      const bucket = await decodeBucket(key, value)
      const changes = new Batch()
      if (!(await leaveOut(bucket, since, { index: new IndicatorIndex(documents), changes })))
        continue
      changes.put('dirty', key, Buffer.alloc(0))
      if (isBarren(bucket)) changes.delete('bucket', key)
      else changes.put('bucket', key, await encodeBucket(bucket))
      await commit(changes)
      changed.push(key)
    }
  }
  return changed
}

interface Leaving {
  readonly index: IndicatorIndex
  readonly changes: Batch
}

/** False when all of the bucket is within the window. */
async function leaveOut(
  bucket: Bucket,
  since: string,
  { index, changes }: Leaving
): Promise<boolean> {
  const { rows, report, outside } = bucket
  if (report && isUnread(report.stix, since)) {
    const named = listOf(report.stix, 'object_refs').filter(isIndicator)
    await index.leaveReport(report.stix.id, [...new Set([...named, ...rows.keys()])], changes)
    dropReport(bucket)
    return true
  }
  const over = [...rows.values()].filter(({ stix }) => dayOf(stix) < since)
  for (const { stix } of over) rows.delete(stix.id)
  if (isReportBucket(bucket.name)) return over.length > 0
  const unread = [...outside.values()].filter(outsider => !isChangedSince(outsider, since))
  for (const { id } of unread) outside.delete(id)
  for (const row of over) if (isChangedSince(row, since)) outside.set(row.stix.id, toOutsider(row))
  const ids = over.map(({ stix }) => stix.id)
  await index.leaveBucket(ids, changes)
  return over.length + unread.length > 0
}

/** A feed that is built with this window reads nothing that was modified before it. */
const isUnread = (object: StixObject, since: string): boolean =>
  (timeOf(object, 'modified') ?? timeOf(object, 'created') ?? 0) <= (startOf(since) ?? 0)
