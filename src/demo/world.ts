/** The state of a running simulator, shared by requests and the control interface. */
import type { KeyState } from './access.ts'
import type { SimulatorClock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { FeedState } from './feeds/feed-state.ts'
import type { FeedDescription } from './feeds/feeds.ts'
import type { Payload } from './feeds/formats.ts'
import type { Latency } from './latency.ts'
import type { ValueIndex } from './lookup/values.ts'
import type { Switches } from './switches.ts'

/** One request received. */
export interface Call {
  /** Milliseconds since the epoch, by the simulator's clock. */
  readonly at: number
  readonly method: string
  /** Without `/api` in front and a slash at the end. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** The query as it came, without the question mark. */
  readonly search: string
  /** The body of a request other than GET. */
  readonly text: string
  readonly key: string | undefined
  /** 0 until it is answered; it stays 0 when the connection was reset before the headers. */
  status: number
}

/** Earlier answers of a feed, for faults that repeat them. */
export interface Given {
  readonly firstCursor: string | null
  readonly lastPage: Payload
}

/** A file of an object. */
export interface StoredFile {
  readonly owner: string
  readonly type: string
  readonly bytes: Buffer
}

export interface World {
  readonly state: FeedState
  readonly clock: SimulatorClock
  readonly switches: Switches
  readonly keys: Map<string, KeyState>
  readonly feeds: Map<string, FeedDescription>
  readonly faults: Faults
  readonly latency: Latency
  readonly calls: Call[]
  readonly values: ValueIndex
  /** By SHA-256. */
  readonly files: Map<string, StoredFile>
  readonly given: Map<string, Given>
  /** When a cursor was last given out; kept only while `cursorLifetimeMs` is set. */
  readonly issued: Map<string, number>
}
