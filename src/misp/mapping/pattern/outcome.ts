import type { MispObject, MispValue } from '../model.ts'
import { type ValueTypeName, valueTypes } from '../values/attribute-types.ts'
import type { FallbackReason } from '../values/fallbacks.ts'

/** What a part of a pattern becomes; what is missing of it has a reason. */
export interface Outcome {
  readonly attributes: readonly MispValue[]
  readonly objects: readonly MispObject[]
  readonly reason?: FallbackReason
  /** What has to hold as well, and no value says. */
  readonly unsaid?: readonly string[]
}

export const failed = (reason: FallbackReason): Outcome => ({ attributes: [], objects: [], reason })

export const withUnsaid = (outcome: Outcome, more: readonly string[]): Outcome =>
  more.length === 0 ? outcome : { ...outcome, unsaid: [...(outcome.unsaid ?? []), ...more] }

/** All of them, side by side; of several reasons the first. */
export function unite(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.length === 1) return outcomes[0]!
  const reason = outcomes.find(outcome => outcome.reason)?.reason
  const unsaid = distinct(outcomes.flatMap(outcome => outcome.unsaid ?? []))
  return {
    attributes: looked(distinct(outcomes.flatMap(({ attributes }) => attributes))),
    objects: distinct(outcomes.flatMap(({ objects }) => objects)),
    ...(unsaid.length > 0 && { unsaid }),
    ...(reason && { reason })
  }
}

/** Of the same value as context and to be looked for, the latter. */
function looked(values: readonly MispValue[]): readonly MispValue[] {
  if (values.every(({ toIds }) => toIds)) return values
  const key = ({ type, value }: MispValue) => `${type}|${value}`
  const wanted = new Set(values.filter(({ toIds }) => toIds).map(key))
  return values.filter(value => value.toIds || !wanted.has(key(value)))
}

/** A count, or a part of what has to be seen, is no value to look for. */
export const asContext = ({ attributes, objects, ...rest }: Outcome): Outcome => ({
  ...rest,
  attributes: attributes.map(value => ({ ...value, toIds: false })),
  objects: objects.map(object => ({
    ...object,
    values: object.values.map(value => ({ ...value, toIds: false }))
  }))
})

/** A value in its own category. */
export const typed = (type: ValueTypeName, value: string, toIds: boolean): MispValue => ({
  type,
  category: valueTypes[type].categories[0],
  value,
  toIds
})

/** Without repeats, which say the same in the same words. */
export const distinct = <T>(items: readonly T[]): readonly T[] =>
  items.length < 2 ? items : [...new Map(items.map(item => [JSON.stringify(item), item])).values()]

/** Those for which it is true, and the others. */
export function split<T>(items: readonly T[], is: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = []
  const no: T[] = []
  for (const item of items) (is(item) ? yes : no).push(item)
  return [yes, no]
}
