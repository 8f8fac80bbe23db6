import type { ErrorKind } from '../kernel/errors.ts'

/** The state of the process and of what it stands on, as it is known without asking anybody. */
export interface Condition {
  readonly version: string
  readonly phase: string
  /** Ms since the epoch, as all instants here. */
  readonly startedAt: number
  /** Trouble of each part in public words; undefined when it is well. */
  readonly parts: Readonly<Record<string, string | undefined>>
  readonly breaker: string
  /** Sekoia's clock less that of this machine. */
  readonly clockSkewMs: number | undefined
  readonly succeededAt: number | undefined
  readonly lastFailureAt: number | undefined
  readonly recent: RecentCalls
  /** Of memory, over all workers. */
  readonly residentBytes: number
  /** Gateways that use the store, this one included. */
  readonly replicas: number
  readonly store: { readonly kind: 'sqlite' | 'redis'; readonly isShared: boolean }
}

/** Calls to Sekoia of the last quarter of an hour. */
export interface RecentCalls {
  readonly calls: number
  readonly failed: number
  readonly rateLimited: number
  readonly medianMs: number | null
  readonly p95Ms: number | null
}

/** What Sekoia said to small questions with a key: undefined for yes, else the kind of its refusal or failure. */
export interface KeyAnswers {
  /** May it list feeds ("View feeds")? */
  readonly feeds: ErrorKind | undefined
  /** May it read the default feed ("View intelligence")? */
  readonly intelligence: ErrorKind | undefined
}
