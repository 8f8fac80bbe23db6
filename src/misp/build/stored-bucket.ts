import type { Head } from '../events/head.ts'
import type { Tally } from '../events/tally.ts'
import type { Distribution } from '../events/wire.ts'
import type { Tlp } from '../mapping/model.ts'
import type { MadeCount } from './state.ts'

/** Buckets as they are stored, and what is made of them. */

/** What is the same for all buckets of a publication. */
export interface Making {
  readonly feedId: string
  readonly title: string
  /** ms since the epoch. */
  readonly now: number
  /** The number of the publication: what was read for it is new. */
  readonly publication: number
  readonly settings: MakingSettings
}

export interface MakingSettings {
  /** How long an expired value stays visible, ms. */
  readonly expiredMs: number
  /** How long what was taken back stays announced, ms. */
  readonly tombstoneMs: number
  /** False when events of reports have no copies of their indicators. */
  readonly reportCopies?: boolean
  /** See timestamps.ts `Moment`. */
  readonly marginSeconds: number
  /** See event.ts `RenderOptions`. */
  readonly distribution?: Distribution | undefined
}

/** A bucket as it is stored. */
export interface StoredBucket {
  readonly name: string
  /** Undefined: there is none any more. */
  readonly rows: Buffer | undefined
  /** Its events as they were published last. */
  readonly published: readonly PublishedFile[]
  /** Uuids of events that are stamped anew although they did not change. */
  readonly restamped: readonly string[]
}

export interface PublishedFile {
  readonly tlp: Tlp
  readonly part: number
  /** See files.ts. */
  readonly file: Buffer
}

export interface MadeBucket {
  readonly name: string
  readonly events: readonly MadeEvent[]
  /** Undefined when there is nothing to count. */
  readonly tally: Tally | undefined
  readonly counts: readonly MadeCount[]
  /** Ids of the indicators, and of the report, that were forgotten. */
  readonly pruned: readonly string[]
  /** A report that was forgotten. */
  readonly leftReport?: LeftReport | undefined
  /** As it is to be stored from now on; undefined when it stays as it is. */
  readonly rows: Buffer | undefined
  /** True when nothing is left of it. */
  readonly isBarren: boolean
  /** See state.ts. */
  readonly lastIssued: number
}

export interface LeftReport {
  readonly id: string
  /** The indicators that it named, or held copies of. */
  readonly indicators: readonly string[]
}

export interface MadeEvent {
  readonly uuid: string
  readonly isChanged: boolean
  /** Undefined when nothing is left of it. */
  readonly made?: { readonly head: Head; readonly hashes: Buffer }
  /** Undefined when it is what was published last, or nothing is left of it. */
  readonly file?: Buffer | undefined
}
