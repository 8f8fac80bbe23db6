/** What a worker is told at its start, and what it and its supervisor say to each other. */

export interface Seat {
  /** From 1; the first does what is done once. A worker that died is replaced by one of the same number. */
  readonly no: number
  readonly of: number
  /** False: others serve, so that a store that they do not share must not be served from. */
  readonly mayBeAlone: boolean
  /** Of the built-in simulator, which all of them ask. */
  readonly simulatorUrl?: string
}

/** The variable of the environment that holds the {@link Seat} as JSON; the supervisor alone sets it. */
export const seatVariable = 'SEKOIA_FEED_GATEWAY_WORKER'

/** The topic whose answers outlive a worker: a counter that falls would look like one that began anew. */
export const metricsTopic = 'metrics'

export interface Serving {
  readonly address: string
  readonly ops: string | undefined
  /** False when the data directory cannot be used, and memory stands in. */
  readonly isShared: boolean
}

/** How often a worker tells that it is alive, ms. */
export const beatMs = 1000

export type FromWorker =
  | ({ readonly kind: 'serving' } & Serving)
  | { readonly kind: 'ask'; readonly id: number; readonly topic: string; readonly own: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'tell'; readonly topic: string; readonly value: unknown }
  /** Says no more than that its event loop turns. */
  | { readonly kind: 'beat' }
  /** Its metrics as it ends. */
  | { readonly kind: 'last'; readonly value: unknown }

export type FromSupervisor =
  | { readonly kind: 'ask'; readonly id: number; readonly topic: string }
  | { readonly kind: 'answers'; readonly id: number; readonly values: readonly unknown[] }
  | { readonly kind: 'tell'; readonly topic: string; readonly value: unknown }
  /** How many workers have ended and are not replaced yet. */
  | { readonly kind: 'missing'; readonly count: number }
  /** Another one serves in its place, or all of them end. */
  | { readonly kind: 'end'; readonly isReplaced: boolean }
