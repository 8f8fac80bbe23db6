import type { Identity } from '../kernel/identity.ts'
import { type Consumer, isRefusal } from './consumers.ts'

export const consumerStates = ['reading', 'at-the-tip', 'stuck', 'gone', 'refused'] as const
export type ConsumerState = (typeof consumerStates)[number]

/** So often the same place is asked for before a consumer counts as stuck: clients try again after a failure. */
const stuckAfter = 3
/** Silent for so many of its intervals, a consumer counts as gone. */
const goneAfter = 3
/** Intervals are taken to be at least this, ms; and this while none was seen. */
const minIntervalMs = 60_000
const unknownIntervalMs = 1_200_000

/** The longest of its latest pauses, ms; undefined before the first. */
export const intervalOf = ({ pauses }: Consumer): number | undefined =>
  pauses.length === 0 ? undefined : Math.max(...pauses)

/** When each who was refused before any feed was known was last refused. */
export type Refusals = ReadonlyMap<string, number>

export const refusalsIn = (consumers: readonly Consumer[]): Refusals =>
  new Map(
    consumers
      .filter(({ feedId }) => feedId === undefined)
      .map(consumer => [whoIs(consumer), consumer.lastAt])
  )

const whoIs = ({ scope, identity: { address, user, userAgent } }: Consumer): string =>
  JSON.stringify([scope, address, user, userAgent] satisfies (
    | Identity[keyof Identity]
    | undefined
  )[])

export function stateOf(consumer: Consumer, refusals: Refusals, now: number): ConsumerState {
  const { lastAt, lastStatus, repeats, more } = consumer
  const refusedAt = refusals.get(whoIs(consumer)) ?? Number.NEGATIVE_INFINITY
  if (isRefusal(lastStatus) || refusedAt > lastAt) return 'refused'
  const interval = Math.max(minIntervalMs, intervalOf(consumer) ?? unknownIntervalMs)
  if (now - lastAt > goneAfter * interval) return 'gone'
  if (repeats >= stuckAfter) return 'stuck'
  return more ? 'reading' : 'at-the-tip'
}
