/** Which relationships touch an object: worked out for the base from its layout, read from the JSON of all others. */
import type { StixObject } from '../corpus/context.ts'
import { reachOf, sourceRef, targetRef } from '../corpus/layout.ts'
import type { Entry, Ref } from '../corpus/object-set.ts'
import { completeObject } from '../feeds/formats.ts'
import { objectById } from '../object-routes.ts'
import type { World } from '../world.ts'

export interface Link {
  readonly relationship: StixObject
  /** The object at the other end. */
  readonly related: StixObject
}

interface Ends {
  readonly source: unknown
  readonly target: unknown
}

const known = new WeakMap<Entry, Ends>()

/** The relationships of an object whose other end exists, in the order of their `modified`. */
export function linksOf(world: World, id: string): Link[] {
  const { state } = world
  const touches = ({ source, target }: Ends) => source === id || target === id
  const refs: Ref[] = state.entries.filter(
    entry => entry.facts.type === 'relationship' && touches(endsOf(entry))
  )
  for (const index of baseIndices(world, id)) {
    if (touches(baseEnds(world, index))) refs.push(index)
  }
  const links = refs.map(ref => toLink(world, id, ref)).filter(link => link !== undefined)
  return links.sort((a, b) => (modifiedOf(a) < modifiedOf(b) ? -1 : 1))
}

export const modifiedOf = ({ relationship }: Link): string => String(relationship['modified'])

function toLink(world: World, id: string, ref: Ref): Link | undefined {
  const relationship = completeObject(JSON.parse(world.state.json(ref)) as StixObject)
  const { source_ref: source, target_ref: target } = relationship
  const related = objectById(world, String(source === id ? target : source))
  return related && { relationship, related }
}

/** Untouched relationships of the base that may have the object at one end. */
function* baseIndices({ state }: World, id: string): Generator<number> {
  const { corpus } = state
  const index = corpus.find(id)
  if (index === undefined) return
  const [first, end] = reachOf(index, corpus.type(index))
  for (let at = first; at < Math.min(end, corpus.size); at++) {
    if (corpus.type(at) === 'relationship' && state.find(corpus.id(at)) === at) yield at
  }
}

const baseEnds = ({ state: { corpus } }: World, index: number): Ends => ({
  source: sourceRef(corpus.seed, index, corpus.size),
  target: targetRef(corpus.seed, index)
})

function endsOf(entry: Entry): Ends {
  const held = known.get(entry)
  if (held) return held
  const { source_ref: source, target_ref: target } = JSON.parse(entry.json) as StixObject
  known.set(entry, { source, target })
  return { source, target }
}
