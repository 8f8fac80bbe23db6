import { dayOf, listOf, type StixObject, timeOf } from '../../stix/object.ts'
import {
  type Bucket,
  decodeBucket,
  dropReport,
  encodeBucket,
  isBarren,
  isReportBucket
} from '../events/bucket.ts'
import { IndicatorIndex } from './indicator-index.ts'
import { isIndicator } from './intake.ts'
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
      const bucket = decodeBucket(key, value)
      const changes = new Batch()
      if (!(await leaveOut(bucket, since, { index: new IndicatorIndex(documents), changes })))
        continue
      changes.put('dirty', key, Buffer.alloc(0))
      if (isBarren(bucket)) changes.delete('bucket', key)
      else changes.put('bucket', key, encodeBucket(bucket))
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
  const { rows, report } = bucket
  if (report && isUnread(report.stix, since)) {
    const named = listOf(report.stix, 'object_refs').filter(isIndicator)
    await index.leaveReport(report.stix.id, [...new Set([...named, ...rows.keys()])], changes)
    dropReport(bucket)
    return true
  }
  const over = [...rows.values()].flatMap(({ stix }) => (dayOf(stix) < since ? [stix.id] : []))
  for (const id of over) rows.delete(id)
  if (!isReportBucket(bucket.name)) await index.leaveBucket(over, changes)
  return over.length > 0
}

/** A feed that is built with this window reads nothing that was modified before it. */
const isUnread = (object: StixObject, since: string): boolean =>
  (timeOf(object, 'modified') ?? timeOf(object, 'created') ?? 0) <= (startOf(since) ?? 0)
