import { type Clock, elapsedOf } from '../kernel/ports.ts'
import { type Counter, emptySlot, mergeSlots, type Slot } from './slot.ts'
import { covers, type SpanName, slotAt, spanNames, spans } from './spans.ts'

/** What the process has counted since its start: figures that only grow. */
export interface Totals {
  readonly read: number
  readonly calls: number
  readonly callsFailed: number
  readonly callsLimited: number
  readonly latency: readonly number[]
}

export interface RecorderDeps {
  readonly clock: Pick<Clock, 'now' | 'elapsed'>
  readonly totals: () => Promise<Totals>
  /** Age of the oldest confirmed end, s; undefined while no feed is followed. */
  readonly lag: () => number | undefined
  /** How many feeds cannot be read on now. */
  readonly failing: () => number
}

/** What a request tells of itself. */
export interface Told {
  /** Undefined for paths of no dialect. */
  readonly dialect: string | undefined
  readonly status: number
  readonly items: number
}

/** What was counted in some minutes, by span. */
export type Batch = Readonly<Record<SpanName, readonly Slot[]>>

type Measured = Omit<Slot, 'no'>

/** What was counted within this time is recent, ms; it is kept in pieces of a minute. */
const recentMs = 900_000
const pieceMs = 60_000

const noTotals: Totals = { read: 0, calls: 0, callsFailed: 0, callsLimited: 0, latency: [] }

/** The history of this process that is not in the store yet. Its memory is bounded by the slots of the spans. */
export class Recorder {
  readonly #deps: RecorderDeps
  readonly #pending: Record<SpanName, Map<number, Slot>> = { day: new Map(), month: new Map() }
  #requests: Partial<Record<Counter, number>> = {}
  #seen: Totals = noTotals
  /** By when each piece began. */
  #recent: { readonly at: number; readonly measured: Measured }[] = []

  constructor(deps: RecorderDeps) {
    this.#deps = deps
  }

  /** Counts a request: an addition or two. */
  note({ dialect, status, items }: Told): void {
    if (dialect === undefined || dialect === 'gateway') return
    const fate = fateOf(status)
    this.#requests[fate] = (this.#requests[fate] ?? 0) + 1
    this.#requests.given = (this.#requests.given ?? 0) + items
  }

  /** Puts what was counted since the last time into the slots of this moment. */
  async sample(): Promise<void> {
    const totals = await this.#deps.totals()
    const now = this.#deps.clock.now()
    const measured = this.#measure(totals)
    this.#keepRecent(measured)
    for (const name of spanNames) {
      const slots = this.#pending[name]
      const no = slotAt(spans[name], now)
      slots.set(no, mergeSlots(slots.get(no) ?? emptySlot(no), measured))
      // Only a clock that jumps about fills more slots than there are.
      if (slots.size > spans[name].slots) slots.delete(slots.keys().next().value!)
    }
  }

  #keepRecent(measured: Measured): void {
    const at = elapsedOf(this.#deps.clock)
    const pieces = this.#recent.filter(piece => Math.abs(at - piece.at) < recentMs)
    const last = pieces.at(-1)
    if (last && at - last.at < pieceMs) {
      const merged = mergeSlots({ no: 0, ...last.measured }, measured)
      pieces.splice(-1, 1, { at: last.at, measured: merged })
    } else pieces.push({ at, measured })
    this.#recent = pieces
  }

  #measure(totals: Totals): Measured {
    const requests = this.#requests
    const before = this.#seen
    this.#requests = {}
    this.#seen = totals
    const grown = (name: 'read' | 'calls' | 'callsFailed' | 'callsLimited') =>
      Math.max(0, totals[name] - before[name])
    const counts = {
      ...emptySlot(0).counts,
      ...requests,
      read: grown('read'),
      calls: grown('calls'),
      callsFailed: grown('callsFailed'),
      callsLimited: grown('callsLimited')
    }
    const latency = totals.latency.map((count, i) => Math.max(0, count - (before.latency[i] ?? 0)))
    const lag = this.#deps.lag()
    return {
      counts,
      lag: lag === undefined ? null : Math.round(lag),
      failing: this.#deps.failing(),
      latency
    }
  }

  /** The latest quarter of an hour up to the last sample. */
  recent(): Measured {
    return this.#recent.map(({ measured }) => measured).reduce<Slot>(mergeSlots, emptySlot(0))
  }

  /** What is pending, which remains so. */
  pending(): Batch {
    return { day: [...this.#pending.day.values()], month: [...this.#pending.month.values()] }
  }

  /** Hands what is pending over; slots that no span covers any more are forgotten. */
  take(): Batch {
    const now = this.#deps.clock.now()
    const covered = (name: SpanName) =>
      [...this.#pending[name].values()].filter(({ no }) => covers(spans[name], no, now))
    const batch = { day: covered('day'), month: covered('month') }
    for (const name of spanNames) this.#pending[name].clear()
    return batch
  }
}

/** 499: the client left before its answer was out. */
function fateOf(status: number): 'served' | 'refused' | 'rejected' | 'failed' | 'left' {
  if (status === 499) return 'left'
  if (status >= 500) return 'failed'
  if (status === 401 || status === 403) return 'refused'
  return status >= 400 ? 'rejected' : 'served'
}
