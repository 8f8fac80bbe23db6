import type { ScopeId } from './caller.ts'

/** A feed log as it stands in the memory of this process. Instants are ms since the epoch. */
export interface LogState {
  readonly scope: ScopeId
  readonly feedId: string
  /** STIX types that it is limited to; empty means all. */
  readonly types: readonly string[]
  /** True when revoked and expired objects were asked for too. */
  readonly all: boolean
  /** Objects held, each once. */
  readonly objects: number
  /** date_added of the newest; undefined without objects. */
  readonly newest: number | undefined
  /** When Sekoia last confirmed its end; undefined before the end was reached for the first time. */
  readonly confirmedAt: number | undefined
  /** The first reading to the end; undefined once that was reached. */
  readonly walk: FirstWalk | undefined
}

export interface FirstWalk {
  /** When the log was begun. */
  readonly startedAt: number
  /** Objects read so far, those put by of a feed that comes newest first included. */
  readonly objects: number
  /** From 0 to 1, of the time that the feed spans; undefined where that is not known yet. */
  readonly fraction: number | undefined
}
