/** Context bundles: an object, what it is related to, and what these refer to (SEKOIA-8, context bundle). */
import { createHash } from 'node:crypto'
import { type StixObject, sekoia } from '../corpus/context.ts'
import { objectById } from '../object-routes.ts'
import type { World } from '../world.ts'
import { type Link, linksOf } from './links.ts'

/** SEKOIA-9.23: no more related objects than this. */
const mostRelated = 100

/** The context of one object, in the order that Sekoia has: object, related, relationships, sources, markings. */
export function contextBundle(world: World, root: StixObject): object {
  const links = linksOf(world, root.id).slice(0, mostRelated)
  return bundleOf(world, root.id, [root], links)
}

/** A bundle has no `spec_version`, and the same id for the same question. */
export function bundleOf(
  world: World,
  name: string,
  roots: readonly StixObject[],
  links: readonly Link[]
): object {
  const parts = [
    ...roots,
    ...links.map(({ related }) => related),
    ...links.map(({ relationship }) => relationship)
  ]
  const sources = parts.flatMap(part => idsIn(part, 'x_inthreat_sources_refs'))
  const markings = parts.flatMap(part => idsIn(part, 'object_marking_refs'))
  const named = [...sources, sekoia, ...markings].map(id => objectById(world, id))
  const all = [...parts, ...named.filter(object => object !== undefined)]
  const objects = [...new Map(all.map(object => [object.id, object])).values()]
  return { type: 'bundle', id: `bundle--${uuidFrom(name)}`, objects }
}

/** A UUID made from a text. */
export function uuidFrom(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export const idsIn = (object: StixObject, member: string): string[] =>
  Array.isArray(object[member]) ? (object[member] as string[]) : []
