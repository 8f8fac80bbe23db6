import type { Tlp } from '../mapping/model.ts'
import type { OrgBody, TagBody } from './wire.ts'

/** What is known of an event beside its file. */
export interface Head {
  readonly uuid: string
  readonly bucket: string
  readonly tlp: Tlp
  readonly part: number
  readonly info: string
  readonly date: string
  readonly tags: readonly TagBody[]
  /** Undefined for Sekoia itself. */
  readonly orgc?: OrgBody | undefined
  readonly timestamp: string
  readonly attributes: number
  readonly live: number
  readonly indicators: number
  readonly merged: number
  /** Lines of `hashes.csv`; heads of before they were counted have none, and are made again. */
  readonly hashes?: number
  /** The next instant at which time alone changes it, ms since the epoch; null when none does. */
  readonly changesAt: number | null
}

/** What is published, summed over its events. */
export interface Totals {
  readonly events: number
  readonly attributes: number
  /** Attributes that are neither expired nor deleted. */
  readonly live: number
  readonly indicators: number
  /** Indicators whose values all stand under another one's name. */
  readonly merged: number
  /** Lines that `hashes.csv` would have without a cap; undefined before they were first counted. */
  readonly hashes?: number
}
