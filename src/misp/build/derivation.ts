import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Caller } from '../../kernel/caller.ts'
import { decodeBucket, rowsOf } from '../events/bucket.ts'
import { eventVersion } from '../events/event.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { PublisherSettings } from './publisher.ts'
import type { ReferenceNames } from './reference-names.ts'
import { namesOn } from './references.ts'
import type { Batch, FeedTables } from './tables.ts'

/**
 * A text that differs whenever code or settings that decide what rows become differ. If it is not the one that a feed
 * was last built with, all its events are made again. A setting that decides something and is not included here must
 * be in the feed's state by itself, as the layout and the window are.
 */
export const derivationOf = (
  { fingerprint }: Pick<Mapping, 'fingerprint'>,
  {
    expiredMs,
    tombstoneMs,
    reportCopies = true,
    distribution
  }: Pick<PublisherSettings, DecidingSetting>
): string =>
  hash(
    'sha256',
    JSON.stringify([fingerprint, eventVersion, expiredMs, tombstoneMs, reportCopies, distribution])
  ).slice(0, 32)

type DecidingSetting = 'expiredMs' | 'tombstoneMs' | 'reportCopies' | 'distribution'

export interface DerivationDeps {
  readonly documents: FeedTables
  readonly names: ReferenceNames
  readonly mapping: Pick<Mapping, 'refs'>
  readonly caller: Caller
}

/** What has to be made again, and what is not known of it. */
export interface Underived {
  /** Names of all buckets. */
  readonly buckets: readonly string[]
  /** Ids that Sekoia could not be asked about, each with a bucket that refers to it. */
  readonly wanted: readonly (readonly [id: string, bucket: string])[]
}

/** Looks through all rows: another mapping may need other names, which are then asked for. */
export async function underived(
  { documents, names, mapping, caller }: DerivationDeps,
  changes: Batch
): Promise<Underived> {
  const buckets: string[] = []
  const wanted: [string, string][] = []
  for await (const batch of documents.scan('bucket')) {
    for (const { key, value } of batch) {
      await setImmediate()
      const ids = rowsOf(await decodeBucket(key, value)).flatMap(row => namesOn(row, mapping))
      for (const id of await names.resolve(caller, ids, changes)) wanted.push([id, key])
      buckets.push(key)
    }
  }
  return { buckets, wanted }
}
