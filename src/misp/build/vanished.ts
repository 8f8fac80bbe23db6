import { setImmediate } from 'node:timers/promises'
import type { IdSet } from '../../kernel/id-set.ts'
import {
  type Bucket,
  decodeBucket,
  encodeBucket,
  pruneRows,
  type Retention,
  rowsOf
} from '../events/bucket.ts'
import type { Outsider, Row } from '../events/source-row.ts'
import type { Batch, FeedTables } from './tables.ts'

/** The result of comparing rows with a walk: ids by bucket. */
export interface SweepResult {
  /** Rows held as present that the walk did not find. */
  readonly missing: ReadonlyMap<string, readonly string[]>
  /** Rows held as vanished that the walk found. */
  readonly returned: ReadonlyMap<string, readonly string[]>
  /** Rows held as present. */
  readonly present: number
  /** Buckets with rows to forget: a bucket of which nothing was ever published is looked at only here. */
  readonly over: readonly string[]
}

/**
 * Compares rows with what a walk found. Rows read after the walk began are left alone.
 *
 * @param begun when the walk began, ms since the epoch
 */
export async function judge(
  documents: FeedTables,
  found: Pick<IdSet, 'has'>,
  { begun, ...retention }: Retention & { readonly begun: number }
): Promise<SweepResult> {
  const missing = new Map<string, string[]>()
  const returned = new Map<string, string[]>()
  const over: string[] = []
  let present = 0
  for await (const batch of documents.scan('bucket')) {
    for (const { key, value } of batch) {
      await setImmediate()
      const bucket = await decodeBucket(key, value)
      if (pruneRows(bucket, begun, retention).length > 0) over.push(key)
      for (const { id, gone, readAt } of heldIn(bucket)) {
        if (!gone) present++
        if (readAt > begun || gone?.why === 'revoked') continue
        if (!gone && !found.has(id)) add(missing, key, id)
        if (gone && found.has(id)) add(returned, key, id)
      }
    }
  }
  return { missing, returned, present, over }
}

/** What a walk can find of what is held in a bucket. */
export function* heldIn(bucket: Bucket): Generator<Held> {
  for (const { stix, ...row } of rowsOf(bucket)) yield { id: stix.id, ...row }
  yield* bucket.outside.values()
}

type Held = Pick<Outsider, 'id' | 'gone' | 'readAt'>

function add(lists: Map<string, string[]>, bucket: string, id: string): void {
  const known = lists.get(bucket)
  if (known) known.push(id)
  else lists.set(bucket, [id])
}

export const countOf = (lists: SweepResult['missing']): number =>
  [...lists.values()].reduce((sum, { length }) => sum + length, 0)

/** Marks rows as vanished, or as present again. Returns the names of the buckets that changed. */
export async function mark(
  documents: FeedTables,
  { missing, returned, over }: Omit<SweepResult, 'present'>,
  now: number,
  changes: Batch
): Promise<string[]> {
  const names = [...new Set([...missing.keys(), ...returned.keys()])]
  for (const name of names) {
    const [stored] = await documents.get('bucket', [name])
    if (!stored) continue
    const bucket = await decodeBucket(name, stored)
    for (const id of missing.get(name) ?? [])
      change(bucket, id, { gone: { why: 'vanished', at: now } })
    for (const id of returned.get(name) ?? []) change(bucket, id, { returnedAt: now })
    changes.put('bucket', name, await encodeBucket(bucket))
    changes.put('dirty', name, Buffer.alloc(0))
  }
  for (const name of over) changes.put('dirty', name, Buffer.alloc(0))
  return [...names, ...over]
}

/** What a walk says of one object. */
type Fate = Pick<Row, 'gone' | 'returnedAt'>

function change(bucket: Bucket, id: string, fate: Fate): void {
  const row = bucket.rows.get(id)
  if (row) bucket.rows.set(id, withFate(row, fate))
  const outsider = bucket.outside.get(id)
  if (outsider) bucket.outside.set(id, withFate(outsider, fate))
  if (bucket.report?.stix.id === id) bucket.report = withFate(bucket.report, fate)
}

const withFate = <T extends Pick<Row, 'gone'>>({ gone, ...held }: T, fate: Fate) => ({
  ...held,
  ...fate
})
