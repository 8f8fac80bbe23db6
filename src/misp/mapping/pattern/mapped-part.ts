import type { MispObject, MispValue } from '../model.ts'
import { type ValueTypeName, valueTypes } from '../values/attribute-types.ts'
import type { FallbackReason } from '../values/fallbacks.ts'

/** What a part of a pattern becomes. `reason` says why something of it is missing. */
export interface MappedPart {
  readonly attributes: readonly MispValue[]
  readonly objects: readonly MispObject[]
  readonly reason?: FallbackReason
  /** Conditions of the pattern that no value expresses, in words. */
  readonly unsaid?: readonly string[]
}

export const failed = (reason: FallbackReason): MappedPart => ({
  attributes: [],
  objects: [],
  reason
})

export const withUnsaid = (outcome: MappedPart, more: readonly string[]): MappedPart =>
  more.length === 0 ? outcome : { ...outcome, unsaid: [...(outcome.unsaid ?? []), ...more] }

/** Joins parts side by side. Of several reasons the first is kept. */
export function unite(outcomes: readonly MappedPart[]): MappedPart {
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

/** Drops a value without `to_ids` when the same value is there with it. */
function looked(values: readonly MispValue[]): readonly MispValue[] {
  if (values.every(({ toIds }) => toIds)) return values
  const key = ({ type, value }: MispValue) => `${type}|${value}`
  const wanted = new Set(values.filter(({ toIds }) => toIds).map(key))
  return values.filter(value => value.toIds || !wanted.has(key(value)))
}

/** The same part without `to_ids`, for values that must not be detected by themselves. */
export const asContext = ({ attributes, objects, ...rest }: MappedPart): MappedPart => ({
  ...rest,
  attributes: attributes.map(value => ({ ...value, toIds: false })),
  objects: objects.map(object => ({
    ...object,
    values: object.values.map(value => ({ ...value, toIds: false }))
  }))
})

/** A value of this type in the first category of the type. */
export const typed = (type: ValueTypeName, value: string, toIds: boolean): MispValue => ({
  type,
  category: valueTypes[type].categories[0],
  value,
  toIds
})

/** Removes items that are equal as JSON. */
export const distinct = <T>(items: readonly T[]): readonly T[] =>
  items.length < 2 ? items : [...new Map(items.map(item => [JSON.stringify(item), item])).values()]

const none = [[], []] as const

/** Divides a list into the items for which `is` holds and the others. */
export function split<T>(
  items: readonly T[],
  is: (item: T) => boolean
): readonly [readonly T[], readonly T[]] {
  if (items.length === 0) return none
  const yes: T[] = []
  const no: T[] = []
  for (const item of items) (is(item) ? yes : no).push(item)
  return [yes, no]
}
