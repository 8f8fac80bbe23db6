import type { Clock, DocumentStore, Meter, Upstream } from '../../kernel/ports.ts'
import type { Records, Sweeps } from '../../kernel/records.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { MakerThread } from './maker.ts'
import type { PublisherSettings } from './publisher.ts'

/** What a builder of one feed works with. */

export interface BuilderSettings extends PublisherSettings {
  /** How many days of `created` a first build goes back; undefined means all. */
  readonly windowDays: number | undefined
  /** Bits of the shard: 2 to this power events for a day. */
  readonly shardBits: number
  /** Names the rules under which objects are repaired (stix/repair.ts); rows of other rules are read again. */
  readonly repairRules: string
  /** Between walks that find what vanished, ms; 0 never walks. */
  readonly walkMs: number
  /** The time in which the feed log reads the whole feed again anyway, ms; 0 or left out: it does not. */
  readonly sweepMs?: number
  /** Time between publications during a first build, ms. */
  readonly partialMs: number
  /** Changes to buckets that are committed together while a feed is read, more or less. Default 10,000. */
  readonly maxChanges?: number
}

/** What the builders of all feeds share. */
export interface SharedDeps {
  readonly records: Pick<Records, 'read'>
  /** Left out: every walk is the builder's own. */
  readonly sweeps?: Sweeps
  readonly upstream: Pick<Upstream, 'page' | 'objects'>
  readonly store: DocumentStore
  readonly clock: Clock
  readonly meter: Meter
  readonly mapping: Mapping
  /** Makes events beside this thread; left out: all are made here. */
  readonly thread?: Pick<MakerThread, 'maker'> | undefined
}

export interface BuilderDeps extends SharedDeps {
  readonly feedId: string
  readonly title: string
  readonly space: string
  readonly settings: BuilderSettings
  /** Called when a publication is there to be read. */
  readonly onPublished: () => void
}
