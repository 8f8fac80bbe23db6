import type { KeyState } from '../../src/demo/access.ts'
import type { Fault, FaultKind } from '../../src/demo/faults.ts'
import type { Simulator } from '../../src/demo/simulator.ts'
import { defaultSwitches, type Switches } from '../../src/demo/switches.ts'

/** What to change of a simulated Sekoia; as data, so that it can also be sent to one in another process. */
export interface Turn {
  readonly fault?: Fault
  /** Of the fault for each answer, from 0 to 1. */
  readonly probability?: number
  readonly switches?: Partial<Switches>
  /** What becomes of the key. */
  readonly key?: Partial<KeyState>
  /** True: connections are refused. */
  readonly isDown?: true
}

/** Every way in which the simulated Sekoia can go wrong or be different, each to be turned on and off. */
export interface Knob extends Turn {
  readonly name: string
  /** What a client may be answered that asks for what is not held. */
  readonly failures: readonly number[]
  /** What it may be answered even for what is held: Sekoia's no to its key. */
  readonly refusals: readonly number[]
  /** True when nothing comes from Sekoia until it is mended. */
  readonly isLasting: boolean
  /** Environment of the gateway. */
  readonly env: Readonly<Record<string, string>>
}

export const goodKey: Partial<KeyState> = {
  status: 'ok',
  permissions: ['viewIntelligence', 'viewFeeds']
}

export async function turn(simulator: Simulator, knob: Turn): Promise<void> {
  const { fault, probability, switches, key, isDown } = knob
  if (fault) simulator.faults.rate(fault, probability)
  if (key) simulator.putKey(simulator.key, key)
  Object.assign(simulator.switches, switches)
  if (isDown) await simulator.refuse()
}

/** Everything as it was before any knob was turned. */
export async function mend(simulator: Simulator): Promise<void> {
  simulator.faults.clear()
  simulator.putKey(simulator.key, goodKey)
  Object.assign(simulator.switches, defaultSwitches)
  await simulator.refuse()
  await simulator.reopen()
}

const knob = (name: string, how: Turn & Partial<Knob>): Knob => ({
  ...{ name, failures: [], refusals: [], isLasting: false, env: {} },
  ...how
})

const unavailable = [503]
const badAnswer = [502]
const timeout = [504]
/** A deadline that comes soon, for answers that never come, and yet late enough for a machine that is busy. */
const impatient = { UPSTREAM_TOTAL_TIMEOUT_MS: '500' }

interface Variant extends Omit<Fault, 'kind'> {
  readonly failures?: readonly number[]
  /** Default: where there are failures. */
  readonly isLasting?: boolean
  readonly env?: Readonly<Record<string, string>>
}

const faults: Readonly<Record<FaultKind, readonly Variant[]>> = {
  status: [
    ...[500, 502, 503, 504].map(status => ({ status, failures: unavailable })),
    { status: 418, failures: badAnswer },
    ...[false, true].flatMap(retryAfterAsDate => [
      { status: 429, retryAfterAsDate, retryAfterSeconds: 120, failures: unavailable },
      // Requests that were under way for long when the lane was closed run out of time.
      {
        ...{ status: 503, retryAfterAsDate, retryAfterSeconds: 120 },
        failures: [...unavailable, ...timeout]
      }
    ]),
    { status: 429, failures: [...unavailable, ...timeout] }
  ],
  slow: [{ delayMs: 30 }, { delayMs: 600_000, failures: timeout, env: impatient }],
  stall: [{ failures: timeout, env: impatient }],
  reset: [{ failures: unavailable }, { afterBytes: 0, failures: unavailable }],
  truncated: [{ failures: badAnswer }],
  'error-object': [{ failures: badAnswer }],
  html: [{ failures: badAnswer }],
  'no-items': [{ failures: badAnswer }],
  null: [{ failures: badAnswer }],
  'bad-gzip': [{ failures: badAnswer }],
  'duplicate-page': [{ failures: badAnswer }],
  'loop-cursor': [{ failures: badAnswer, isLasting: false }],
  // An end that is told on a full page, again and again, is none.
  'null-cursor': [{ failures: badAnswer }]
}

/** Each fault in every answer about feeds, and in half of them. */
function faultKnobs([kind, variants]: [string, readonly Variant[]]): Knob[] {
  return variants.flatMap(
    ({ failures = [], env = {}, isLasting = failures.length > 0, ...how }) => {
      const fault: Fault = { kind: kind as FaultKind, match: '/collections/', ...how }
      const name = [kind, ...Object.entries(how).map(pair => pair.join(' '))].join(', ')
      return [
        knob(name, { fault, probability: 1, isLasting, failures, env }),
        knob(`${name}, in half of the answers`, { fault, probability: 0.5, failures, env })
      ]
    }
  )
}

const alternatives: { readonly [Name in keyof Switches]: readonly Switches[Name][] } = {
  largeLimit: ['refuse'],
  badLimit: ['clamp'],
  cursorMode: ['B'],
  inclusiveCursor: [true],
  badCursor: ['ignore'],
  nullAtTip: ['empty-page', 'last-page'],
  modifiedAfterWithCursor: ['refuse'],
  modifiedAfterOrder: ['text'],
  unknownType: ['refuse'],
  filterAfterSlicing: [true],
  deletedById: ['kept'],
  latest: ['ignore'],
  formatParameter: ['ignored'],
  foreignFeed: [403],
  describedOrder: ['none'],
  pageSpecVersion: [true],
  convertsNetworkTraffic: [true],
  unknownLookUpType: ['empty'],
  unknownIds: ['not-found'],
  cursorLifetimeMs: [1000],
  date: ['clock', 'none'],
  gzip: [false]
}

const switchKnobs = ([name, values]: [string, readonly unknown[]]): Knob[] =>
  values.map(value => knob(`switch ${name} at ${value}`, { switches: { [name]: value } }))

const keyKnob = (name: string, status: number, key: Partial<KeyState>): Knob =>
  knob(name, { key, failures: [status], refusals: [status], isLasting: true })

export const knobs: readonly Knob[] = [
  knob('connections refused', { isDown: true, failures: unavailable, isLasting: true }),
  ...Object.entries(faults).flatMap(faultKnobs),
  keyKnob('key revoked', 401, { status: 'revoked' }),
  keyKnob('key expired', 401, { status: 'expired' }),
  keyKnob('key without its permission', 403, { permissions: [] }),
  ...Object.entries(alternatives).flatMap(switchKnobs)
]
