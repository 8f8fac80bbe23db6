import { randomBytes } from 'node:crypto'
import type { StoredJournal } from '../../kernel/ports.ts'
import type { RedatingsState } from './redatings.ts'
import type { Source } from './segment-head.ts'

/** What a journal keeps besides the heads of its segments, and its form in a store. */

/** A cursor from which the end may be read again, to find what became visible behind newer ones (P-42). */
export interface SettledCursor {
  /** null: from the start of the chain. */
  readonly cursor: string | null
  /** Its place in the feed is not later than this, ms since the epoch. */
  readonly at: number
  /** Number of the last segment that was read before it; entries after it may come again. */
  readonly afterNo: number
}

/** As Sekoia's descriptions of feeds name it. */
export type SortOrder = 'asc' | 'desc'

/** A page of a feed that comes newest first, as it was read. */
export interface DescentPage {
  readonly source: Source
  /** The earliest own time on it, ms since the epoch; undefined when none can be used. */
  readonly low: number | undefined
}

/** The reading of a chain from the newest object down, before anything of it is in the log. */
export interface Pass {
  readonly startedAt: number
  /** Tells its pages from those of any other pass. */
  readonly stamp: string
  /** True once the end was reached: from then on the pages are appended, the lowest first. */
  readonly isTurned: boolean
  readonly cursor: string | null
  /** Newest first: what was read and is not appended yet. */
  readonly pages: readonly DescentPage[]
  /** How many objects were read. */
  readonly objects: number
}

export interface ChainState {
  /** Milliseconds since the epoch, 0 = the beginning of the feed. */
  readonly start: number
  /** True when it has reached the start of the next chain. */
  readonly linked: boolean
  /** The newest cursor Sekoia gave for it, if any. */
  readonly cursor: string | null
  /** The latest own time on its first page, if that was sought by time: what follows was read by cursors. */
  readonly cursorsFrom?: number
  /** Start of the chain of which it has seen an object by its own cursors, so that it has come to where that begins. */
  readonly met?: number
  /** While a feed that comes newest first is read for it. */
  readonly pass?: Pass | undefined
}

export interface JournalState {
  readonly format: 1
  /** Of what feed it is a log; absent in journals that earlier versions wrote last. */
  readonly feedId?: string
  /** 8 hex digits that name this journal in tokens. */
  readonly epoch: string
  readonly createdAt: number
  /** True when a journal of this name was removed before: everything is dated as new, for clients that come back. */
  readonly again?: boolean
  /** The number of the next segment. */
  readonly nextNo: number
  /** Heads with smaller numbers are of a journal that could not be read, which this one took the place of. */
  readonly firstNo?: number
  readonly chains: readonly ChainState[]
  /** True when Sekoia lists the feed newest first. */
  readonly newestFirst?: boolean
  /** True while nobody has said so or otherwise; absent in journals of earlier versions, which took it for false. */
  readonly isOrderOpen?: boolean
  /** True once the end of the feed was reached; from then on new records are dated by the tip's rule. */
  readonly filled: boolean
  /** True once two objects with the same time were seen. */
  readonly hasTies: boolean
  /** No replica answers "end" after this instant without moving it first (P-39). */
  readonly endValidUntil: number
  /** When that was promised; absent in journals of earlier versions. */
  readonly endPromisedAt?: number
  /** Oldest first; everything before the first had settled when it was read. Of the last chain. */
  readonly settled: readonly SettledCursor[]
  /** The first of `settled` before a clock that nothing proved had a say in it: to be read from once one is proven. */
  readonly unproven?: SettledCursor | undefined
  /** When the end was last confirmed, by whichever gateway. */
  readonly confirmedAt: number
  /** When the last reading of the tip began, 0 before the first. */
  readonly lastReadAt: number
  /** Dates that a wrong clock gave, and that were given anew. */
  readonly redatings?: RedatingsState
}

const format = 1

/** Reading again from here finds everything: the start of the chain. */
export const fromStart: SettledCursor = { cursor: null, at: 0, afterNo: 0 }

export const newEpoch = (): string => randomBytes(4).toString('hex')

/** The state of a journal in which nothing was written yet. */
export const newState = (now: number, firstNo = 1, again = false): JournalState => ({
  format,
  epoch: newEpoch(),
  createdAt: now,
  ...(again && { again }),
  nextNo: firstNo,
  ...(firstNo > 1 && { firstNo }),
  chains: [],
  isOrderOpen: true,
  filled: false,
  hasTies: false,
  endValidUntil: 0,
  settled: [fromStart],
  confirmedAt: 0,
  lastReadAt: 0
})

/** Throws when the state is of a format this version does not know. */
export function decodeState({ state }: Pick<StoredJournal, 'state'>): JournalState {
  const decoded = JSON.parse(state.toString()) as JournalState
  if (decoded.format !== format) throw new Error(`journal format ${decoded.format} is unknown`)
  return decoded
}
