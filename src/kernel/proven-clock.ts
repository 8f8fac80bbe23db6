import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import type { Clock } from './ports.ts'

/**
 * A clock that does not trust the machine's: time passes by a monotonic source, from an anchor that is the machine's
 * clock at first and what Sekoia's answers prove from then on. A jump of the machine's clock changes nothing.
 */
export interface ProvenClock extends Clock {
  elapsed(): number
  /** Takes note of a time that another clock told. */
  observe(evidence: ClockEvidence): void
}

/** What a `Date` header says: at some moment from `from` to `to`, by {@link Clock.elapsed}, it was `told`. */
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
}

/** Smaller differences are left alone: clocks of good machines differ by less. */
const toleranceMs = 2000
/** Pieces of evidence in a row that agree on a correction, once one has shown the clock to be right. */
const proofs = 3
/** How far such pieces may differ. */
const agreementMs = 5000

export function createProvenClock(options: ProvenClockOptions = {}): ProvenClock {
  const { wall = Date.now, monotonic = () => performance.now(), onCorrected } = options
  const origin = monotonic()
  const elapsed = () => Math.floor(monotonic() - origin)
  let anchor = wall()
  let isProven = false
  let doubts: number[] = []

  function correct(ms: number): void {
    anchor += ms
    doubts = []
    onCorrected?.(ms)
  }

  function observe(evidence: ClockEvidence): void {
    const skew = provenSkew(evidence, anchor)
    if (Math.abs(skew) <= toleranceMs) {
      doubts = []
      isProven = true
      return
    }
    doubts = [...doubts.filter(doubt => Math.abs(doubt - skew) <= agreementMs), skew]
    if (isProven && doubts.length < proofs) return
    isProven = true
    correct(Math.round(doubts.reduce((a, b) => (Math.abs(a) < Math.abs(b) ? a : b))))
  }

  return {
    now: () => anchor + elapsed(),
    elapsed,
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
