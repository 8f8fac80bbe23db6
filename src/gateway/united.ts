import { mergeSlots, type Slot } from '../history/slot.ts'
import type { LogState } from '../kernel/log-state.ts'
import type { KnownFeeds } from '../kernel/records.ts'
import type { Condition } from './condition.ts'
import type { Consumer } from './consumers.ts'

/** What several workers say, as one gateway says it. Each list holds the own answer first, and never is empty. */

type Measured = Omit<Slot, 'no'>

/** What one process knows of itself. */
export type WorkerCondition = Omit<Condition, 'recent'> & { readonly recent: Measured }

const breakers = ['closed', 'half-open', 'open']

/** Trouble of any is trouble; of instants the latest counts, of starts the first. */
export const uniteConditions = (all: readonly WorkerCondition[]): WorkerCondition =>
  all.reduce(uniteTwoConditions)

function uniteTwoConditions(one: WorkerCondition, other: WorkerCondition): WorkerCondition {
  return {
    ...one,
    startedAt: Math.min(one.startedAt, other.startedAt),
    parts: Object.fromEntries(
      Object.entries(one.parts).map(([part, trouble]) => [part, trouble ?? other.parts[part]])
    ),
    breaker: breakers[Math.max(breakers.indexOf(one.breaker), breakers.indexOf(other.breaker))]!,
    clockSkewMs: one.clockSkewMs ?? other.clockSkewMs,
    succeededAt: latest(one.succeededAt, other.succeededAt),
    lastFailureAt: latest(one.lastFailureAt, other.lastFailureAt),
    recent: mergeSlots({ no: 0, ...one.recent }, other.recent),
    residentBytes: one.residentBytes + other.residentBytes
  }
}

const latest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)

/** Of a log that several have in memory, the state of the one that has read furthest. */
export function uniteLogs(all: readonly (readonly LogState[])[]): LogState[] {
  const found = new Map<string, LogState>()
  for (const state of all.flat()) {
    const name = JSON.stringify([state.scope, state.feedId, state.types, state.all])
    const known = found.get(name)
    if (!known || isFurther(state, known)) found.set(name, state)
  }
  return [...found.values()]
}

function isFurther(state: LogState, known: LogState): boolean {
  const [at = 0, knownAt = 0] = [state.confirmedAt, known.confirmedAt]
  return at === knownAt ? readOf(state) > readOf(known) : at > knownAt
}

const readOf = ({ objects, walk }: LogState): number => Math.max(objects, walk?.objects ?? 0)

/** The listing of a key as the first that knows it has it. */
export const uniteKnown = (all: readonly (readonly KnownFeeds[])[]): KnownFeeds[] => [
  ...new Map(
    all
      .flat()
      .toReversed()
      .map(known => [known.scope, known])
  ).values()
]

/** A consumer whose connections reach several workers is one: what it got is added up, the last answer tells the rest. */
export function uniteConsumers(all: readonly (readonly Consumer[])[]): Consumer[] {
  const found = new Map<string, Consumer>()
  for (const consumer of all.flat()) {
    const { identity, scope, dialect, feedId } = consumer
    const { address, user, userAgent } = identity
    const name = JSON.stringify([scope, address, user, userAgent, dialect, feedId])
    const known = found.get(name)
    found.set(name, known ? uniteTwo(known, consumer) : consumer)
  }
  if (all.length === 1) return [...found.values()]
  return [...found.values()].toSorted((a, b) => b.lastAt - a.lastAt)
}

function uniteTwo(a: Consumer, b: Consumer): Consumer {
  const [last, other] = b.lastAt > a.lastAt ? [b, a] : [a, b]
  const isSamePlace = last.place !== '' && last.place === other.place
  return {
    ...last,
    firstAt: Math.min(a.firstAt, b.firstAt),
    reached: last.reached ?? other.reached,
    repeats: isSamePlace ? last.repeats + other.repeats + 1 : last.repeats,
    requests: a.requests + b.requests,
    items: a.items + b.items,
    bytes: a.bytes + b.bytes,
    pauses: last.pauses.length > 0 ? last.pauses : other.pauses
  }
}
