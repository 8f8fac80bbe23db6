import type { ScopeId } from './caller.ts'

/** A feed that is kept up to date as a MISP feed, for one key. */
export interface MispBuild {
  readonly scope: ScopeId
  readonly feedId: string
  /** Undefined before anything was written down. */
  readonly state:
    | {
        /** True once what was there at its start was published. */
        readonly isBuilt: boolean
        /** Ms since the epoch; 0 is never. */
        readonly publishedAt: number
        readonly objectsRead: number
        readonly coverage?: MispCoverage
        /** Values that `hashes.csv` has no room for; undefined while they are not counted. */
        readonly hashesLeftOut?: number | undefined
      }
    | undefined
}

/** What became of the indicators that are live at Sekoia; each is counted once. */
export interface MispCoverage {
  readonly live: number
  readonly toIds: number
  readonly context: number
  readonly outsideWindow: number
  /** By reason. */
  readonly fallback: Readonly<Record<string, number>>
  readonly skipped: Readonly<Record<string, number>>
}
