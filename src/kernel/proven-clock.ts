import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import type { Clock } from './ports.ts'

/**
 * A clock that does not trust the machine's: time passes by a monotonic source, from an anchor that is the machine's
 * clock at first and what Sekoia's answers prove from then on. A jump of the machine's clock changes nothing. A second
 * witness, the store that several gateways share, counts until Sekoia has spoken and while it is silent.
 */
export interface ProvenClock extends Clock {
  elapsed(): number
  /** When the question was asked whose answer last agreed with this clock; `-Infinity` before any did. */
  provenAt(): number
  /** True once Sekoia has told the time. */
  isProven(): boolean
  /** Takes note of a time that another clock told. */
  observe(evidence: ClockEvidence, witness?: Witness): void
}

export type Witness = 'sekoia' | 'store'

/** What a `Date` header, or another clock, says: at some moment from `from` to `to`, by {@link Clock.elapsed}, it was `told`. */
export interface ClockEvidence {
  /** Ms since the epoch, rounded down to the second. */
  readonly told: number
  readonly from: number
  readonly to: number
}

export interface ProvenClockOptions {
  readonly wall?: () => number
  readonly monotonic?: () => number
  /** Called with the milliseconds by which the clock was put right: negative when it was ahead. */
  onCorrected?(ms: number): void
  /** Called, once for each time it begins, with the milliseconds by which the store's clock differs from Sekoia's. */
  onDisagreed?(ms: number): void
}

/** Smaller differences are left alone: clocks of good machines differ by less. */
const toleranceMs = 2000
/** Pieces of evidence in a row that agree on a correction, once one has shown the clock to be right. */
const proofs = 3
/** How far such pieces may differ. */
const agreementMs = 5000

interface Doubt {
  readonly witness: Witness
  readonly skew: number
}

export function createProvenClock(options: ProvenClockOptions = {}): ProvenClock {
  const { wall = Date.now, monotonic = () => performance.now() } = options
  const origin = monotonic()
  const elapsed = () => Math.floor(monotonic() - origin)
  let anchor = wall()
  let provenAt = Number.NEGATIVE_INFINITY
  let provenBy: Witness | undefined
  let doubts: Doubt[] = []
  /** True while nothing Sekoia said spoke against the store's clock. */
  let isStoreSound = false
  let isTold = false

  function distrustStore(ms: number): void {
    isStoreSound = false
    if (!isTold) options.onDisagreed?.(ms)
    isTold = true
  }

  function agree(witness: Witness, from: number): void {
    if (witness === 'store') {
      isStoreSound = true
      isTold = false
      if (doubts.length > 0) return
    }
    const storeDoubt = doubts.find(doubt => doubt.witness === 'store')
    if (storeDoubt) distrustStore(storeDoubt.skew)
    doubts = []
    provenAt = from
    provenBy = provenBy === 'sekoia' ? provenBy : witness
  }

  function doubt(witness: Witness, skew: number): void {
    if (witness === 'store' && provenBy === 'sekoia' && !isStoreSound) {
      distrustStore(skew)
      return
    }
    const agreeing = doubts.filter(other => Math.abs(other.skew - skew) <= agreementMs)
    doubts = [...agreeing, { witness, skew }]
    const isTrusted = provenBy === 'sekoia' || provenBy === witness
    if (isTrusted && doubts.length < proofs) return
    if (provenBy === 'store' && agreeing.length === 0) distrustStore(-skew)
    provenBy = witness
    const ms = doubts.reduce((a, b) => (Math.abs(a.skew) < Math.abs(b.skew) ? a : b)).skew
    anchor += Math.round(ms)
    doubts = []
    options.onCorrected?.(Math.round(ms))
  }

  function observe(evidence: ClockEvidence, witness: Witness = 'sekoia'): void {
    const skew = provenSkew(evidence, anchor)
    if (Math.abs(skew) <= toleranceMs) agree(witness, evidence.from)
    else doubt(witness, skew)
  }

  return {
    now: () => anchor + elapsed(),
    elapsed,
    provenAt: () => provenAt,
    isProven: () => provenBy === 'sekoia',
    sleep: ms => setTimeout(ms),
    observe
  }
}

/** The least by which our clock is behind (positive) or ahead (negative), whenever the answer was made. */
function provenSkew({ told, from, to }: ClockEvidence, anchor: number): number {
  const least = told - (anchor + to)
  const most = told + 1000 - (anchor + from)
  return least > 0 ? least : Math.min(0, most)
}
