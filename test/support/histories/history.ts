import fc from 'fast-check'
import { type OddItem, type OddTime, oddTimes } from '../../../src/demo/corpus/odd.ts'
import type { Fault, FaultKind } from '../../../src/demo/faults.ts'
import type { Switches } from '../../../src/demo/switches.ts'

/** What may happen to a feed, a gateway and its clients; play.ts plays it. */

export type Operation =
  /** One client asks; the number after the crowd is the client that gives up a run, the last the stranger. */
  | { readonly kind: 'step'; readonly client: number; readonly times: number }
  | { readonly kind: 'edit' | 'revoke' | 'remove'; readonly which: number }
  | { readonly kind: 'add' | 'ties'; readonly count: number }
  | { readonly kind: 'late'; readonly count: number; readonly hiddenForMs: number }
  | ({ readonly kind: 'odd' } & OddObject)
  | ({ readonly kind: 'shifted' } & ShiftedObject)
  /** Somebody begins at this part of what Sekoia holds at the beginning, and reads a few pages. */
  | { readonly kind: 'begin'; readonly at: number; readonly pages: number }
  | { readonly kind: 'tick'; readonly ms: number }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly times: number }
  | { readonly kind: 'outage'; readonly ms: number }
  | { readonly kind: 'restart' | 'crash' | 'evict' | 'wipe' }
  | MixedOperation

/** What only mixed histories hold. */
export type MixedOperation =
  /** All clients ask at once, and something happens before they are answered. */
  | {
      readonly kind: 'together'
      readonly meanwhile: 'nothing' | 'edit' | 'add' | 'restart' | 'crash'
    }
  /** Trouble that is over after a time that clients which give up can wait for. */
  | { readonly kind: 'burst'; readonly fault: Fault; readonly ms: number }
  | { readonly kind: 'unreadable'; readonly item: OddItem }
  /** The key is revoked for longer than it is believed. */
  | { readonly kind: 'revoked' }
  /** The secret is gone: every scope, and so every log, is another. */
  | { readonly kind: 'forget' }
  /** A backup is taken of a log that was read to its end; the last one is put back. */
  | { readonly kind: 'backup' | 'restore' }
  | { readonly kind: 'store-fails'; readonly calls: number }
  /** Tokens and collections of one scope are tried by the other. */
  | { readonly kind: 'trespass' }

/** An object with an odd time. */
export interface OddObject {
  readonly time: OddTime
  /** True: it stands where its own time puts it, be it now; false: where one with the usual time would stand. */
  readonly byOwnTime: boolean
}

/** An object that stands where one of now would stand, and shows a time that is so much later. */
export interface ShiftedObject {
  readonly byMs: number
}

export interface History {
  readonly seed: number
  readonly objects: number
  readonly historyMs: number
  readonly order: 'text' | 'instant'
  readonly switches: Partial<Switches>
  /** True: Sekoia lists the feed newest first. */
  readonly newestFirst: boolean
  readonly pageLimit: number
  readonly assumeTies: boolean
  /** The year from which OpenCTI asks; one in which there is no walk from the beginning starts one more walk. */
  readonly epoch: '1970' | '2000'
  readonly processes: number
  /** Gateways have a store each. */
  readonly apart?: boolean
  /** Default memory. */
  readonly store?: 'memory' | 'sqlite' | 'redis'
  /** Another key, with a feed of its own, is served too. */
  readonly stranger?: boolean
  /** How long the gateway waits for Sekoia's trouble to pass; from then on clients that give up are served too. */
  readonly patienceMs?: number
  /** Largest answer of Sekoia that is read; default none. */
  readonly maxBodyBytes?: number
  /** How many chains read the history at once at most; default 1. */
  readonly parallel?: number
  readonly cacheMaxBytes: number
  readonly limits: readonly number[]
  /** Odd objects in what Sekoia holds at the beginning, at this part of its length. */
  readonly odd: readonly (OddObject & { readonly at: number })[]
  /** Objects with a time that lies elsewhere in the feed, in the same way. */
  readonly shifted?: readonly (ShiftedObject & { readonly at: number })[]
  /** Items that nobody can read, in the same way. */
  readonly items?: readonly { readonly item: OddItem; readonly at: number }[]
  readonly operations: readonly Operation[]
}

export const relookSeconds = 300
/** Longer than any time that can pass in a history. */
export const horizonSeconds = 86_400

/** Of gateways that read by one, two or four chains at once. */
export const parallel = fc.constantFrom(1, 2, 4)

export const faultKinds: readonly FaultKind[] = [
  'status',
  'reset',
  'truncated',
  'error-object',
  'html',
  'no-items',
  'bad-gzip',
  'loop-cursor',
  'null-cursor'
]

/** Sekoia refuses cursors that it gave. */
export const refusedCursors = { kind: 'status', status: 400, match: 'cursor=' } as const

const repeats: FaultKind[] = Array(faultKinds.length).fill('duplicate-page')

export interface Variant {
  readonly pageLimits: readonly number[]
  /** Groups of equal times, which need pages longer than a group, and the check of page ends. */
  readonly ties: boolean
  readonly switches: Record<string, fc.Arbitrary<unknown>>
  /**
   * Sekoia may give a page again in place of the next one. Only where there is one walk of the feed: a page of
   * another walk, or of a gateway before, cannot be told from the truth.
   */
  readonly repeatedPages?: boolean
  /** The feed comes newest first. */
  readonly newestFirst?: boolean
  /** Objects with odd times, at any place. */
  readonly oddTimes?: boolean
  /** Gateways on one store, which clients reach in turn (P-40); default 1. */
  readonly processes?: number
}

function operations({ ties, repeatedPages, oddTimes }: Variant): fc.Arbitrary<Operation> {
  const weighted = (
    weight: number,
    kind: string[],
    members: Record<string, fc.Arbitrary<unknown>>
  ) => ({
    weight,
    arbitrary: fc.record({ kind: fc.constantFrom(...kind), ...members })
  })
  return fc.oneof(
    weighted(10, ['step'], { client: fc.nat(5), times: fc.integer({ min: 1, max: 4 }) }),
    weighted(4, ['edit', 'edit', 'revoke', 'remove'], { which: fc.nat(1000) }),
    weighted(3, ties ? ['add', 'ties'] : ['add'], { count: fc.integer({ min: 1, max: 6 }) }),
    weighted(2, ['late'], {
      count: fc.integer({ min: 1, max: 3 }),
      hiddenForMs: fc.integer({ min: 1, max: (relookSeconds - 1) * 1000 })
    }),
    weighted(oddTimes ? 3 : 0, ['odd'], odd),
    weighted(oddTimes ? 2 : 0, ['shifted'], shifted),
    weighted(oddTimes ? 2 : 0, ['begin'], begin),
    weighted(4, ['tick'], {
      ms: fc.constantFrom(1, 999, 2000, 11_000, 60_000, 299_000, 301_000, 1_000_000)
    }),
    weighted(2, ['fault'], {
      fault: fc.oneof(
        {
          weight: 9,
          arbitrary: fc.record({
            kind: fc.constantFrom(...faultKinds, ...(repeatedPages ? repeats : [])),
            match: fc.constant('/objects')
          })
        },
        fc.constant(refusedCursors)
      ),
      times: fc.integer({ min: 1, max: 6 })
    }),
    weighted(1, ['outage'], { ms: fc.integer({ min: 1, max: 400_000 }) }),
    weighted(
      2,
      // A lost store forgets what was dated as new long after its place in the feed (docs/taxii.md, bounds).
      repeatedPages || oddTimes
        ? ['restart', 'crash', 'evict']
        : ['restart', 'crash', 'evict', 'wipe'],
      {}
    )
  ) as fc.Arbitrary<Operation>
}

export const odd = {
  time: fc.constantFrom(...oddTimes),
  byOwnTime: fc.boolean()
}

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]

/** The last but one: from the beginning of the longest feed to its end. */
const shifts = [20 * minuteMs, 6 * hourMs, 3 * dayMs, 20 * dayMs, 40 * dayMs - hourMs, 400 * dayMs]

/** A typing error, another zone, the date of something else. */
export const shifted = { byMs: fc.constantFrom(...shifts, ...shifts.map(ms => -ms)) }

/** A part of what Sekoia holds at the beginning. */
export const at = fc.nat(1000).map(part => part / 1000)

export const begin = { at, pages: fc.integer({ min: 1, max: 3 }) }

/** Random histories of one variant. */
export const historiesOf = (variant: Variant): fc.Arbitrary<History> =>
  fc.record({
    seed: fc.nat(1_000_000),
    objects: fc.integer({ min: variant.oddTimes ? 10 : 0, max: 60 }),
    historyMs: fc.constantFrom(3_600_000, 86_400_000, 40 * 86_400_000, 40 * 86_400_000),
    order: fc.constantFrom('text', 'instant'),
    switches: fc.record(variant.switches),
    newestFirst: fc.constant(variant.newestFirst ?? false),
    pageLimit: fc.constantFrom(...variant.pageLimits),
    assumeTies: fc.constant(variant.ties),
    processes: fc.constant(variant.processes ?? 1),
    epoch: fc.constant(variant.repeatedPages ? '1970' : '2000'),
    // A page of another chain, given again, cannot be told from the truth.
    parallel: variant.repeatedPages ? fc.constant(1) : parallel,
    cacheMaxBytes: fc.constantFrom(1, 20_000, 16_000_000),
    limits: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 6, maxLength: 6 }),
    odd: fc.array(fc.record({ ...odd, at }), { maxLength: variant.oddTimes ? 6 : 0 }),
    shifted: fc.array(fc.record({ ...shifted, at }), { maxLength: variant.oddTimes ? 4 : 0 }),
    operations: fc.array(operations(variant), { minLength: 5, maxLength: 40 })
  }) as fc.Arbitrary<History>
