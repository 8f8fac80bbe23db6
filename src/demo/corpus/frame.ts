import type { Context } from './context.ts'

export interface CorpusSeed {
  readonly seed: number
  readonly context: Context
}

/** What all kinds of objects have in common, ready for a JSON text. */
export interface Frame {
  readonly id: string
  readonly type: string
  readonly created: string
  readonly createdMicros: number
  readonly modified: string
  readonly marking: string
  readonly revoked: boolean
  /** Lists of locations and sectors as JSON members; empty for bare objects. */
  readonly impacted: string
}
