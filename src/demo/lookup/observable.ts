/** Observables (STIX cyber-observable objects), made from the indicators that hold their values. */
import type { StixObject } from '../corpus/context.ts'
import type { Ref } from '../corpus/object-set.ts'
import type { World } from '../world.ts'
import { uuidFrom } from './bundle.ts'
import { linksOf } from './links.ts'

/** The observable of an indicator: its first type with all its values. */
export function observableOf({ state, values }: World, ref: Ref): StixObject {
  const { id, modified, created } = JSON.parse(state.json(ref)) as StixObject
  const type = state.facts(ref).observableTypes[0] ?? 'text'
  const found = values.valuesAt(ref)
  const content = type === 'file' ? { hashes: hashesOf(found) } : { value: found[0] ?? '' }
  const name = found.length > 0 ? found.join() : id
  return {
    type,
    id: `${type}--${uuidFrom(`${type}:${name}`)}`,
    spec_version: '2.1',
    created,
    modified,
    x_inthreat_tags: [],
    ...content
  }
}

const byLength: Readonly<Record<number, string>> = { 32: 'MD5', 40: 'SHA-1', 64: 'SHA-256' }

const hashesOf = (found: readonly string[]): Record<string, string> =>
  Object.fromEntries(found.map(value => [byLength[value.length] ?? 'name', value]))

/** The observable with the threats that its indicator indicates (`with_indicated_threats`). */
export const withThreats = (world: World, ref: Ref): StixObject => ({
  ...observableOf(world, ref),
  x_ic_indicated_threats: linksOf(world, world.state.id(ref)).map(({ related }) => related)
})
