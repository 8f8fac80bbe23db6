import { zstdDecompressSync } from 'node:zlib'
import type { StixObject } from '../../stix/object.ts'
import { rowFormat } from '../events/source-row.ts'
import type { FeedState, Link } from './state.ts'
import { Batch, type FeedTables } from './tables.ts'

/**
 * Takes over a feed whose rows cannot be read, because another version of the gateway wrote them, or were repaired by
 * other rules. The rows are read again from the feed log. Until all are there the last publication is served as it
 * was; it keeps uuids, timestamps and tombstones. What does not come back is then taken back. The feed log does not
 * know what vanished, so that is noted with the links, which also say what was held.
 */

/** Of a row, all versions have this. */
interface AnyRow {
  readonly id?: string
  readonly stix?: StixObject
  readonly version: string
  readonly gone?: { readonly why: string; readonly at: number }
}

interface AnyBucket {
  readonly rows: readonly AnyRow[]
  readonly report?: AnyRow & { readonly row?: AnyRow }
  readonly outside?: readonly AnyRow[]
}

/** Version 1 kept tags, and markings themselves. */
interface AnyName {
  readonly marking?: StixObject
  readonly stix?: StixObject
}

/**
 * Commits on the way, and may be begun again after a crash.
 *
 * @param state changed, and to be committed afterwards
 */
export async function forgetRows(
  documents: FeedTables,
  state: FeedState,
  commit: (changes: Batch) => Promise<void>
): Promise<void> {
  for await (const batch of documents.scan('bucket')) {
    const changes = new Batch()
    for (const { key, value } of batch) {
      const bucket = JSON.parse(zstdDecompressSync(value).toString()) as AnyBucket
      await noteVanished(documents, bucket, changes)
      changes.delete('bucket', key)
    }
    await commit(changes)
  }
  for await (const batch of documents.scan('name')) {
    const changes = new Batch()
    for (const { key, value } of batch) {
      const { marking, stix } = JSON.parse(value.toString()) as AnyName
      const kept = marking ?? (stix?.type === 'marking-definition' ? stix : undefined)
      if (kept) changes.putJson('name', key, { stix: kept })
      else changes.delete('name', key)
    }
    await commit(changes)
  }
  Object.assign(state, {
    format: rowFormat,
    derivation: '',
    publications: 0,
    position: undefined,
    addedAfter: undefined,
    isFilled: false,
    isRefilling: true,
    walkedAt: 0
  })
}

async function noteVanished(
  documents: FeedTables,
  { rows, report, outside = [] }: AnyBucket,
  changes: Batch
): Promise<void> {
  const all = [...rows, ...outside, ...(report ? [report.row ?? report] : [])]
  const vanished = all.filter(({ gone }) => gone?.why === 'vanished')
  const idOf = ({ id, stix }: AnyRow) => stix?.id ?? id ?? ''
  const links = await documents.getJson<Link>('link', vanished.map(idOf))
  for (const row of vanished) {
    const { version, gone } = row
    const link: Link = { ...links.get(idOf(row)), vanished: { version, at: gone!.at } }
    changes.putJson('link', idOf(row), link)
  }
}
